"""Does a proxy stand between the source and the target?

What is asked
    Whether the source's environment tells HTTP clients to go through a proxy (HTTP_PROXY and its like; Docker itself
    puts them into every container when `~/.docker/config.json` has `proxies`), and whether NO_PROXY excepts the target.
    It matters for HTTP alone: database drivers do not know these variables.

Healthy
    No proxy is set, NO_PROXY covers the address (by name, by suffix, or `*`), or the link is not HTTP.

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

import ipaddress
from collections.abc import Iterator

from netdoctor.api import (
    Container,
    Finding,
    Link,
    Mention,
    Reason,
    Stack,
    check,
    is_address,
    is_loopback,
    mentions,
    passed,
    skip,
    warn,
)

from .._rewriting import apply

_HTTP = ("http", "ws", "elasticsearch", "opensearch", "couchdb", "influxdb", "clickhouse", "consul", "vault", "s3")
_HTTPS = ("https", "wss", "grpc")
_HTTP_PORTS = (80, 443, 3000, 4000, 5000, 8000, 8001, 8008, 8080, 8081, 8088, 8443, 8888, 9000, 9200)
"""Ports on which HTTP is likely where no scheme is told."""


@check(
    id="address.proxy",
    title="no proxy stands between {source} and {target}",
    reasons=(Reason("not-excluded", "HTTP requests for the target go to a proxy"),),
    after=("address.host",),
    hop="accepts",
)
def proxy(stack: Stack, link: Link) -> Iterator[Finding]:
    source, me = stack.source(link), stack.title(stack.source(link))
    found = _proxies(source, link)
    if not (_kinds(link) or (link.scheme == "" and link.port in _HTTP_PORTS)):
        yield skip("proxies are for HTTP, and this link is not")
    elif not found:
        yield passed(f"no proxy is set for {me}")
    elif is_loopback(link.address):
        yield passed(f"{link.address} is {me} itself, which clients ask without a proxy")
    else:
        yield _judged(stack, link, source, found)


def _kinds(link: Link) -> tuple[str, ...]:
    """The proxy variables that count for the link."""
    if link.scheme in _HTTP:
        return ("http_proxy", "all_proxy")
    return ("https_proxy", "all_proxy") if link.scheme in _HTTPS else ()


def _proxies(source: Container, link: Link) -> list[Mention]:
    kinds = _kinds(link) or ("http_proxy", "https_proxy", "all_proxy")
    proxies = [m for m in mentions(source) if m.purpose == "proxy" and m.variable.lower() in kinds]
    # The proxy itself is asked directly.
    return [] if any((m.host, m.port) == (link.address, link.port) for m in proxies) else proxies


def _judged(stack: Stack, link: Link, source: Container, proxies: list[Mention]) -> Finding:
    me, address = stack.title(source), link.address.strip("[]")
    except_for = [e.strip() for name in ("no_proxy", "NO_PROXY") for e in (source.variable(name) or "").split(",")]
    entries = [e for e in dict.fromkeys(except_for) if e]
    covering = [e for e in entries if _covers(e, address, link.port)]
    if any(_everybody_knows(e) for e in covering):
        return passed(f"NO_PROXY of {me} covers {address}: {covering[0]}")
    first = proxies[0]
    says = f"{first.variable} sends HTTP requests of {me} for {address} to {first.host}:{first.port}; NO_PROXY does not"
    says += f" name it, only {covering[0]}, which many clients ignore" if covering else " cover it"
    if is_loopback(first.host):
        says += f"; and {first.host} is {me} itself"
    listed = ",".join(dict.fromkeys((*entries, "localhost", "127.0.0.1", address)))
    extra = {"NO_PROXY": listed, "no_proxy": listed}
    remedy = apply(stack, link, f"Name {address} in NO_PROXY", extra=extra)
    variables = [m.variable for m in proxies]
    return warn("not-excluded", says, remedy=remedy, proxies=variables, no_proxy=entries, address=address)


def _covers(entry: str, address: str, port: int) -> bool:
    bare = entry.lower()
    if bare.endswith(f":{port}"):
        bare = bare.removesuffix(f":{port}")
    if bare == "*" or bare.strip("[]") == address.lower():
        return True
    if "/" in bare:
        try:
            return is_address(address) and ipaddress.ip_address(address) in ipaddress.ip_network(bare, strict=False)
        except ValueError:
            return False
    suffix = bare.lstrip("*").lstrip(".")
    return bool(suffix) and not is_address(address) and f".{address.lower()}".endswith(f".{suffix}")


def _everybody_knows(entry: str) -> bool:
    """`*` alone, names and suffixes are understood everywhere; networks and `*.name` are not."""
    return entry == "*" or not ("/" in entry or "*" in entry)
