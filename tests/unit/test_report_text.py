"""The report for a terminal: golden texts, what must hold for every report, and what hostile containers must not do.

The golden texts are in tests/data/report; after a change on purpose, run this file as a module and read the difference:
`python -m tests.unit.test_report_text`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from netdoctor.answers import Attempt, Connection
from netdoctor.check import Check
from netdoctor.diagnosis import Diagnosis
from netdoctor.finding import Finding, Remedy, Verdict, fail, passed, unknown, warn
from netdoctor.model import Link, Subject
from netdoctor.report import FORMATS, Options
from tests.unit import diagnoses
from tests.unit.diagnoses import CASES

GOLDEN = Path(__file__).parents[1] / "data" / "report"
VARIANTS = {
    "80": Options(),
    "120": Options(width=120),
    "colour": Options(colour=True),
    "ascii": Options(unicode=False),
    "verbose": Options(verbose=True),
    "quiet": Options(quiet=True),
}
SGR = re.compile(r"\x1b\[[0-9;]*m")
PASTED = ("docker ", "services:", "netdoctor ")


def text(diagnosis: Diagnosis, **options: bool | int) -> str:
    return FORMATS["text"](diagnosis, Options(**options))  # type: ignore[arg-type]


def golden(case: str, variant: str) -> Path:
    return GOLDEN / f"{case}-{variant}.txt"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, variant: str) -> None:
    written = golden(case, variant).read_text(encoding="utf-8")
    assert FORMATS["text"](CASES[case](), VARIANTS[variant]) == written


# -- what holds for every report --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [*CASES, "hostile", "long_names"])
@pytest.mark.parametrize("width", [20, 50, 80, 120, 200])
def test_nothing_but_what_is_pasted_is_wider_than_the_terminal(case: str, width: int) -> None:
    given = getattr(diagnoses, case.replace("-", "_"))()
    for line in text(given, width=width).splitlines():
        pasted = line.startswith("    ") or " → " in line  # commands, and a link's own two names
        assert pasted or len(line) <= max(width, 40), line


@pytest.mark.parametrize("case", [*CASES, "hostile", "long_names"])
@pytest.mark.parametrize("verbose", [False, True])
def test_colours_add_nothing_but_colours(case: str, verbose: bool) -> None:
    given = getattr(diagnoses, case.replace("-", "_"))()
    coloured = text(given, verbose=verbose, colour=True)
    assert SGR.search(coloured)
    assert SGR.sub("", coloured) == text(given, verbose=verbose)


@pytest.mark.parametrize("case", [*CASES, "hostile", "long_names"])
def test_ascii_is_ascii_and_quiet_is_one_line(case: str) -> None:
    given = getattr(diagnoses, case.replace("-", "_"))()
    assert text(given, unicode=False, verbose=True).isascii()
    assert text(given, quiet=True).count("\n") == 1


@pytest.mark.parametrize("width", [40, 80, 120])
def test_commands_can_be_pasted_whole(width: int) -> None:
    remedy = diagnoses.LOOPBACK.remedy
    assert remedy is not None
    lines = [line.strip() for line in text(diagnoses.loopback(), width=width).splitlines()]
    for command in (*remedy.run, *remedy.verify):
        assert command in lines


def test_compose_lines_keep_their_shape_and_come_before_the_command_that_needs_them() -> None:
    written = text(diagnoses.two_causes())
    block = "    services:\n      api:\n        networks: [app-net, ops-net]\n\n    networks:\n      ops-net:\n"
    assert written.index(block) < written.index("    docker compose -p shop up -d api")


def test_a_log_to_read_comes_before_the_compose_lines() -> None:
    remedy = Remedy(says="wait", run=("docker logs postgres",), compose="services:\n  api:\n    depends_on: [postgres]")
    written = text(one(fail("nothing-listens", "nothing listens", remedy=remedy)))
    assert written.index("docker logs postgres") < written.index("`docker compose up -d`:") < written.index("services:")


# -- the verdict and the links ----------------------------------------------------------------------------------------


def one(finding: Finding, *, answer: Connection = diagnoses.REFUSED, address: str = "postgres") -> Diagnosis:
    """A single link with a single result on it."""
    asked = diagnoses.link(diagnoses.API, diagnoses.POSTGRES, 5432, address, known_from="environment DB of api")
    return diagnoses.diagnosis({asked: answer}, [(diagnoses.LISTENING, asked, finding)])


def first_line(given: Diagnosis) -> str:
    return text(given, width=200).splitlines()[0]


def test_the_verdict_comes_first() -> None:
    assert first_line(diagnoses.loopback()).startswith("✗ postgres (process `postgres`) listens on 127.0.0.1:5432 only")
    assert first_line(diagnoses.healthy()) == "✓ api reaches postgres:5432 (connected in 0.4 ms)"
    assert first_line(diagnoses.warnings()).endswith("with 2 warnings")
    assert "could not tell whether api reaches postgres:5432" in first_line(diagnoses.unclear())
    assert "run it with sudo, or give it --helper IMAGE" in text(diagnoses.unclear(), width=120).replace("\n  ", " ")


def test_a_link_that_no_check_explains_is_not_called_well() -> None:
    assert first_line(one(passed("fine"))) == "? no check failed, and yet api cannot connect to postgres:5432"


def test_a_silent_udp_service_is_not_said_to_be_reached() -> None:
    asked = Link(source=diagnoses.API.id, address="postgres", port=53, protocol="udp", target=diagnoses.POSTGRES.id)
    silent = Connection(protocol="udp", attempts=(Attempt(address="172.18.0.2", outcome="timed-out"),))
    given = diagnoses.diagnosis({asked: silent}, [(diagnoses.LISTENING, asked, passed("it listens"))])
    assert first_line(given) == "✓ nothing wrong was found between api and postgres:53/udp"


def test_containers_without_links_have_a_verdict_too() -> None:
    results = [(diagnoses.RUNNING, diagnoses.API, passed("up")), (diagnoses.RUNNING, diagnoses.REDIS, passed("up"))]
    assert first_line(diagnoses.diagnosis({}, results)) == "✓ nothing wrong was found; 2 checks passed"
    results = [(diagnoses.RUNNING, diagnoses.API, unknown("nobody could look"))]
    assert first_line(diagnoses.diagnosis({}, results)) == "? could not check that api is running: nobody could look"


def test_the_address_as_it_is_written_is_told_where_it_is_another() -> None:
    assert "api asks for localhost:5432 (environment DB of api)" in text(one(passed("x"), address="localhost"))
    assert "api asks for [::1]:5432" in text(one(passed("x"), address="::1"))
    assert "port 5432 from environment DB of api" in text(one(passed("x")))


def test_a_link_that_works_is_told_where_something_else_is_sick() -> None:
    results = [(diagnoses.RUNNING, diagnoses.POSTGRES, fail("exited", "postgres crashes in a loop"))]
    lines = text(diagnoses.diagnosis({diagnoses.LINK: diagnoses.CONNECTED}, results)).splitlines()
    assert lines[0] == "✗ postgres crashes in a loop"
    assert "  ✓ api → postgres:5432 (connected in 0.4 ms)" in lines


def test_a_cause_on_the_source_breaks_the_first_hop_that_shows_it() -> None:
    asked, hurt = diagnoses.LINK, fail("unknown-name", "no answer")
    gone = diagnoses.card("network.exists", "{name} has its network", ["gone"], "network", subject=type(diagnoses.API))
    results: list[tuple[Check, Subject, Finding]] = [
        (gone, diagnoses.API, fail("gone", "the network of api is gone")),
        (diagnoses.SHARED, asked, passed("both on app-net")),
        (replace(diagnoses.RESOLVES, after=("network.exists",)), asked, hurt),
        (replace(diagnoses.ACCEPTS, after=("network.exists",)), asked, fail("refused", "refused")),
    ]
    given = diagnoses.diagnosis({asked: diagnoses.REFUSED}, results)
    assert [c.result.code for c in given.causes] == ["network.exists/gone"]
    assert text(given).count("✗") == 5  # the headline, one on the path, and three checks


def test_what_the_user_typed_needs_no_origin() -> None:
    asked = diagnoses.link(diagnoses.API, diagnoses.POSTGRES, 5432, known_from="the command line")
    assert "command line" not in text(diagnoses.diagnosis({asked: diagnoses.CONNECTED}, []))


def test_a_capture_says_so() -> None:
    assert "from a capture of 2026-11-23 22:10 UTC" in text(diagnoses.loopback(captured=diagnoses.TAKEN))
    assert "capture" not in text(diagnoses.loopback())


def test_the_broken_hop_stands_under_its_cross() -> None:
    for options in ({}, {"unicode": False}):
        lines = text(diagnoses.loopback(), **options).splitlines()
        track = next(n for n, line in enumerate(lines) if line.startswith("  api ") and "postgres:5432" in line)
        cross = lines[track].index("✗" if not options else "X")
        start = lines[track + 1].index("interface")
        assert start <= cross < start + len("interface")


def test_a_cause_that_breaks_many_links_is_said_once() -> None:
    written = text(diagnoses.whole_stack(), width=100)
    assert written.count("it ended 4 minutes ago") == 1
    assert "3 of 4 links broken, by 1 cause" in written
    assert "breaks api, worker and scheduler → postgres:5432" in written
    assert "the same from worker and scheduler" in written


def test_hundreds_of_links_make_no_long_report() -> None:
    sources = [diagnoses.container(f"svc{n}") for n in range(40)]
    links = [diagnoses.link(source, diagnoses.POSTGRES, port) for source in sources for port in (1, 2)]
    sick = fail("refused", "postgres:2 refused the connection")
    given = diagnoses.diagnosis(
        {q: diagnoses.CONNECTED if q.port == 1 else diagnoses.REFUSED for q in links},
        [(diagnoses.ACCEPTS, q, passed("well") if q.port == 1 else sick) for q in links],
        containers=(*sources, diagnoses.POSTGRES),
    )
    assert len(given.causes) == 1
    assert len(given.shown_by(given.causes[0])) == 40
    assert text(given).count("postgres:2 refused the connection") == 1
    assert "the same from svc1, svc2, svc3, svc4, svc5 and 34 more" in text(given)
    assert "35 more working (-v lists them)" in text(given)


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_long_evidence_is_cut_and_whole_with_v() -> None:
    lines = [f"line {n} " + "x" * 100 for n in range(20)]
    given = one(fail("nothing-listens", "nothing listens", last_lines=lines, empty=[], gone=None, yes=True))
    short, whole = text(given), text(given, verbose=True)
    assert "… 14 before (-v)" in short
    assert "line 19 xxx" in short
    assert "line 13" not in short
    assert all(line in whole for line in lines)
    assert "empty: none" in whole
    assert "empty" not in short
    assert "yes: yes" in short


def test_wide_characters_are_cut_by_columns() -> None:
    given = one(fail("nothing-listens", "nothing listens", line="漢" * 60))
    cut = next(line for line in text(given).splitlines() if "漢" in line)
    assert cut == "  line: " + "漢" * 35 + " …"


# -- hostile containers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("unicode", [False, True])
def test_nothing_from_a_container_is_obeyed(verbose: bool, unicode: bool) -> None:
    written = text(diagnoses.hostile(), verbose=verbose, unicode=unicode)
    assert all(c == "\n" or c.isprintable() for c in written)
    assert "[bold]x[/bold]" in written
    assert "[31m" not in written
    assert "owned" not in written
    assert "\\u202egnp.exe" in written
    written.encode()


def test_only_our_own_colours_are_written() -> None:
    written = text(diagnoses.hostile(), verbose=True, colour=True)
    assert all(c == "\n" or c.isprintable() for c in SGR.sub("", written))
    assert {"31", "2", "1", "36", "33"} >= {n for m in SGR.findall(written) for n in m[2:-1].split(";")} - {"0", "32"}


def test_a_carriage_return_makes_no_line_of_its_own_to_paste() -> None:
    remedy = Remedy(says="mend", run=("docker exec x\rrm -rf /", "docker exec y\x0brm -rf /"))
    lines = text(one(warn("nothing-listens", "x", remedy=remedy)), verbose=True).splitlines()
    assert not [line for line in lines if line.strip().startswith("rm ")]


# -- cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("colour", "allowed"), [(False, ""), (True, "rich.style")])
def test_rich_is_imported_only_as_far_as_it_is_needed(colour: bool, allowed: str) -> None:
    program = (
        "import sys; from tests.unit.diagnoses import loopback; from netdoctor.report import FORMATS, Options\n"
        f"FORMATS['text'](loopback(), Options(colour={colour}))\n"
        "print(*[m for m in ('rich.console', 'rich.style') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == allowed


def test_every_verdict_has_a_mark() -> None:
    from netdoctor.report._page import Page

    assert len({Page(Options()).mark(v) for v in Verdict}) == len(Verdict)


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, make in CASES.items():
        for variant, chosen in VARIANTS.items():
            golden(name, variant).write_text(FORMATS["text"](make(), chosen), encoding="utf-8")
