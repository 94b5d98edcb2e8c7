"""Remedies as a user follows them: found, and pasted as they are written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Self

from netdoctor.finding import Remedy
from tests.live.asking import ask
from tests.live.lab import Lab


class Mended(Lab):
    """A stack on which remedies are run. What they make bears no label of the tests, and is called after the stack.

    They lose nothing, so volumes without a name are left, which are removed where all volumes are a test's own.
    """

    def __enter__(self) -> Self:
        super().__enter__()
        self._before = set(self._volumes())
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        left = set(self._volumes()) - self._before if "NETDOCTOR_LAB" in os.environ else ()
        if left:
            self.docker("volume", "rm", *left)

    def _volumes(self) -> list[str]:
        return self.docker("volume", "ls", "--quiet", "--filter", "dangling=true").stdout.split()

    def remove(self) -> None:
        self.let_go()
        mine = f"name=^/?{self.slug}-"
        for listing, removal in (
            (("ps", "--all", "--quiet", "--filter", mine), ("rm", "--force", "--volumes")),
            (("volume", "ls", "--quiet", "--filter", f"name={self.slug}"), ("volume", "rm", "--force")),
        ):
            found = self.docker(*listing).stdout.split()
            if found:
                self.docker(*removal, *found)
        super().remove()


def remedy_of(lab: Lab, short: str, code: str) -> Remedy:
    """The remedy of what netdoctor finds; the root cause, or a warning."""
    judged = ask(lab.healthy(lab.name(short), None), "auto").diagnosis.results
    found = [j.result.finding for j in judged if j.result.code == code]
    assert found, f"{code} was not found: {[(j.result.code, j.result.finding.says) for j in judged]}"
    assert found[0].remedy is not None
    return found[0].remedy


def paste(remedy: Remedy, folder: Path, after: Callable[[str], None] = lambda _: None) -> None:
    """Run the commands in the folder, one after the other, each as it stands.

    `after` does what the remedy's sentence leaves to people, once it is called with the command that was run.
    """
    for command in remedy.run:
        argv = ["bash", "-c", f"set -o pipefail; {command}"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        after(command)
