"""How a server is told where to listen: the setting of known software, or what the container's own configuration says.

A container's command and environment can't be changed while it exists. So where it is told so, the remedy makes it
anew; elsewhere it is the command that works on the living process, or shows what must be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netdoctor.api import Container, Link, Listener, Remedy, Stack, mentions

from ._listeners import verify
from ._remaking import Edit
from ._rewriting import apply

EVERYWHERE = "0.0.0.0"  # noqa: S104  # what the user's server should bind, not what we do


class Software(NamedTuple):
    """`words`: names of its process, or words of its command line. `run` mends it as it lives; `alive`: even where its
    command line says otherwise. `{name}`, `{port}` and `{user}` are filled in. `also`: what its command needs as well,
    unless it has one of `unless` already."""

    words: tuple[str, ...]
    setting: str
    run: tuple[str, ...] = ()
    alive: bool = False
    also: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


# Each setting as its vendor documents it; the first that matches is taken, so runtimes stand last.
_KNOWN = (
    Software(
        ("postgres", "postmaster"),
        "`listen_addresses = '*'` in postgresql.conf",
        ("docker exec {name} psql -U {user} -c \"ALTER SYSTEM SET listen_addresses = '*'\"", "docker restart {name}"),
    ),
    Software(
        ("redis-server", "valkey-server"),
        "`bind * -::*` in redis.conf (and `protected-mode no`, or a password)",
        (
            "docker exec {name} redis-cli -p {port} CONFIG SET protected-mode no",
            "docker exec {name} redis-cli -p {port} CONFIG SET bind '* -::*'",
        ),
        alive=True,
        # Else it listens everywhere and turns everybody away: from Redis 7 on, whatever it is bound to.
        also=("--protected-mode", "no"),
        unless=("--protected-mode", "--requirepass"),
    ),
    Software(
        ("mysqld", "mariadbd"),
        "`bind-address = 0.0.0.0` under [mysqld]",
        (
            "docker exec {name} sh -c 'printf \"[mysqld]\\nbind-address=0.0.0.0\\n\" > /etc/mysql/conf.d/zz-bind.cnf'",
            "docker restart {name}",
        ),
    ),
    Software(("mongod", "mongos"), "`--bind_ip_all`, or `net.bindIp: 0.0.0.0` in mongod.conf"),
    Software(("memcached",), "`-l 0.0.0.0`"),
    Software(("nginx",), "`listen {port};` instead of `listen 127.0.0.1:{port};`"),
    Software(("apache2", "httpd"), "`Listen {port}`"),
    Software(("etcd",), "`--listen-client-urls http://0.0.0.0:{port}`"),
    Software(("vite",), "`vite --host 0.0.0.0`, or `server.host: true` in vite.config"),
    Software(("next", "next-server"), "`next dev -H 0.0.0.0`, or HOSTNAME=0.0.0.0"),
    Software(("webpack", "webpack-dev-server"), "`webpack serve --host 0.0.0.0`, or `devServer.host`"),
    Software(("ng",), "`ng serve --host 0.0.0.0`"),
    Software(("nuxt", "astro"), "`--host 0.0.0.0`"),
    Software(("flask",), "`flask run --host=0.0.0.0`"),
    Software(("uvicorn", "hypercorn", "fastapi"), "`--host 0.0.0.0`"),
    Software(("gunicorn",), "`gunicorn -b 0.0.0.0:{port}`"),
    Software(("manage.py", "runserver"), "`manage.py runserver 0.0.0.0:{port}`"),
    Software(("jupyter", "jupyter-lab"), "`--ip=0.0.0.0`"),
    Software(("streamlit",), "`--server.address=0.0.0.0`"),
    Software(("http.server",), "`python -m http.server --bind 0.0.0.0 {port}`"),
    Software(("rails", "puma", "bin/rails"), "`rails server -b 0.0.0.0`"),
    Software(("hugo",), "`hugo server --bind 0.0.0.0`"),
    Software(("php",), "`php -S 0.0.0.0:{port}`"),
    Software(("dotnet",), "ASPNETCORE_URLS=http://+:{port}"),
    Software(("java",), "`server.address=0.0.0.0` (Spring), or what the product calls it: `network.host`, `listeners`"),
    Software(("node", "bun", "deno"), "`server.listen({port}, '0.0.0.0')`"),
    Software(("python", "python3"), "the host argument of its server, `host='0.0.0.0'`"),
)
# Switches that leave no network socket at all, with what to write instead.
_NO_NETWORK = {
    r"listen_addresses\s*=\s*(?:''|\"\")?$": "listen_addresses=*",
    r"--skip-networking\S*": "--bind-address=0.0.0.0",
}
# Variables that say where a server listens, with an address and no port.
_WHERE = {
    "HOST",
    "HOSTNAME",
    "BIND",
    "BIND_ADDRESS",
    "LISTEN",
    "LISTEN_ADDR",
    "LISTEN_ADDRESS",
    "ADDRESS",
    "SERVER_ADDRESS",
}
_RUNTIMES = ("java", "node", "python", "php")


def listen_everywhere(stack: Stack, link: Link, target: Container, listeners: Iterable[Listener], port: int) -> Remedy:
    """Have the server listen on all addresses: by what is seen to forbid it, else by the setting it is known for."""
    processes = [x.process.name for x in listeners if x.process is not None]
    known = _known(target, processes)
    blanks = {"name": target.name, "port": port, "user": target.variable("POSTGRES_USER") or "postgres"}
    told = _addresses(listeners)
    edits = tuple(_in_command(target, port, told)) or tuple(_in_environment(target, port, told))
    if known and edits and not edits[0].variable and not any(word in known.unless for word in target.command):
        edits = (*edits, *(Edit("", "", word) for word in known.also))
    says = f"Have {stack.title(target)} listen on all addresses"
    mend = tuple(r.format_map(blanks) for r in known.run) if known else ()
    check = (verify(stack, link),)
    if edits and known and known.alive and not target.project:
        says += f": it forgets this when it is started anew, since {_told(target, edits[0])}"
        return Remedy(says=says, run=mend, verify=check)
    if edits:
        made = apply(stack, link, f"{says}: {_told(target, edits[0])}", edits=edits, of=target)
        return Remedy(says=made.says, run=made.run, compose=made.compose, verify=check)
    setting = known.setting.format_map(blanks) if known else "its bind, host or listen setting"
    show = "docker inspect --format '{{json .Path}} {{json .Args}} {{json .Config.Env}}' " + target.name
    return Remedy(says=f"{says}: {setting}", run=mend or (show,), verify=check)


def _known(target: Container, processes: list[str]) -> Software | None:
    spoken = [w.rpartition("/")[2] for word in target.command for w in re.split(r"[\s=]+", word)]
    names = {w for name in (*processes, *spoken) for w in (name, name.rstrip("0123456789."))}
    found = [s for s in _KNOWN if not names.isdisjoint(s.words)]
    own = [s for s in found if not {w for p in processes for w in (p, p.rstrip("0123456789."))}.isdisjoint(s.words)]
    # A runtime says less than the words of its command line: node runs vite.
    return next((s for s in (*own, *found) if s.words[0] not in _RUNTIMES), next(iter(found), None))


def _addresses(listeners: Iterable[Listener]) -> re.Pattern[str]:
    """Where a configuration writes loopback, or one of the addresses that the sockets are bound to, with its port."""
    bound = {x.address for x in listeners if x.address != EVERYWHERE}
    written = "|".join(re.escape(f) for a in sorted(bound, key=len) for f in ((f"[{a}]", a) if ":" in a else (a,)))
    loopback = r"127(?:\.\d{1,3}){3}|localhost|\[::1\]|::1"
    either = f"{loopback}|{written}" if written else loopback
    return re.compile(rf"(?<![\w.:])(?:{either})(?![\w.])(?::(?P<port>\d+))?")


def _in_command(target: Container, port: int, told: re.Pattern[str]) -> Iterator[Edit]:
    """The words of the command that keep the server off the network, each with what to write instead."""
    for word in target.command:
        opened = _opened(word, port, told)
        for pattern, instead in _NO_NETWORK.items():
            opened = re.sub(pattern, instead, opened)
        if opened != word:
            yield Edit("", word, opened)


def _in_environment(target: Container, port: int, told: re.Pattern[str]) -> Iterator[Edit]:
    own = {
        m.variable for m in mentions(target) if m.purpose == "own" and told.fullmatch(m.host) and m.port in (0, port)
    }
    for variable, value in target.environment:
        if variable in own or (variable in _WHERE and told.fullmatch(value)):
            yield Edit(variable, value, _opened(value, port, told))


def _told(target: Container, edit: Edit) -> str:
    """Where it is told so, in words."""
    if edit.variable:
        return f"its environment says {edit.variable}={edit.old}"
    before = target.command[target.command.index(edit.old) - 1] if edit.old in target.command[1:] else ""
    return f"its command says `{before} {edit.old}`" if before.startswith("-") else f"its command says `{edit.old}`"


def _opened(text: str, port: int, told: re.Pattern[str]) -> str:
    def everywhere(match: re.Match[str]) -> str:
        if match["port"] not in (None, str(port)) or text[: match.start()].endswith("@"):
            return match[0]  # a service that it uses itself
        return EVERYWHERE + (f":{match['port']}" if match["port"] else "")

    return told.sub(everywhere, text)
