"""Which engine is meant: found as the docker command finds it.

The order of https://docs.docker.com/engine/manage-resources/contexts/ and of `resolveContextName` in docker/cli's
cli/command/cli.go: -H, -c, DOCKER_HOST, DOCKER_CONTEXT, the current context of config.json, the default socket. The
context called "default" is whatever DOCKER_HOST says, else the default socket.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

DEFAULT_URL = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else "unix:///var/run/docker.sock"

_SCHEMES = ("unix", "tcp", "http", "https", "ssh", "npipe")


class BadEndpoint(Exception):
    """No engine can be told from the options, the environment and the docker configuration; one sentence says why."""


class TLS(msgspec.Struct, frozen=True):
    """Paths of PEM files, "" for none. `verify`: whether the server's certificate is checked against `ca`."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


class EndpointAddress(msgspec.Struct, frozen=True):
    """Where an engine answers. `name` is its context, "" for the default one and for a URL given outright."""

    url: str
    tls: TLS | None = None
    name: str = ""

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def socket(self) -> str:
        """The path of the Unix socket, "" for another kind of endpoint."""
        return self.url.removeprefix("unix://") if self.scheme == "unix" else ""

    @property
    def shown(self) -> str:
        """The URL for messages: never with a password."""
        host = urlsplit(self.url).netloc
        user, at, rest = host.rpartition("@")
        return self.url.replace(host, user.partition(":")[0] + at + rest, 1) if ":" in user else self.url


class _ContextEndpoint(msgspec.Struct, rename="pascal"):
    host: str = ""
    skip_tls_verify: bool = msgspec.field(default=False, name="SkipTLSVerify")


class _ContextMeta(msgspec.Struct, rename="pascal"):
    """contexts/meta/<digest of the name>/meta.json, as `docker context create` writes it."""

    name: str
    endpoints: dict[str, _ContextEndpoint] = {}


class _Config(msgspec.Struct):
    current_context: str = msgspec.field(default="", name="currentContext")


def find_endpoint(host: str = "", context: str = "", environ: Mapping[str, str] = os.environ) -> EndpointAddress:
    """The engine that -H `host` or -c `context` names, else the one that the docker command would talk to.

    Raises BadEndpoint for both at once, a URL that names no engine, an unknown context, or an unreadable configuration.
    """
    if host and context:
        raise BadEndpoint("say either --host or --context, not both: each of them names an engine")
    if host:
        return _outright(host, "--host", environ)
    name = context
    if not name and not environ.get("DOCKER_HOST"):
        name = environ.get("DOCKER_CONTEXT", "") or _current_context(environ)
    if name and name != "default":
        return _of_context(name, environ)
    return _outright(environ.get("DOCKER_HOST", ""), "DOCKER_HOST", environ)


def other_endpoints(current: EndpointAddress, environ: Mapping[str, str] = os.environ) -> tuple[tuple[str, str], ...]:
    """Engines of this user that a container may have been started on instead: pairs of name and URL.

    The name is the context's, else the URL itself. Only Unix sockets that exist, each file once, the current not.
    """
    seen = {os.path.realpath(current.socket)} if current.socket else set()
    found = []
    for name, path in (*_context_sockets(environ), *(("", p) for p in _well_known_sockets(environ))):
        real = os.path.realpath(path)
        if real not in seen and _is_socket(real):
            seen.add(real)
            found.append((name or f"unix://{path}", f"unix://{path}"))
    return tuple(found)


# -- a URL ----------------------------------------------------------------------------------------------------------


def _outright(given: str, where: str, environ: Mapping[str, str]) -> EndpointAddress:
    # DOCKER_TLS takes TLS without checking who answers: docker/cli's cli/flags/options.go.
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    wants_tls = verify or bool(environ.get("DOCKER_TLS"))
    url = _normal(given.strip(), where, 2376 if wants_tls else 2375)
    if url.startswith("https://"):
        wants_tls = True
    if not wants_tls or not url.startswith(("tcp:", "http")):
        return EndpointAddress(url)
    folder = Path(environ.get("DOCKER_CERT_PATH") or _config_folder(environ))
    return EndpointAddress(url, tls=_material(folder, verify))


def _normal(given: str, where: str, port: int) -> str:
    """The URL with its scheme, host and port written out: opts.ParseHost of docker/cli."""
    if not given:
        return DEFAULT_URL
    if given.startswith("/"):
        raise BadEndpoint(f"{where} says {given}, which is a path: write unix://{given}")
    scheme, separator, rest = given.partition("://")
    if not separator:
        scheme, rest = "tcp", given
    if scheme not in _SCHEMES:
        raise BadEndpoint(f"{where} says {given}, which is no engine's URL: write unix://, tcp:// or ssh:// in front")
    if scheme == "unix":
        return f"unix://{rest}" if rest else DEFAULT_URL
    if scheme in ("npipe", "ssh"):
        return given
    try:
        parts = urlsplit(f"//{rest}")
        name, number = parts.hostname or "localhost", parts.port or port
    except ValueError:
        raise BadEndpoint(
            f"{where} says {given}, whose host and port cannot be told apart: write tcp://HOST:PORT"
        ) from None
    user, at, _ = parts.netloc.rpartition("@")
    bracketed = f"[{name}]" if ":" in name else name
    return f"{scheme}://{user}{at}{bracketed}:{number}{parts.path.rstrip('/')}"


