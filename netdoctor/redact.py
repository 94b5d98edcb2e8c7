"""Secrets leave the stack before it is judged, shown or written.

The same secret gets the same token everywhere, `<secret-1>`, `<secret-2>` ..., numbered as they appear; so two places
can still be compared. Names, addresses and ports stay: nothing can be diagnosed without them. What is cut already stays
as it is, so that a captured stack passes unchanged.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote

import msgspec

from netdoctor.answers import AnyAnswer, Asked, Connection, Logs, Process, Sockets, Unable
from netdoctor.model import Container, Health, Network, Stack
from netdoctor.secrecy import cut_command, cut_text, cut_value

SHORTEST = 6
"""Characters that a secret must have to be looked for where nothing else announces it."""

# As passwords they are cut where they stand, but as words they mean something else nearly everywhere.
_COMMON = frozenset(
    "postgres postgresql password passwd passw0rd secret secrets example changeme change_me default admin administrator"
    " mysql mariadb redis valkey mongo mongodb rabbitmq guest docker podman compose localhost server client service"
    " development production staging testing master public private internal external username database backend frontend"
    " website wordpress nextcloud keycloak grafana minioadmin elastic elasticsearch kibana gitlab jenkins letmein welcome"
    " network container bridge connect connection connected refused timeout application nobody nginx apache python"
    " memory string values number simple sample foobar testtest test123 secret123 password123 admin123 qwerty 123456"
    " 12345678 123456789 1234567890".split()
)

_TOKEN = re.compile(rb"<secret-(\d+)>")

_COMPOSE = "com.docker.compose."


def redact(stack: Stack) -> tuple[Stack, Mapping[str, int]]:
    """The stack without its secrets, and how many values were cut in each kind of place."""
    redactor = Redactor()
    return redactor.stack(stack), redactor.cut


class Redactor:
    """Cuts secrets and remembers them: what one stack gave away is cut in every text that comes later.

    Where answers are added to a stack that has been redacted, the same redactor must cut them: it alone still knows
    the secrets that a log line may repeat.
    """

    def __init__(self) -> None:
        self.cut: Counter[str] = Counter()
        """How many values were cut so far, by kind of place."""
        self._tokens: dict[str, str] = {}
        self._next = 1
        self._known: dict[str, str] = {}
        """How a secret can be written, to the secret."""
        self._names: frozenset[str] = frozenset()

    def stack(self, stack: Stack) -> Stack:
        """The stack with all its secrets cut, in two passes: what the last log line betrays is cut in the first."""
        self._names = frozenset(_names(stack))
        taken = [int(n) for n in _TOKEN.findall(msgspec.json.encode(stack))]
        self._next = max(self._next, *(n + 1 for n in taken), 1)
        _walk(stack, _Pass(self._learn, lambda text: text, Counter()))
        return _walk(stack, _Pass(self._hide, self._cut_known, self.cut))

    def text(self, text: str) -> str:
        """Any other text that is shown: what the user typed, an error, a traceback."""
        return cut_text(self._cut_known(text), self._hide)

    # -- one secret -------------------------------------------------------------------------------------------------

    def _learn(self, secret: str, sure: bool) -> str:
        if sure and len(secret) >= SHORTEST and not self._ordinary(secret):
            lines = [line for line in secret.splitlines() if len(line) >= 2 * SHORTEST]
            # The same secret in a URL, in JSON, and one that has several lines line by line.
            for written in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], *lines):
                self._known.setdefault(written, secret)
        return "<secret-0>"

    def _ordinary(self, secret: str) -> bool:
        lower = secret.lower()
        return lower in _COMMON or lower in self._names

    def _hide(self, secret: str, sure: bool) -> str:
        secret = self._known.get(secret, secret)
        if secret not in self._tokens and unquote(secret) in self._tokens:
            secret = unquote(secret)
        if secret not in self._tokens:
            self._tokens[secret] = f"<secret-{self._next}>"
            self._next += 1
        return self._tokens[secret]

    # -- secrets that are known from elsewhere ----------------------------------------------------------------------

    def _cut_known(self, text: str) -> str:
        present = sorted((w for w in self._known if w in text), key=lambda w: (-len(w), w))
        if not present:
            return text
        # A name that holds a secret ("deploy1" in "deploy1-db") is passed over whole, and so is a token.
        spared = [n for n in self._names if any(w.lower() in n for w in present)]
        spare = "|".join([r"<secret-\d+>", *(rf"(?<![\w-]){re.escape(n)}(?![\w-])" for n in spared)])
        pattern = re.compile(f"(?P<spare>(?i:{spare}))|" + "|".join(_as_pattern(w) for w in present))
        return pattern.sub(lambda m: m[0] if m["spare"] is not None else self._hide(m[0], True), text)


def _as_pattern(written: str) -> str:
    escaped = re.escape(written)
    if written.isalpha():  # maybe a word: not inside another one, and not as a part of a host's name or a path
        return rf"(?<![\w@/])(?<!\w[.-]){escaped}(?!\w|[.-]\w|:\d)"
    if written.isdigit():
        return rf"(?<![\w.]){escaped}(?!\w|\.\d)"
    return escaped


def _names(stack: Stack) -> Iterable[str]:
    """What may never be cut, in lower case: how things of the stack are called."""
    for network in stack.networks:
        yield network.name.lower()
    for container in stack.containers:
        image = container.image.lower()
        repository = image.partition("@")[0].rpartition("/")[2]
        names = [container.name, container.host_name, container.project, container.service, image, repository]
        names += [repository.partition(":")[0], *container.exposed_names] if False else [repository.partition(":")[0]]
        for endpoint in container.endpoints:
            names += [endpoint.network, *endpoint.aliases, *endpoint.dns_names, *endpoint.addresses]
        yield from (name.lower() for name in names if name)
    if stack.engine.host_name:
        yield stack.engine.host_name.lower()
