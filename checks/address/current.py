"""Does the source talk to the target as it is today?

What is asked
    Where the source's open connections and its latest complaints go: to the target's address, or to one that it had
    before it was made anew? And where the target itself sends its clients: can the source go there?

Healthy
    All that the source has open leads to addresses that somebody has. Of the addresses that a server advertises, the
    one for this network works; a second one for clients on the host (localhost:9092) is none of the source's business.

Sick
    cached: the target was started after the source, which still connects to the old address: nginx looks up upstreams
    once, JVMs and pools keep what they found. A fail while it is seen, or was written to the log within 5 minutes
    and never worked again; older lines are a warning.
    advertised: after the first answer a client of Kafka, a Redis cluster or Elasticsearch goes where the server tells
    it to, and that does not work from here. A warning where clients do so only when they are asked to.

Remedy
    Restart the source, and let it look the name up again by itself (nginx: `resolver 127.0.0.11 valid=10s;` and a
    variable in proxy_pass). Advertise a name that the clients of this network can use, on a listener of their own.

By hand
    docker inspect -f '{{.State.StartedAt}}' api postgres
    docker exec api ss -tn                          # peers; compare with the next line
    docker exec api getent hosts postgres
    docker logs --since 5m nginx
    docker exec kafka env | grep ADVERTISED

See also
    address.host, dns.answer, port.accepts
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import AskConnection, AskLogs, AskSockets, Finding, Link, Reason, Stack, check, passed, skip

from ._advertising import judge_advertised
from ._stale import judge_stale


@check(
    id="address.current",
    title="{source} talks to today's {target}",
    reasons=(
        Reason("cached", "the source connects to an address that the target had before"),
        Reason("advertised", "the target sends its clients to an address that they cannot use"),
    ),
    needs=(AskConnection, AskLogs, AskSockets),
    after=("address.host", "address.port", "container.running"),
    hop="accepts",
)
def current(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    if target is None or not target.state.running or not source.state.running:
        yield skip("both have to be running for this")
        return
    found = [*judge_stale(stack, link, source, target), *judge_advertised(stack, link, source, target)]
    yield from found or [
        passed(f"nothing leads {stack.title(source)} to an address that {stack.title(target)} has not")
    ]