def _material(folder: Path, verify: bool) -> TLS:
    # Like the docker command: the three names are fixed, and a file that is not there is not used.
    ca, cert, key = (str(p) if (p := folder / f"{n}.pem").is_file() else "" for n in ("ca", "cert", "key"))
    return TLS(ca=ca, cert=cert, key=key, verify=verify)


# -- contexts -------------------------------------------------------------------------------------------------------


def _config_folder(environ: Mapping[str, str]) -> Path:
    given = environ.get("DOCKER_CONFIG")
    return Path(given) if given else _home(environ) / ".docker"


def _home(environ: Mapping[str, str]) -> Path:
    if given := environ.get("HOME"):
        return Path(given)
    try:
        return Path.home()
    except RuntimeError:  # a user whom the system does not know, as in many containers
        return Path("/")


def _current_context(environ: Mapping[str, str]) -> str:
    path = _config_folder(environ) / "config.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Config).current_context
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise BadEndpoint(f"{path} cannot be read ({error.strerror}): mend it, or name the engine with -H") from None
    except msgspec.MsgspecError as error:
        raise BadEndpoint(
            f"{path} is not a docker configuration ({error}): mend it, or name the engine with -H"
        ) from None


def _of_context(name: str, environ: Mapping[str, str]) -> EndpointAddress:
    import hashlib  # brings OpenSSL

    digest = hashlib.sha256(name.encode()).hexdigest()
    contexts = _config_folder(environ) / "contexts"
    path = contexts / "meta" / digest / "meta.json"
    try:
        meta = msgspec.json.decode(path.read_bytes(), type=_ContextMeta)
    except (FileNotFoundError, NotADirectoryError):
        known = ", ".join(("default", *(m.name for m in _contexts(environ))))
        raise BadEndpoint(f"there is no docker context {name}; known: {known}") from None
    except OSError as error:
        raise BadEndpoint(f"the context {name} cannot be read: {path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise BadEndpoint(f"the context {name} is damaged: {path} is not a context's description ({error})") from None
    endpoint = meta.endpoints.get("docker")
    if endpoint is None:
        raise BadEndpoint(f"the context {name} names no Docker engine: give it one with docker context update {name}")
    folder = contexts / "tls" / digest / "docker"
    if endpoint.host.startswith("tcp:") and (folder.is_dir() or endpoint.skip_tls_verify):
        url = _normal(endpoint.host, f"the context {name}", 2376)
        return EndpointAddress(url, tls=_material(folder, not endpoint.skip_tls_verify), name=name)
    return EndpointAddress(_normal(endpoint.host, f"the context {name}", 2375), name=name)


def _contexts(environ: Mapping[str, str]) -> Iterator[_ContextMeta]:
    """The contexts that can be read, by name; a damaged one is nobody's business until it is asked for."""
    found = []
    for path in (_config_folder(environ) / "contexts" / "meta").glob("*/meta.json"):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=_ContextMeta))
        except (OSError, msgspec.MsgspecError):
            continue
    yield from sorted(found, key=lambda m: m.name)


# -- sockets --------------------------------------------------------------------------------------------------------


def _context_sockets(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if DEFAULT_URL.startswith("unix:"):
        # With DOCKER_HOST set, "docker -c default" would not lead to this socket.
        yield "" if environ.get("DOCKER_HOST") else "default", DEFAULT_URL.removeprefix("unix://")
    for meta in _contexts(environ):
        endpoint = meta.endpoints.get("docker")
        if endpoint and endpoint.host.startswith("unix://"):
            yield meta.name, endpoint.host.removeprefix("unix://")


def _well_known_sockets(environ: Mapping[str, str]) -> Iterator[str]:
    """Where rootless engines, Docker Desktop, Podman and Colima put their sockets."""
    # Under sudo the containers may be those of the user who called it.
    users = dict.fromkeys((str(os.getuid()), environ.get("SUDO_UID", ""))) if sys.platform != "win32" else {}
    runtime = [environ.get("XDG_RUNTIME_DIR", ""), *(f"/run/user/{u}" for u in users if u)]
    for folder in dict.fromkeys(r for r in runtime if r):
        yield f"{folder}/docker.sock"
        yield f"{folder}/podman/podman.sock"
    yield "/run/podman/podman.sock"
    home = _home(environ)
    for inside in (".docker/desktop/docker.sock", ".docker/run/docker.sock", ".colima/default/docker.sock"):
        yield str(home / inside)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return False
