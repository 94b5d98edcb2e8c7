"""`make fixtures`: record every scenario's cases from live stacks, as captures with their expected reports.

Only what belongs to the scenario is kept, so that other containers of the machine do not get into the repository. The
expected report is written from the same run; a wrong diagnosis is never recorded.

All is recorded on engines of the generation REFERENCE. On another, `SLUG-N.on-28.5.json` are recorded beside, of the
scenarios in which engines differ.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import msgspec

from netdoctor import __version__
from netdoctor.answers import Asked, AskSockets, Sockets
from netdoctor.examine import examine
from netdoctor.report import FORMATS, Options
from netdoctor.sources.capture import save
from netdoctor.sources.replay import CaptureSource
from netdoctor.stack import Stack
from tests.live import api
from tests.live.asking import CHECKS, ask, wrong
from tests.live.lab import Case, Lab
from tests.live.table import SCENARIOS
from tests.live.turns import turn

REFERENCE = "20.10"
FIXTURES = Path(__file__).parents[2] / "fixtures"
DEMO = FIXTURES.parent / "netdoctor" / "demo.json"
USUAL_FOLDER = "/var/lib/docker"
PLAIN = Options(verbose=True, quiet=False, width=80, colour=False, unicode=True)


def own(stack: Stack, slug: str) -> Stack:
    """The stack without the containers, networks and volumes of anybody else."""
    containers = tuple(c for c in stack.containers if c.labels.get("netdoctor.scenario") == slug)
    used = {e.network_id for c in containers for e in c.endpoints}
    builtin = ("bridge", "host", "none")
    networks = tuple(
        n for n in stack.networks if n.id in used or n.name in builtin or n.labels.get("netdoctor.scenario") == slug
    )
    mounted = {m.name for c in containers for m in c.mounts}
    volumes = tuple(v for v in stack.volumes if v.name in mounted or v.labels.get("netdoctor.scenario") == slug)
    shared = {AskSockets(container=c.id) for c in containers if c.on_host_network}
    asked = tuple(_without_paths(a) if a.question in shared else a for a in stack.asked)
    kept = msgspec.structs.replace(stack, containers=containers, networks=networks, volumes=volumes, asked=asked)
    return kept.bare()


def _without_paths(asked: Asked) -> Asked:
    """On the host's network all Unix sockets of the host are listed: those of this machine concern nobody."""
    answer = msgspec.structs.replace(asked.answer, unix=()) if isinstance(asked.answer, Sockets) else asked.answer
    return msgspec.structs.replace(asked, answer=answer)


def expected(path: Path) -> dict[str, object]:
    """The JSON report of a capture, without what changes from run to run."""
    source = CaptureSource(path)
    examined = examine(source.request, source, CHECKS)
    report: dict[str, object] = json.loads(FORMATS["json"](examined.diagnosis, PLAIN))
    return timeless(report)


def timeless(report: dict[str, object]) -> dict[str, object]:
    """A JSON report without durations and netdoctor's version."""
    report = {**report, "elapsed_ms": 0, "netdoctor": ""}
    results = report["results"]
    assert isinstance(results, list)
    for result in results:
        result["ms"] = 0
    return report


def record(case: Case, slug: str, path: Path) -> str:
    """Write a case's capture and expected report; returns what is wrong with its diagnosis, "" once it is recorded."""
    examined = ask(case, "auto")
    if complaint := wrong(case, "netns", examined.diagnosis):
        return complaint
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, own(examined.stack, slug), msgspec.structs.asdict(examined.diagnosis.asked), __version__, examined.cut)
    # Where the lab keeps its engines and its files is this machine's business.
    text = path.read_text(encoding="utf-8").replace(str(Lab(slug).folder()), f"/srv/{slug}")
    if folder := examined.stack.engine.folder:
        text = text.replace(folder, USUAL_FOLDER)
    path.write_text(text, encoding="utf-8")
    report = json.dumps(expected(path), indent=1, ensure_ascii=False, sort_keys=False)
    path.with_suffix(".report.json").write_text(report + "\n", encoding="utf-8")
    return ""


def generation() -> str:
    """The engine's, as in 28.5."""
    return ".".join(str(api.ask("GET", "version")["Version"]).split(".")[:2])


def made_on(path: Path) -> tuple[str, str]:
    """The scenario and the engine's generation, out of the name of a capture or a report."""
    name = path.name.removesuffix(".json").removesuffix(".report")
    numbered, _, engine = name.partition(".on-")
    return numbered.rpartition("-")[0], engine or REFERENCE


def main() -> None:
    """Record all scenarios; with slugs as arguments, only those."""
    engine = generation()
    known = [slug for slug, scenario in SCENARIOS.items() if engine == REFERENCE or scenario.engines_differ]
    suffix = "" if engine == REFERENCE else f".on-{engine}"
    complaints: list[str] = []
    for slug in sorted(sys.argv[1:] or known, key=lambda slug: (SCENARIOS[slug].family, slug)):
        family = SCENARIOS[slug].family
        for old in list(FIXTURES.glob(f"{family}/{slug}-[0-9]*.json")):
            if made_on(old) == (slug, engine):
                old.unlink()
        with turn(alone=SCENARIOS[slug].alone), Lab(slug) as lab:
            for number, case in enumerate(SCENARIOS[slug].build(lab), start=1):
                name = f"{family}/{slug}-{number}{suffix}.json"
                if complaint := record(case, slug, FIXTURES / name):
                    complaints.append(complaint)
                    continue
                if name == "shop/shop-1.json":
                    shutil.copy(FIXTURES / name, DEMO)
                print(name, *case.finds or ("healthy",))
    (FIXTURES / "README.md").write_text(page(), encoding="utf-8")
    if complaints:
        sys.exit("not recorded:\n" + "\n".join(complaints))


def page() -> str:
    """fixtures/README.md, from what lies there."""
    rows = []
    for path in sorted(FIXTURES.glob("*/*.report.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        slug, _ = made_on(path)
        asked = " ".join(
            w.removeprefix(f"{slug}-") for w in (report["asked"]["source"], report["asked"]["target"]) if w
        )
        finds = ", ".join(f"{d['check']}/{d['reason']}" for d in report["diagnosis"]) or report["verdict"]
        rows.append(
            f"| `{path.parent.name}/{path.name}` | {asked} | {finds} | {' '.join(SCENARIOS[slug].says.split())} |"
        )
    return (
        "# Recorded stacks\n\n"
        "Captures of live stacks, sick and healthy, each with its expected report (`.report.json`). Made by\n"
        "`make fixtures` from the scenarios in `tests/live/scenarios`, never by hand; the function with the file's\n"
        f"name builds the stack. Those with an engine's version in the name were made on that engine, the others on\n"
        f"{REFERENCE}.\n\n"
        "| expected report | asked | finds | the stack |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    main()
