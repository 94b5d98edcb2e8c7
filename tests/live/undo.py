"""What a scenario changed on its Docker host, so that it is taken back, also after a killed run.

Each change is noted before it is made: one line of JSON with the command that takes it back, in the engine's folder.
The file is locked while its scenario runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO


def engine_folder() -> Path:
    """The folder of the lab's engine that this process is on; `tests/lab/engine NAME run` names it."""
    folder = os.environ.get("NETDOCTOR_LAB")
    if not folder:
        raise RuntimeError("only on an engine of the lab: tests/lab/engine a up && tests/lab/engine a run COMMAND")
    return Path(folder)


class Undo:
    """The notes of one scenario."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self._open: TextIO | None = None

    @property
    def _file(self) -> Path:
        return engine_folder() / "undo" / self.slug

    def note(self, *argv: str, early: bool = False) -> None:
        """`argv` takes back what is about to be done; `early` before the containers are removed, else after."""
        if self._open is None:
            self._file.parent.mkdir(exist_ok=True)
            self._open = self._file.open("a", encoding="utf-8")
            fcntl.flock(self._open, fcntl.LOCK_EX)
        self._open.write(json.dumps({"argv": argv, "early": early}) + "\n")
        self._open.flush()

    def early(self) -> None:
        """Take back what would keep the containers from being removed."""
        for note in self._notes():
            if note["early"]:
                _run(note["argv"])

    def rest(self) -> bool:
        """Take back the rest, the last change first; false if there was nothing."""
        notes = self._notes()
        for note in reversed(notes):
            if not note["early"]:
                _run(note["argv"])
        if notes:
            self._file.unlink()
        if self._open:
            self._open.close()
            self._open = None
        return bool(notes)

    def _notes(self) -> list[dict[str, list[str]]]:
        if "NETDOCTOR_LAB" not in os.environ or not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]


def left_behind() -> list[str]:
    """The scenarios whose changes nobody will take back, since their test process was killed."""
    found = []
    for file in sorted((engine_folder() / "undo").glob("*")):
        with file.open() as notes:
            try:
                fcntl.flock(notes, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        found.append(file.name)
    return found


def _run(argv: Sequence[str]) -> None:
    """It may have been taken back already, or never been done, so a failure says nothing."""
    subprocess.run(argv, capture_output=True, timeout=20, check=False)


def difference() -> str:
    """How the Docker host differs from what it was when the engine was started; "" where it does not.

    What the engine's own objects leave for ever does not count: empty chains and tables, link-local routes.
    """
    folder = engine_folder() / "pristine"
    found = []
    for name, argv in (
        ("rules.v4", ["iptables-save"]),
        ("rules.v6", ["ip6tables-save"]),
        ("rules.legacy", ["iptables-legacy-save"]),
        ("tables", ["nft", "list", "tables"]),
        ("routes", ["ip", "route"]),
        ("routing", ["ip", "rule"]),
        ("links", ["ip", "-o", "link"]),
    ):
        now = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout
        old, new = (_plain(name, text) for text in ((folder / name).read_text(encoding="utf-8"), now))
        found += [f"- {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]
    return "\n".join(found)


def _plain(name: str, text: str) -> list[str]:
    lines = text.splitlines()
    if name.startswith("rules"):
        return [line.split(" [")[0] for line in lines if line.startswith("-A") or " DROP [" in line]
    if name == "tables":
        return [line for line in lines if not re.fullmatch(r"table ip6? (filter|nat|mangle|raw|security)", line)]
    if name == "links":
        return [line.split(":")[1].partition("@")[0] for line in lines]
    return [line.replace(" linkdown", "").rstrip() for line in lines]
