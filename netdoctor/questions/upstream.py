"""What is asked about names outside: the servers behind the container's resolver, and that resolver itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netdoctor.answers import AnyQuestion, AskLookup, AskUpstream, Question
from netdoctor.mentions import is_address
from netdoctor.model import Link, Subject
from netdoctor.places import leads_outside
from netdoctor.stack import Stack


def _upstream(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if not isinstance(subject, Link) or is_address(subject.address):
        return
    source = stack.source(subject)
    if not source.state.running or not leads_outside(stack, source, subject.address):
        return
    yield AskUpstream(container=source.id, name=subject.address)
    # Its own name the engine's resolver knows by itself: so it tells a dead resolver from a dead server behind it.
    yield AskLookup(container=source.id, name=stack.namespace_owner(source).name)


ABOUT: Mapping[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {AskUpstream: _upstream}
