"""A mention: an address as a configuration writes it, and what it is for."""

from __future__ import annotations

from typing import Literal

import msgspec

Purpose = Literal["client", "browser", "proxy", "advertised", "own"]
"""client: the process connects there. browser: a front end's code does, on the user's machine. proxy: HTTP_PROXY and
its like. advertised: what a server tells its clients. own: where the process itself listens, or what others may call it
(BIND, PUBLIC_URL)."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A host, and a port (0: none was given), as written in `where` ("environment DATABASE_URL").

    `scheme` is what stands before ://, for what is advertised the name of the listener. `variable` is the variable or
    the option that holds it. `hint` is the kind of service meant: `postgres` for POSTGRES_HOST, "" for nobody knows.
    `sure`: it can be nothing but an address; `redis:7` can be. `spare`: for tests or another place, by its name.
    `doubtful`: by its name it may as well be what others call the process (PUBLIC_URL, FRONTEND_URL).
    """

    host: str
    port: int = 0
    scheme: str = ""
    protocol: Literal["tcp", "udp"] = "tcp"
    purpose: Purpose = "client"
    where: str = ""
    variable: str = ""
    hint: str = ""
    sure: bool = False
    spare: bool = False
    doubtful: bool = False
