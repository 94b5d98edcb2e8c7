"""How well links are inferred: precision and recall over the facts of public Compose files."""

from __future__ import annotations

from typing import NamedTuple

from netdoctor.plan import plan
from netdoctor.request import Request
from tests.inference.facts import Project, projects, stack, truth

Place = tuple[str, str, int]


class Score(NamedTuple):
    """`wrong` were inferred and are none, `missed` are and were not inferred: each with its project, and its origin."""

    right: int = 0
    certain: int = 0
    """Of the right ones those that would be a `fail` if they did not work."""
    wrong: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    alarming: tuple[str, ...] = ()
    """Of the wrong ones likewise."""

    @property
    def precision(self) -> float:
        return self.right / max(self.right + len(self.wrong), 1)

    @property
    def precision_of_certain(self) -> float:
        """Of those links that would be a `fail` if they did not work."""
        return self.certain / max(self.certain + len(self.alarming), 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + len(self.missed), 1)

    def plus(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.certain + other.certain,
            self.wrong + other.wrong,
            self.missed + other.missed,
            self.alarming + other.alarming,
        )


def score(name: str, project: Project) -> Score:
    """One project, as `netdoctor` with nothing typed would see it in that project's folder."""
    given = stack(name, project)
    services = {c.id: c.service for c in given.containers}
    counted = dict(truth(project))
    found: dict[Place, tuple[str, bool]] = {}
    for link in plan(Request(project=name), given).links:
        place = (services[link.source], services.get(link.target, link.address), link.port)
        found.setdefault(place, (f"{link.address}, known from {link.known_from}", link.certain))
    wanted = {place for place, counts in counted.items() if counts}
    wrong = {place: origin for place, origin in found.items() if place not in counted}
    return Score(
        right=len(wanted & found.keys()),
        certain=sum(certain for place, (_, certain) in found.items() if place in wanted),
        wrong=tuple(f"{name}: {_shown(p)} ({origin})" for p, (origin, _) in wrong.items()),
        missed=tuple(f"{name}: {_shown(p)}" for p in sorted(wanted - found.keys())),
        alarming=tuple(f"{name}: {_shown(p)} ({origin})" for p, (origin, certain) in wrong.items() if certain),
    )


def total(folder: str) -> Score:
    """All projects of `tuned` or `fresh`."""
    summed = Score()
    for name, project in projects(folder).items():
        summed = summed.plus(score(name, project))
    return summed


def _shown(place: Place) -> str:
    source, target, port = place
    return f"{source} -> {target}:{port}"


def table() -> str:
    """Precision and recall, for people."""
    lines = ["links inferred                    files  right  wrong  missed  precision  (certain ones)  recall"]
    for folder, says in (("tuned", "files it was tuned on"), ("fresh", "files it was not tuned on")):
        got, files = total(folder), len(projects(folder))
        counts = f"{files:5} {got.right:6} {len(got.wrong):6} {len(got.missed):7}"
        lines.append(f"{says:33} {counts}  {got.precision:9.3f}  {got.precision_of_certain:14.3f} {got.recall:7.3f}")
    return "\n".join(lines)


def main() -> None:
    print(table())
    for folder in ("tuned", "fresh"):
        got = total(folder)
        for what, links in (("wrong", got.wrong), ("wrong and certain", got.alarming), ("missed", got.missed)):
            for link in links:
                print(f"  {folder}, {what}: {link}")


if __name__ == "__main__":
    main()
