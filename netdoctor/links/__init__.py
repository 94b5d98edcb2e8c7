"""The links of a request: who means to reach which address, from what was typed and from what can be known without.

Pure: it reads a stack and proposes. One file for each place that tells of a link: configuration, logs, connections,
dependencies; clue.py makes one link of what several places tell. Those of the host itself are host.py's. Which
container an address means is told by meant.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.links.clue import merged
from netdoctor.links.configuration import CONNECTS, told
from netdoctor.links.connections import connected
from netdoctor.links.dependencies import depended_on, linked
from netdoctor.links.host import from_host, to_published
from netdoctor.links.logs import complained
from netdoctor.links.shared import Shared
from netdoctor.links.typed import asked_for
from netdoctor.model import Container, Link
from netdoctor.stack import Stack

__all__ = ["CONNECTS", "asked_for", "from_host", "inferred", "to_published"]


def inferred(stack: Stack, sources: Iterable[Container], unknown_names: bool = False) -> Iterator[Link]:
    """All links of these containers. `unknown_names`: those too whose name nobody bears and no log complains of."""
    shared = Shared(stack)
    for source in sources:
        clues = (
            *told(stack, source, shared, unknown_names),
            *complained(stack, source),
            *connected(stack, source),
        )
        yield from merged(stack, clues, (*linked(stack, source), *depended_on(stack, source, shared)))
