"""The links of the terminal report: broken ones drawn, so that one sees the broken hop before reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdoctor.diagnosis import Diagnosis, Hop, LinkState
from netdoctor.finding import Verdict
from netdoctor.report._page import BOLD, DIM, GREEN, RED, YELLOW, Page, Piece
from netdoctor.report._sentences import LISTED, named, place, took

DRAWN = 4
"""So many different paths are drawn; what they have in common is clear by then."""


def draw_links(page: Page, diagnosis: Diagnosis) -> None:
    """The broken ones drawn, then those that nobody could try, then those that work."""
    groups = list(_alike(diagnosis.broken))
    drawn = groups if page.options.verbose else groups[:DRAWN]
    for group in drawn:
        page.gap()
        _path(page, group[0])
        if len(group) > 1 and not page.options.verbose:
            page.prose(f"the same from {named([s.source for s in group[1:]])}", indent=2)
        for state in group[1:] if page.options.verbose else ():
            page.gap()
            _path(page, state)
    page.gap()
    _listed(page, Verdict.FAIL, [s for group in groups[len(drawn) :] for s in group], "broken")
    rest = [s for s in diagnosis.links if not s.sick]
    _listed(page, Verdict.SKIP, [s for s in rest if s.ignored], "broken, and ignored")
    rest = [s for s in rest if not s.ignored]
    if page.options.verbose:
        for state in rest:
            page.gap()
            _path(page, state)
        return
    if len(diagnosis.links) == 1 and diagnosis.verdict != "sick":
        return  # the first line said it
    _listed(page, Verdict.WARN, [s for s in rest if s.works is False], "not working")
    _listed(page, Verdict.UNKNOWN, [s for s in rest if s.works is None], "not tried, or silent")
    _listed(page, Verdict.PASS, [s for s in rest if s.works], "working")


def _alike(states: Iterable[LinkState]) -> Iterator[list[LinkState]]:
    """Links to the same port that break at the same place, together."""
    groups: dict[tuple[object, ...], list[LinkState]] = {}
    for state in states:
        pattern = tuple((h.hop, h.verdict, h.broken_here) for h in state.path)
        groups.setdefault((place(state), state.link.address, *pattern), []).append(state)
    yield from groups.values()


def _listed(page: Page, verdict: Verdict, states: Sequence[LinkState], kind: str) -> None:
    shown = states if len(states) <= LISTED else states[: LISTED - 1]
    for state in shown:
        says = f"{state.source} {page.signs.arrow} {place(state)}{took(state)}"
        where = [h.hop for h in state.path if h.broken_here]
        page.marked(verdict, says + (f", broken at {where[0]}" if verdict is Verdict.FAIL and where else ""), indent=2)
    if len(states) > len(shown):
        page.marked(verdict, f"{len(states) - len(shown)} more {kind} (-v lists them)", indent=2)


def _path(page: Page, state: LinkState) -> None:
    """Drawn in one line if it fits, without the ends if they are too long, else from top to bottom."""
    hops = [h for h in state.path if h.verdict is not Verdict.SKIP]
    target = place(state)
    names = page.cells(state.source) + page.cells(target) + 2
    track = sum(len(h.hop) + 2 for h in hops) + 2
    if page.options.verbose or track + 2 > page.room:
        page.put((f"  {state.source} {page.signs.arrow} {target}", BOLD))
        _downwards(page, hops)
    elif names + track + 2 > page.room:
        page.put((f"  {state.source} {page.signs.arrow} {target}", BOLD))
        _across(page, hops, "", "")
    else:
        _across(page, hops, state.source, target)
    tell_origin(page, state)


def _stations(hops: Sequence[Hop]) -> Iterator[tuple[Hop, bool, bool]]:
    """Each hop, whether it is broken, and whether it lies beyond the first that is."""
    # Where the cause sits elsewhere (on the source itself), the first hop that shows it.
    broken = {h.hop for h in hops if h.broken_here} or set([h.hop for h in hops if h.verdict is Verdict.FAIL][:1])
    beyond = False
    for hop in hops:
        is_broken = hop.hop in broken
        yield hop, is_broken, beyond
        beyond = beyond or is_broken or hop.verdict is Verdict.FAIL


def _sign(page: Page, hop: Hop, broken: bool, beyond: bool) -> Piece:
    signs = page.signs
    if broken:
        return signs.broken, RED
    if hop.verdict is Verdict.FAIL:
        return signs.beyond, DIM
    if hop.verdict is Verdict.UNKNOWN:
        return "?", DIM if beyond else YELLOW
    if hop.verdict is Verdict.WARN:
        return "!", YELLOW
    return signs.reached, DIM if beyond else GREEN


def _across(page: Page, hops: Sequence[Hop], source: str, target: str) -> None:
    signs = page.signs
    track: list[Piece] = [("  " + (source + " " if source else ""), BOLD)]
    labels: list[Piece] = [(" " * (page.cells(source) + 3 if source else 2), "")]
    style, line = GREEN, signs.line
    lead = 1
    for hop, broken, beyond in _stations(hops):
        if beyond:
            style, line = DIM, signs.dots
        before = (len(hop.hop) - 1) // 2
        track += [(line * (lead + before), style), _sign(page, hop, broken, beyond)]
        labels += [(" " * lead, ""), (hop.hop, RED if broken else DIM if beyond else "")]
        if broken or hop.verdict is Verdict.FAIL:
            style, line = DIM, signs.dots
        track.append((line * (len(hop.hop) - before - 1), style))
        lead = 2
    track.append((line, style))
    if target:
        track.append((" " + target, BOLD))
    page.put(*track)
    page.put(*labels)


def _downwards(page: Page, hops: Sequence[Hop]) -> None:
    for hop, broken, beyond in _stations(hops):
        sign, style = _sign(page, hop, broken, beyond)
        says = hop.says if page.options.verbose else ""
        first, *rest = page.wrapped(says, page.width - 17)
        name = hop.hop.ljust(11)
        words = DIM if beyond and not broken else ""
        page.put((f"    {sign} ", style), (name, RED if broken else words), (first, words))
        for text in rest:
            page.put((" " * 17 + text, words))


def tell_origin(page: Page, state: LinkState, indent: int = 2) -> None:
    """Where the address and the port were found, unless the user typed them."""
    link = state.link
    if link.address != state.target:
        where = f" ({link.known_from})" if link.known_from else ""
        address = f"[{link.address}]" if ":" in link.address else link.address
        page.prose(f"{state.source} asks for {address}:{link.port}{where}", DIM, indent=indent)
    elif link.known_from and link.known_from != "the command line":
        page.prose(f"port {link.port} from {link.known_from}", DIM, indent=indent)
