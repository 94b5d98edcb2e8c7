"""The JSON report, `netdoctor/report/1`.

Its keys and their order are a contract: docs/design.md, and the schema in docs/report-1.schema.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from netdoctor import __version__
from netdoctor.diagnosis import Diagnosis, Judged, LinkState
from netdoctor.finding import Remedy
from netdoctor.report import Options
from netdoctor.request import Request, read_target

SCHEMA = "netdoctor/report/1"

# json.dumps leaves these as they are, and a terminal obeys them: DEL, C1 controls, line separators, bidi.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def render(diagnosis: Diagnosis, options: Options) -> str:
    """The whole diagnosis, whatever the options say: a script must not depend on how much a person wants to read."""
    text = json.dumps(_report(diagnosis), indent=2, ensure_ascii=not options.unicode)
    text = _OBEYED.sub(lambda m: f"\\u{ord(m[0]):04x}", text)
    # A lone surrogate (a byte of a file name or a log that is no UTF-8) becomes the escape that JSON has for it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _report(diagnosis: Diagnosis) -> dict[str, Any]:
    engine = diagnosis.engine
    return {
        "schema": SCHEMA,
        "netdoctor": __version__,
        "asked": _asked(diagnosis.asked),
        "engine": {"name": engine.name, "version": engine.version, "api": engine.api, "rootless": engine.rootless},
        "captured": None if diagnosis.captured is None else _time(diagnosis.captured),
        "verdict": diagnosis.verdict,
        "diagnosis": [_cause(j) for j in diagnosis.causes],
        "links": [_link(s) for s in diagnosis.links],
        "results": [_result(j) for j in diagnosis.results],
        "ignored": len(diagnosis.ignored),
        "elapsed_ms": round(diagnosis.elapsed_ms),
    }


def _asked(request: Request) -> dict[str, Any]:
    # A target can be a URL with a password, of which host and port are all that was asked for.
    given = read_target(request.target)[0] if request.target is not None else None
    return {
        "source": request.source,
        "target": given.host if given else None,
        "port": (given.port or None) if given else None,
        "project": request.project,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _cause(judged: Judged) -> dict[str, Any]:
    return {
        "check": judged.result.check.id,
        "reason": judged.result.finding.reason,
        "subject": judged.name,
        "says": judged.result.finding.says,
    }


def _link(state: LinkState) -> dict[str, Any]:
    return {
        "name": state.name,
        "source": state.source,
        "target": state.target,
        "address": state.link.address,
        "port": state.link.port,
        "protocol": state.link.protocol,
        "known_from": state.link.known_from,
        "works": state.works,
        "path": [{"hop": h.hop, "verdict": h.verdict, "says": h.says} for h in state.path],
    }


def _result(judged: Judged) -> dict[str, Any]:
    finding = judged.result.finding
    told: dict[str, Any] = {
        "check": judged.result.check.id,
        "title": judged.title,
        "subject": {
            "kind": type(judged.result.subject).__name__.lower(),
            "name": judged.name,
        },
        "verdict": finding.verdict,
        "reason": finding.reason,
        "says": finding.says,
        "evidence": _values(finding.evidence),
        "seen_by": finding.seen_by,
        "root_cause": judged.root_cause,
        "because_of": list(judged.because_of),
        "ms": round(judged.result.ms, 3),
        "remedy": _remedy(finding.remedy),
    }
    if (entry := judged.ignored) is not None:
        until = entry.until.isoformat() if entry.until else None
        told["ignored"] = {"reason": entry.reason, "until": until, "where": entry.where}
    return told


def _remedy(remedy: Remedy | None) -> dict[str, Any] | None:
    if remedy is None:
        return None
    return {"says": remedy.says, "run": list(remedy.run), "compose": remedy.compose, "verify": list(remedy.verify)}


def _values(value: object) -> Any:
    """Evidence as JSON has it. A third party's check may give anything, and must not end the run."""
    if isinstance(value, Mapping):
        return {str(k): _values(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_values(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return [_values(v) for v in sorted(value, key=str)]
    if value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)
