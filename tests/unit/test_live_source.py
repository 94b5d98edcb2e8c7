"""Reading a stack from an engine: what vanishes meanwhile, what fails, and what is asked ahead."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from netdoctor.answers import Asked, AskLogs, Logs
from netdoctor.model import Engine
from netdoctor.sources.docker_api import EngineError, NotFound
from netdoctor.sources.live import LiveSource
from netdoctor.stack import Stack
from tests.unit.test_inspected import API_ID, DOCKER_20, NETWORK_20
from tests.unit.test_inspected_engine import INFO, VERSION

VOLUME_20 = {
    "CreatedAt": "2026-11-23T22:10:00Z",
    "Driver": "local",
    "Labels": None,
    "Mountpoint": "/var/lib/docker/volumes/src-nfs/_data",
    "Name": "src-nfs",
    "Options": {"device": ":/export", "o": "addr=10.0.0.7,rw", "type": "nfs"},
    "Scope": "local",
}


class FakeAPI:
    """Just enough of an engine: the second container is removed between the list and its inspection."""

    endpoint = msgspec.defstruct("E", [("socket", str, "/x")])()

    def ping(self) -> str:
        return "1.41"

    def get(self, path: str, **query: object) -> Any:
        if path == "/containers/json":
            assert query == {"all": True}
            return [{"Id": API_ID}, {"Id": "gone"}]
        if path == "/containers/gone/json":
            raise NotFound("no such container")
        answers = {
            "/version": VERSION,
            "/info": INFO,
            "/networks": [NETWORK_20],
            "/volumes": {"Volumes": [VOLUME_20], "Warnings": None},
            f"/containers/{API_ID}/json": DOCKER_20,
        }
        return answers[path]


def test_read_leaves_out_what_has_vanished() -> None:
    stack = LiveSource(FakeAPI()).read()  # type: ignore[arg-type]
    assert [c.name for c in stack.containers] == ["src-api"]
    assert stack.networks[0].gateways == ("10.77.0.1",)
    assert [(v.name, v.created, v.options["device"]) for v in stack.volumes] == [("src-nfs", 1795471800.0, ":/export")]
    assert stack.engine.version == "28.5.2"
    assert stack.taken_at > 1.7e9


def test_read_tells_an_engine_that_fails() -> None:
    class Failing(FakeAPI):
        def get(self, path: str, **query: object) -> Any:
            if path == "/info":
                raise EngineError("the engine says: no")
            return super().get(path, **query)

    with pytest.raises(EngineError, match="says: no"):
        LiveSource(Failing()).read()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rung", "local", "user", "early"),
    [
        ("auto", True, 0, True),
        ("netns", True, 0, True),
        ("exec", True, 0, False),
        ("auto", False, 0, False),
        ("auto", True, 1000, False),
    ],
)
def test_what_is_foreseen_is_asked_once_and_answered_in_its_place(
    monkeypatch: pytest.MonkeyPatch, rung: str, local: bool, user: int, early: bool
) -> None:
    rounds: list[list[str]] = []

    def ask(stack: Stack, questions: tuple[AskLogs, ...], **_: object) -> tuple[Asked, ...]:
        rounds.append([q.container for q in questions])
        return tuple(Asked(question=q, answer=Logs(seen_by=q.container)) for q in questions)

    monkeypatch.setattr("netdoctor.probes.ask", ask)
    monkeypatch.setattr("os.geteuid", lambda: user)
    source = LiveSource(FakeAPI(), rung=rung)  # type: ignore[arg-type]
    stack = Stack(engine=Engine(local=local))
    one, two, three, four = (AskLogs(container=name) for name in ("one", "two", "three", "four"))
    source.foresee(stack, [two, four])  # the last one is not asked for after all
    answers = source.ask(stack, [one, two, three])
    assert [a.question for a in answers] == [one, two, three]
    assert [a.answer.seen_by for a in answers] == ["one", "two", "three"]
    assert sorted(rounds) == ([["one", "three"], ["two", "four"]] if early else [["one", "two", "three"]])
    assert source.ask(stack, [two])[0].question == two
    assert rounds[-1] == ["two"]  # asked anew: a stack is looked at again with --wait
