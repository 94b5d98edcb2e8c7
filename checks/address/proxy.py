"""Does a proxy stand between the source and the target?

What is asked
    Whether the source's environment tells HTTP clients to go through a proxy (HTTP_PROXY and its like; Docker itself
    puts them into every container when `~/.docker/config.json` has `proxies`), and whether NO_PROXY excepts the target.
    It matters for HTTP alone: database drivers do not know these variables.

Healthy
    No proxy is set, NO_PROXY covers the address (by name, by suffix, or `*`), or the link is not HTTP. For a target
    outside the stack the proxy is the way.

Sick
    not-excluded: the source's HTTP requests for the target go to the proxy, which does not know containers: 403, 502,
    503 or 504 from a page of the proxy, while a plain connection works. A warning, since clients differ: curl ignores
    HTTP_PROXY in capitals for http://, and many clients ignore networks (10.0.0.0/8) and `*.name` in NO_PROXY.

Remedy
    Name the target in NO_PROXY, in capitals and in lower case: clients read one or the other.

By hand
    docker exec api env | grep -i proxy
    docker exec api curl -v http://web:8080/        # "Connected to proxy.corp" gives it away
    docker exec api curl -v --noproxy '*' http://web:8080/

See also
    address.host, port.accepts
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskLookup,
    Finding,
    Link,
    Mention,
    Reason,
    Stack,
    check,
    everybody_knows,
    excepting,
    is_loopback,
    no_proxy,
    outside,
    passed,
    proxies,
    proxy_variables,
    skip,
    warn,
)

from .._rewriting import apply

_HTTP_PORTS = (80, 443, 3000, 4000, 5000, 8000, 8001, 8008, 8080, 8081, 8088, 8443, 8888, 9000, 9200)
"""Ports on which HTTP is likely where no scheme is told."""


@check(
    id="address.proxy",
    title="no proxy stands between {source} and {target}",
    reasons=(Reason("not-excluded", "HTTP requests for the target go to a proxy"),),
    needs=(AskLookup,),
    after=("address.host",),
    hop="accepts",
)
def proxy(stack: Stack, link: Link) -> Iterator[Finding]:
    source, me = stack.source(link), stack.title(stack.source(link))
    found = proxies(source, link.scheme, link.address, link.port)
    if not (proxy_variables(link.scheme) or (link.scheme == "" and link.port in _HTTP_PORTS)):
        yield skip("proxies are for HTTP, and this link is not")
    elif not found:
        yield passed(f"no proxy is set for {me}")
    elif is_loopback(link.address):
        yield passed(f"{link.address} is {me} itself, which clients ask without a proxy")
    else:
        yield _judged(stack, link, found)


def _judged(stack: Stack, link: Link, found: tuple[Mention, ...]) -> Finding:
    source, address, first = stack.source(link), link.address.strip("[]"), found[0]
    me, entries = stack.title(source), no_proxy(source)
    covering = excepting(source, address, link.port)
    if any(everybody_knows(e) for e in covering):
        return passed(f"NO_PROXY of {me} covers {address}: {covering[0]}")
    if not covering and outside(stack, link):
        return passed(f"{address} is outside, and HTTP requests of {me} go there through {first.host}:{first.port}")
    says = f"{first.variable} sends HTTP requests of {me} for {address} to {first.host}:{first.port}; NO_PROXY does not"
    says += f" name it, only {covering[0]}, which many clients ignore" if covering else " cover it"
    if is_loopback(first.host):
        says += f"; and {first.host} is {me} itself"
    listed = ",".join(dict.fromkeys((*entries, "localhost", "127.0.0.1", address)))
    extra = {"NO_PROXY": listed, "no_proxy": listed}
    remedy = apply(stack, link, f"Name {address} in NO_PROXY", extra=extra)
    variables = [m.variable for m in found]
    return warn("not-excluded", says, remedy=remedy, proxies=variables, no_proxy=list(entries), address=address)
