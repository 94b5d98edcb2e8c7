"""A check: one judgement, with the card that says what it asks, what it waits for and how it fails."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from netdoctor.answers import Question
from netdoctor.finding import Finding
from netdoctor.model import SUBJECTS, Subject
from netdoctor.stack import Stack

HOPS = ("name", "route", "network", "firewall", "interface", "listener", "accepts")
"""The stations of a link, in order. A check names the one that it judges."""

_SLUG = re.compile(r"[a-z][a-z0-9-]*")


class BadCheck(ValueError):
    """A check that cannot be used: the sentence names the check, and says what was expected."""


class Reason(msgspec.Struct, frozen=True):
    """One way in which a check fails.

    `time_heals`: waiting can make it go away, so `--wait` goes on. `follows_links`: on a container whose own link is
    broken, this is what comes of it (an application that gives up without its database), not a cause of its own.
    `follows_services`: this is what comes of the containers that Compose waits for before it starts this one.
    `after`: as on the card, for this reason alone.
    """

    slug: str
    says: str
    time_heals: bool = False
    follows_links: bool = False
    follows_services: bool = False
    after: tuple[str, ...] = ()


class Check(msgspec.Struct, frozen=True):
    """The card of a check. `judge` is called with the stack and one subject, and yields findings."""

    id: str
    title: str
    """True when all is well. Filled in: `{name}`, of a link `{source}`, `{target}`, `{address}` and `{port}`, of what
    belongs to a container `{container}`, of a publication `{port}`, of a mount `{path}`."""
    subject: type[Subject]
    judge: Callable[[Stack, Any], Iterator[Finding]]
    reasons: tuple[Reason, ...]
    needs: tuple[type[Question], ...] = ()
    """The kinds of question whose answers it reads; asked of the subject before any check runs."""
    after: tuple[str, ...] = ()
    """What makes a failure here a symptom, if it failed on the same link or on its containers: IDs, families, or
    `ID/reason` where only one reason does."""
    hop: str = ""
    """The station of a link that it judges, "" for none."""
    decisive: bool = True
    """Whether an `unknown` leaves it open if the subject is well: the verdict of the run is unclear then."""

    @property
    def asks(self) -> str:
        """The title of any subject: SOURCE for `{source}`."""
        return re.sub(r"\{(\w+)\}", lambda word: word[1].upper(), self.title)

    @property
    def manual(self) -> str:
        """The docstring of the check's module: what `netdoctor explain` prints."""
        return inspect.cleandoc(sys.modules[self.judge.__module__].__doc__ or "")

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]

    def reason(self, slug: str | None) -> Reason | None:
        return next((r for r in self.reasons if r.slug == slug), None)


def check(
    *,
    id: str,
    title: str,
    reasons: tuple[Reason, ...],
    needs: tuple[type[Question], ...] = (),
    after: tuple[str, ...] = (),
    hop: str = "",
    decisive: bool = True,
) -> Callable[[Callable[[Stack, Any], Iterator[Finding]]], Check]:
    """Make a `Check` of a generator function `(stack, subject)`; the annotation of the second says what it judges.

    Raises BadCheck, at import, when the card is not what this file describes.
    """

    def make(judge: Callable[[Stack, Any], Iterator[Finding]]) -> Check:
        family, _, name = id.partition(".")
        if not (_SLUG.fullmatch(family) and _SLUG.fullmatch(name)):
            raise BadCheck(f"the check ID {id!r} should be family.name in lower case, like port.interface")
        if not reasons:
            raise BadCheck(f"{id} documents no reason, so it could never fail")
        for reason in reasons:
            if not _SLUG.fullmatch(reason.slug):
                raise BadCheck(f"{id}: the reason {reason.slug!r} should be lower case words joined by hyphens")
        if hop and hop not in HOPS:
            raise BadCheck(f"{id}: the hop {hop!r} should be one of {', '.join(HOPS)}")
        return Check(
            id=id,
            title=title,
            subject=_subject(id, judge),
            judge=judge,
            reasons=reasons,
            needs=needs,
            after=after,
            hop=hop,
            decisive=decisive,
        )

    return make


def _subject(check_id: str, judge: Callable[..., object]) -> type[Subject]:
    # Read the names, not the types: a check's module may import them for the type checker alone.
    annotations = [str(a) for name, a in judge.__annotations__.items() if name != "return"]
    last = annotations[-1].rpartition(".")[2].strip("'>\"") if annotations else ""
    kinds = {kind.__name__: kind for kind in SUBJECTS}
    if len(annotations) != 2 or last not in kinds:
        raise BadCheck(f"{check_id} should judge (stack: Stack, subject: Link), or one of {', '.join(kinds)}")
    return kinds[last]
