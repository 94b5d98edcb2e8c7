"""Which questions a subject puts: from the kinds that a check needs to the very questions that a probe is asked.

Both halves of a dependent question are asked up front: the connection by the name as the source writes it, and by the
target's inspected addresses. The pair tells a fault of names from a fault of the network.
"""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.answers import AnyQuestion, AskConnection
from netdoctor.check import Check
from netdoctor.model import Link, Subject
from netdoctor.questions import data, host, network, storage, upstream
from netdoctor.stack import Stack

_ABOUT = {**network.ABOUT, **host.ABOUT, **storage.ABOUT, **data.ABOUT, **upstream.ABOUT}


def questions(stack: Stack, subjects: Iterable[Subject], checks: Iterable[Check]) -> tuple[AnyQuestion, ...]:
    """All that the checks want to know of the subjects, each question once."""
    subjects = tuple(subjects)
    found: dict[AnyQuestion, None] = {}
    for check in checks:
        for subject in subjects:
            if isinstance(subject, check.subject):
                for kind in check.needs:
                    found.update(dict.fromkeys(_ABOUT[kind](stack, subject)))
    return tuple(found)


def connections(stack: Stack, links: Iterable[Link]) -> tuple[AnyQuestion, ...]:
    """What is asked whatever the checks are, as long as none is left out: do the links work?"""
    return tuple(dict.fromkeys(question for link in links for question in _ABOUT[AskConnection](stack, link)))
