"""What was asked for, as a value; and how a target is read the way the user writes it."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from netdoctor.compose import Here
from netdoctor.mentions import Mention, is_address, parse
from netdoctor.patterns import lazily


class BadRequest(ValueError):
    """What was typed cannot be understood: one sentence that says what to type instead."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A typed TARGET. `verbatim`: the very string of a configuration (a URL, an IP address), not a container's name."""

    host: str
    port: int = 0
    protocol: Literal["tcp", "udp"] = "tcp"
    scheme: str = ""
    verbatim: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for. `source` may hold several names with commas between.

    `here` is the Compose project of the folder in which it was typed: what is meant where no project is named, if the
    engine has it.
    """

    source: str | None = None
    target: str | None = None
    project: str | None = None
    here: Here | None = None


_TARGET = lazily(r"^(?P<host>\[[^\]]*\]|.*?)(?::(?P<port>[^:/\]]*))?(?:/(?P<protocol>tcp|udp))?$")


def read_target(text: str) -> tuple[Given, ...]:
    """Read `postgres`, `postgres:5432`, `dns:53/udp`, `10.0.0.7:5432`, `[::1]:80`, `shop/db`, or a URL with a password.

    A configuration's string may name several: `kafka1:9092,kafka2:9092`, `host=db port=5432`, `Server=db,1433;...`.
    Raises BadRequest for a port that is none, and for a text without a host.
    """
    text = text.strip()
    if "://" in text or "@" in text:
        return _read_url(text)
    if "=" in text and (found := parse(text)):
        return tuple(_given(m) for m in found)
    if "," in text:
        return tuple(_read_name(part.strip()) for part in text.split(","))
    return (_read_name(text),)


def _read_name(text: str) -> Given:
    if is_address(text):
        return Given(host=text.strip("[]"), verbatim=True)
    match = _TARGET.match(text)
    host = match["host"].strip("[]") if match else ""
    if match is None or not host or host.startswith("/"):
        raise BadRequest(
            f"the target {text!r} names no host: write it like postgres, postgres:5432 or redis://cache:6379/0"
        )
    if re.search(r"\s", host):
        raise BadRequest(f"the target {text!r} has a space in it: write one container, address or URL")
    return Given(
        host=host,
        port=0 if match["port"] is None else read_port(match["port"]),
        protocol="udp" if match["protocol"] == "udp" else "tcp",
        verbatim=is_address(host),
    )


def read_port(text: str) -> int:
    """A port from 1 to 65535. Raises BadRequest for anything else."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise BadRequest(f"{text!r} is not a port: write a number from 1 to 65535, like postgres:5432")
    return int(text)


def _read_url(text: str) -> tuple[Given, ...]:
    port = re.search(r"://(?:[^/?#]*@)?+(?:\[[^\]]*\]|[^:/?#,]*):(?P<port>[^/?#,;\"'\]]*)", text)
    if port and port["port"]:
        read_port(port["port"])
    found: tuple[Mention, ...] = parse(text)
    if not found:
        raise BadRequest(
            "the target looks like a URL and names no host: write it like postgresql://user@postgres:5432/app"
        )
    return tuple(_given(m) for m in found)


def _given(mention: Mention) -> Given:
    return Given(host=mention.host, port=mention.port, protocol=mention.protocol, scheme=mention.scheme, verbatim=True)
