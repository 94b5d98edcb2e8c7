"""Is something private open to the world?

What is asked
    What each running container publishes, and on which addresses of the host. Judged by the port inside, which is known
    for databases, caches, brokers and their consoles, or by the name of the image. Nobody is asked whether a password
    is wanted, and no firewall outside of the host is known.

Healthy
    Published on 127.0.0.1 (or another address of the host on purpose), or not at all: containers on one network need no
    publication. A web server on all addresses is what -p is for.

Sick
    open: a database, cache, broker or administration port is bound to all addresses of the host (a warning: on a laptop
    behind a router it may be meant). Rules of ufw and firewalld for the host's own ports do not hold for published
    ones: these are forwarded, and never come to INPUT.

Remedy
    One line: `127.0.0.1:5432:5432` instead of `5432:5432`. For everything that an engine publishes, `"ip": "127.0.0.1"`
    in its daemon.json.

By hand
    docker ps --format 'table {{.Names}}\\t{{.Ports}}'         # 0.0.0.0: and [::]: are everybody
    ss -ltn

See also
    publish.bound, publish.listener
    https://docs.docker.com/engine/network/packet-filtering-firewalls/
    https://docs.docker.com/engine/network/port-publishing/#setting-the-default-bind-address-for-containers
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from msgspec.structs import replace

from netdoctor.api import HOST, AskHost, Finding, Publication, Reason, Stack, check, passed, skip, warn

from ._behind import everywhere, in_words, links_through
from ._private import what_it_is
from ._remedies import change


@check(
    id="publish.exposure",
    title="nothing private is open to the world at {port}",
    reasons=(Reason("open", "a database, cache, broker or administration port is bound to all addresses"),),
    needs=(AskHost,),
    decisive=False,
)
def exposure(stack: Stack, publication: Publication) -> Iterator[Finding]:
    owner, done = stack.owner(publication), stack.done(publication)
    title, port = stack.title(owner), in_words(publication)
    if not stack.whole(owner) and all(link.source != HOST for link in links_through(stack, publication)):
        yield skip(f"who else reaches {port} of {title} was not asked")
        return
    if not done:
        yield skip(f"the engine has bound nothing for {port} of {title}")
        return
    if not everywhere(done):
        where = " and ".join(dict.fromkeys(p.host_address for p in done))
        yield passed(f"{title} is published on {where} alone", seen_by="engine")
        return
    what = what_it_is(owner, publication)
    if not what:
        yield passed(
            f"{title} is published on all addresses, and nothing private is known on its port", seen_by="engine"
        )
        return
    public = _public(stack)
    says = f"{title} is {what}, and published on all addresses of the host"
    says += f", {public[0]} among them" if public else ""
    says += ": whoever reaches the host reaches it, past ufw and firewalld"
    new = replace(publication, host_address="127.0.0.1", host_port=publication.host_port or done[0].host_port)
    remedy = change(stack, publication, new, "Publish it for the host alone, unless others are meant to reach it")
    yield warn("open", says, remedy=remedy, seen_by="engine", bound=[p.host_address for p in done], public=public)


def _public(stack: Stack) -> list[str]:
    """The host's addresses that the whole Internet can route to."""
    return sorted(a for a in stack.host_addresses if ipaddress.ip_address(a).is_global)
