"""Addresses on a command line: URLs, host:port, options that take a host, and what a shell line hands to nc."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from msgspec.structs import replace

from netdoctor.mentions.addresses import is_address, is_any_address, is_loopback
from netdoctor.mentions.environment import HOST_ONLY, in_variable, is_advertising, placed
from netdoctor.mentions.kinds import kind_of, words
from netdoctor.mentions.mention import Mention
from netdoctor.mentions.texts import in_text, port_in
from netdoctor.patterns import lazily

_LISTENS = {"-b", "-s", "-l", "--addr", "-addr", "--address", "-address", "--host"}
_JOINS = {"JOIN", "SEED", "SEEDS"}
_ASSIGNMENT = lazily(r"^(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$", re.DOTALL, holds="=")
_HOST_AND_PORT = {"nc", "ncat", "netcat", "telnet", "sr-ready", "connect-ready", "wait-for", "--replicaof", "--slaveof"}
"""What is followed by a host and a port in two words, options between."""


def in_command(command: Iterable[str], where: str = "the command") -> tuple[Mention, ...]:
    """The mentions of a command, each once."""
    found: dict[tuple[str, int, str], Mention] = {}
    for mention in _in_tokens(tuple(_tokens(command)), where):
        key = (mention.host, mention.port, mention.purpose)
        if key not in found or (mention.scheme and not found[key].scheme):
            found[key] = mention
    return tuple(found.values())


def _tokens(command: Iterable[str]) -> Iterator[str]:
    """The words of a command; the line of `sh -c LINE` gives its own."""
    for index, argument in enumerate(command):
        if index and re.search(r"\s", argument.strip()):
            try:
                yield from shlex.split(argument, comments=True)
            except ValueError:  # an unbalanced quote
                yield from argument.split()
        else:
            yield argument


def _in_tokens(tokens: tuple[str, ...], where: str) -> Iterator[Mention]:
    options = dict(_options(tokens))
    for index, (before, token) in enumerate(pairwise(tokens)):
        flag, equals, value = token.partition("=") if token.startswith("-") else ("", "", token)
        if token.startswith("-") and not equals:
            continue
        flag = flag or (before if before.startswith("-") and "=" not in before else "")
        assigned = None if flag else _ASSIGNMENT.match(token)
        if flag.startswith("-D"):  # a JVM's system property
            properties = {n[1:]: v for n, v in options.items() if n.startswith("D")}
            yield from in_variable(flag[2:].replace(".", "_"), value, properties, where)
        elif assigned:
            yield from in_variable(assigned["name"], assigned["value"], {}, where)
        elif HOST_ONLY.match(value) or is_address(value):
            yield from _host_option(flag, value, tokens, options, where)
            yield from _two_words(tokens, index + 1, where)
        else:
            for mention in in_text(value.rstrip(";")):
                put = placed(mention, flag, where, kind_of(flag))
                here = is_loopback(mention.host) and not mention.scheme
                own = here and (before == "runserver" or flag.lower() in _LISTENS)
                yield replace(put, purpose="own" if own else put.purpose, sure=bool(mention.scheme))


def _options(tokens: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Options with their values, called like variables: DB_HOST for --db-host."""
    for before, token in pairwise((*tokens, "")):
        if before.startswith("-"):
            name, equals, value = before.partition("=")
            yield "_".join(words(name)), value if equals else token


def _host_option(
    flag: str, host: str, tokens: tuple[str, ...], options: Mapping[str, str], where: str
) -> Iterator[Mention]:
    """`psql -h db -p 5432`, `redis-server --cluster-announce-ip 10.0.0.5`; `--host 127.0.0.1` can be both, so none."""
    stem = re.sub(r"(ip|host|hostname)$", "", flag)
    here = is_loopback(host) or is_any_address(host)
    if stem != flag and is_advertising(flag):
        port = _after(tokens, f"{stem}port")
        yield Mention(host=host, port=port, purpose="advertised", where=where, variable=flag)
    elif flag in ("-h", "--host"):
        if not here and not host.isdigit():
            port = next((p for name in ("-p", "-P", "--port") if (p := _after(tokens, name))), 0)
            kind = kind_of(tokens[0].rpartition("/")[2])
            yield Mention(host=host, port=port, where=where, variable=flag, hint=kind)
    elif flag and not host.isdigit() and (not here or kind_of(flag)):
        if _JOINS & set(words(flag)):
            yield Mention(host=host, where=where, variable=flag)
        else:
            found = in_variable("_".join(words(flag)), host, options, where)
            yield from (replace(m, variable=flag) for m in found)


def _two_words(tokens: tuple[str, ...], index: int, where: str) -> Iterator[Mention]:
    """`nc -z db 5432`: the host at this index, the port behind it."""
    host, port = tokens[index], port_in(tokens[index + 1].rstrip(";)")) if index + 1 < len(tokens) else 0
    for token in reversed(tokens[max(0, index - 4) : index]) if port and not is_address(host) else ():
        if token.rpartition("/")[2] in _HOST_AND_PORT:
            yield Mention(host=host, port=port, where=where, sure=True)
            return
        if not token.startswith("-") and not token.isdigit():
            return


def _after(tokens: tuple[str, ...], flag: str) -> int:
    for before, token in pairwise(tokens):
        if before == flag:
            return port_in(token)
        if before.startswith(f"{flag}="):
            return port_in(before.partition("=")[2])
    return 0
