"""Texts as addresses, each read once: a stack of hundreds of containers compares them thousands of times."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(8192)
def address_of(text: str) -> Address | None:
    """The address that the text is, with or without brackets; None for none."""
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
