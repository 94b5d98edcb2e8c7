"""The proxies through which a container's HTTP clients go: HTTP_PROXY and its like, and what NO_PROXY excepts.

Pure. The variables are a custom without a standard; where clients differ, what most of them do counts.
https://everything.curl.dev/usingcurl/proxies/env.html
"""

from __future__ import annotations

import ipaddress

from netdoctor.mentions import Mention, is_address, mentions
from netdoctor.model import Container

_HTTP = ("http", "ws", "elasticsearch", "opensearch", "couchdb", "influxdb", "clickhouse", "consul", "vault", "s3")
_HTTPS = ("https", "wss", "grpc")
_SCHEMES = {80: "http", 443: "https"}
"""What an address outside without a scheme is on these ports."""


def variables(scheme: str) -> tuple[str, ...]:
    """The variables, in lower case, that count for a scheme; () for one that knows no proxies."""
    if scheme in _HTTP:
        return ("http_proxy", "all_proxy")
    return ("https_proxy", "all_proxy") if scheme in _HTTPS else ()


def proxies(source: Container, scheme: str, address: str, port: int) -> tuple[Mention, ...]:
    """The proxies that are set for requests of this scheme ("": any), the first to count first.

    None for a request to the proxy itself.
    """
    wanted = variables(scheme) or ("http_proxy", "https_proxy", "all_proxy")
    found = [m for m in mentions(source) if m.purpose == "proxy" and m.variable.lower() in wanted]
    if any((m.host, m.port) == (address, port) for m in found):
        return ()
    return tuple(sorted(found, key=lambda m: wanted.index(m.variable.lower())))


def on_the_way_out(source: Container, scheme: str, address: str, port: int) -> Mention | None:
    """The proxy through which a request to an address outside goes, None for a request that goes by itself."""
    scheme = scheme or _SCHEMES.get(port, "")
    if not variables(scheme) or excepting(source, address, port):
        return None
    return next((m for m in proxies(source, scheme, address, port) if m.port), None)


def no_proxy(source: Container) -> tuple[str, ...]:
    """The entries of NO_PROXY, in capitals and in lower case."""
    given = [e.strip() for name in ("no_proxy", "NO_PROXY") for e in (source.variable(name) or "").split(",")]
    return tuple(e for e in dict.fromkeys(given) if e)


def excepting(source: Container, address: str, port: int) -> tuple[str, ...]:
    """The entries of NO_PROXY that mean the address: by name, by suffix, by network, or `*`."""
    return tuple(e for e in no_proxy(source) if _means(e, address, port))


def everybody_knows(entry: str) -> bool:
    """Whether all clients understand an entry: `*` alone, names and suffixes. Networks and `*.name` many do not."""
    return entry == "*" or not ("/" in entry or "*" in entry)


def _means(entry: str, address: str, port: int) -> bool:
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
