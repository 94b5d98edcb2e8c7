"""Questions that the engines' APIs answer on every rung: log lines, endpoints, and who else has such a container."""

from __future__ import annotations

import re
import time
from datetime import datetime
from threading import Thread
from typing import Any

from netdoctor.answers import AskAttached, AskLogs, AskOtherEngines, Attached, LogLine, Logs, OtherEngines
from netdoctor.patterns import lazily
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.engine_api import EngineAPI, Engines, what_failed
from netdoctor.stack import Stack

TAIL = 50
WIDTH = 500
"""Lines asked for, and characters kept of each."""

ONE_ENGINE = 1.0
"""Seconds for another engine to answer."""

# ECMA-48 escape sequences (CSI, OSC up to BEL or ST, two-character ones), then whatever control characters are left.
_ESCAPES = lazily(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROLS = lazily(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def logs(stack: Stack, api: EngineAPI, question: AskLogs) -> Logs:
    """Raises CannotAsk: a log driver may keep the lines to itself."""
    container = stack.container(question.container)
    name = container.name if container else question.container[:12]
    try:
        return Logs(lines=tuple(_line(raw) for raw in api.logs(question.container, TAIL)), seen_by="engine")
    except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
        if what_failed(error) == "NotFound":
            raise Vanished(f"{name} has been removed since the stack was read") from None
        raise CannotAsk(f"the engine does not hand out the log of {name}: {error}") from None


def _line(raw: bytes) -> LogLine:
    stamp, _, text = raw.decode(errors="replace").partition(" ")
    at = _seconds(stamp)
    if at is None:
        at, text = 0.0, raw.decode(errors="replace")
    if not text.isprintable():
        text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    return LogLine(at=at, text=text[:WIDTH].rstrip())


def _seconds(stamp: str) -> float | None:
    """RFC 3339 with nanoseconds, `2024-05-01T10:00:00.123456789Z`, as seconds since the epoch."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", stamp)
    if match is None:
        return None
    whole = datetime.fromisoformat(match[1] + ("+00:00" if match[3] == "Z" else match[3]))
    return whole.timestamp() + float(match[2] or 0)


def attached(api: EngineAPI, question: AskAttached) -> Attached:
    """Raises CannotAsk."""
    try:
        found = api.get(f"/networks/{question.network}").get("Containers") or {}
    except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
        if what_failed(error) == "NotFound":
            raise Vanished("the network has been removed since the stack was read") from None
        raise CannotAsk(f"the engine does not tell who is on the network: {error}") from None
    # The keys are IDs of containers, or words: `ep-ID` for an endpoint whose container is gone, `lb-NAME` of swarm.
    pairs = {key: (str(e.get("Name", "")), str(e.get("IPv4Address", "")).partition("/")[0]) for key, e in found.items()}
    lost = tuple(name for key, (name, _) in pairs.items() if key.startswith("ep-"))
    return Attached(found=tuple(pairs.values()), lost=lost, seen_by="engine")


def other_engines(others: Engines, question: AskOtherEngines) -> OtherEngines:
    """Look on every other engine of this user, side by side; one that does not answer was not looked at."""
    found: dict[str, tuple[str, ...]] = {}
    wanted = question.name.lower().rstrip(".")

    def look(engine: str, api: EngineAPI) -> None:
        try:
            listed = api.get("/containers/json", all=True)
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            what_failed(error)
            return
        found[engine] = tuple(_name(c) for c in listed if wanted in _names(c))

    engines = tuple(others())
    threads = [Thread(target=look, args=engine, daemon=True) for engine in engines]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + ONE_ENGINE
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    seen = dict(found)  # one that is late may still add itself
    looked = tuple(engine for engine, _ in engines if engine in seen)
    return OtherEngines(found=tuple((e, name) for e in looked for name in seen[e]), looked=looked, seen_by="engine")


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or [container["Id"][:12]])[0]).removeprefix("/")


def _names(container: dict[str, Any]) -> set[str]:
    """What the container is called, in lower case: its name, its Compose service, its aliases."""
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    aliases = [a for n in networks.values() for a in (n or {}).get("Aliases") or ()]
    names = [n.removeprefix("/") for n in container.get("Names") or ()]
    service = (container.get("Labels") or {}).get("com.docker.compose.service", "")
    return {n.lower() for n in (*names, *aliases, service) if n}
