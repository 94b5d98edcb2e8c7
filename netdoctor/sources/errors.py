"""Why an engine cannot be asked: one sentence for the user, with what to do about it."""

from __future__ import annotations

import socket
from pathlib import Path

from netdoctor.sources.endpoint import EndpointAddress
from netdoctor.sources.http1 import BadReply


class EngineError(Exception):
    """The engine cannot be asked, or refuses."""


class Unreachable(EngineError):
    """Nothing answers at the endpoint, or not in time."""


class Forbidden(EngineError):
    """The user may not talk to the engine, or not about this."""


class NotFound(EngineError):
    """The engine knows no such object (404)."""


class Conflict(EngineError):
    """The object's state does not allow it (409): a command in a container that is not running."""


class TimedOut(EngineError):
    """A command in a container had not ended when its time was up. It may be running still: the API cannot end it."""


def in_words(error: OSError | BadReply, endpoint: EndpointAddress, timeout: float) -> EngineError:
    """The sentence for what the transport ran into; `timeout` in seconds."""
    at = endpoint.shown
    if isinstance(error, PermissionError) and endpoint.socket:
        return Forbidden(f"you may not use {at}: {_how_to_be_let_in(endpoint.socket)}")
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"the engine at {at} did not answer within {timeout:g} s: see whether it hangs, or try again"
        )
    if isinstance(error, FileNotFoundError) and endpoint.scheme == "ssh":
        return Unreachable(f"{at} needs the program ssh, which is not installed here")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        return Unreachable(
            f"no Docker engine answers at {at}: {_how_to_start(endpoint)}, or name another with -H or -c"
        )
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"the host name in {at} is not known: check its spelling, or name another engine with -H or -c"
        )
    if isinstance(error, BadReply):
        return Unreachable(f"what answers at {at} is not a Docker engine: it does not speak HTTP")
    if type(error).__name__.startswith("SSL"):  # the module ssl is not worth its import here
        why = getattr(error, "verify_message", None) or error
        return Unreachable(f"{at} and netdoctor do not trust each other ({why}): check DOCKER_CERT_PATH or the context")
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Unreachable(
        f"the engine at {at} cannot be reached ({why}): see whether it runs, or name another with -H or -c"
    )


def _how_to_start(endpoint: EndpointAddress) -> str:
    path = endpoint.socket
    mine = "--user " if path.startswith("/run/user/") else ""
    if path.endswith("/podman.sock"):
        return f"start it (systemctl {mine}start podman.socket)"
    if "/.docker/" in path:
        return "start Docker Desktop"
    if "/.colima/" in path:
        return "start it (colima start)"
    return f"start it (systemctl {mine}start docker)" if path else "start it there"


def _how_to_be_let_in(path: str) -> str:
    try:
        import getpass
        import grp

        group = grp.getgrgid(Path(path).stat().st_gid).gr_name
        user = getpass.getuser()
    except (ImportError, OSError, KeyError):
        return "use sudo"
    if group == "root":
        return "use sudo"
    return f"add yourself to the group {group} (usermod -aG {group} {user}, then log in again) or use sudo"
