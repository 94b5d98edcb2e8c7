"""What an address can be: a literal one, the namespace itself, a name; and which names look alike."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(8192)
def is_address(text: str) -> bool:
    """Whether the text is a literal IPv4 or IPv6 address, with or without brackets."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


@lru_cache(8192)
def is_loopback(text: str) -> bool:
    """Whether the text means "this very namespace": localhost, *.localhost (RFC 6761), 127.0.0.0/8 or ::1."""
    bare = text.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    return is_address(bare) and ipaddress.ip_address(bare).is_loopback


@lru_cache(8192)
def is_any_address(text: str) -> bool:
    """Whether the text is 0.0.0.0 or ::, which are for listening and not for connecting."""
    return is_address(text) and ipaddress.ip_address(text.strip("[]")).is_unspecified


def is_bare_name(host: str) -> bool:
    """Whether it is a name without a dot, such as containers have: one with a dot may be anywhere in the world."""
    return "." not in host and not is_address(host) and not is_loopback(host)


def nearest(name: str, candidates: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The candidates that look most like the name, best first: a typo, another separator, a longer or shorter form."""
    from difflib import get_close_matches

    pool = {c.lower(): c for c in candidates if c}
    wanted = name.lower()
    same = [pool[c] for c in pool if _letters(c) == _letters(wanted)]
    close = [pool[c] for c in get_close_matches(wanted, pool, n=most, cutoff=0.6)]
    parts = [pool[c] for c in pool if len(wanted) > 2 and (wanted in _parts(c) or c in _parts(wanted))]
    return tuple(dict.fromkeys((*same, *close, *parts)))[:most]


def _parts(name: str) -> list[str]:
    return re.split(r"[-_.]", name)


def _letters(text: str) -> str:
    return re.sub(r"[-_.]", "", text)
