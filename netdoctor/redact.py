"""Secrets leave the stack before it is judged, shown or written.

The same secret gets the same token everywhere, `<secret-1>`, `<secret-2>` ..., numbered as they appear; so two places
can still be compared. Names, addresses and ports stay: nothing can be diagnosed without them. What is cut already stays
as it is, so that a captured stack passes unchanged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, quote_plus, unquote

import msgspec
from msgspec.structs import replace

from netdoctor.answers import (
    AnyAnswer,
    Asked,
    Changes,
    Connection,
    Image,
    Logs,
    Mounted,
    MountPoint,
    Mounts,
    OpenFiles,
    Owners,
    Rule,
    Sockets,
    Trace,
    Unable,
    VolumeUsage,
)
from netdoctor.model import Container, Health, Network, Volume
from netdoctor.patterns import lazily
from netdoctor.secrecy import cut_command, cut_image, cut_text, cut_value
from netdoctor.secret_names import Hide, hidden
from netdoctor.stack import Stack

SHORTEST = 6
"""Characters that a secret must have to be looked for where nothing else announces it."""

# As passwords they are cut where they stand, but as words they mean something else nearly everywhere.
_COMMON = {
    "postgres", "postgresql", "password", "passwd", "secret", "secrets", "example", "default", "admin", "administrator",
    "mysql", "mariadb", "redis", "valkey", "mongo", "mongodb", "rabbitmq", "guest", "docker", "podman", "compose",
    "localhost", "server", "client", "service", "development", "production", "staging", "testing", "master", "public",
    "private", "internal", "external", "username", "database", "backend", "frontend", "website", "wordpress",
    "nextcloud", "keycloak", "grafana", "elastic", "elasticsearch", "kibana", "gitlab", "jenkins", "welcome", "network",
    "container", "bridge", "connect", "connection", "connected", "refused", "timeout", "application", "nobody", "nginx",
    "apache", "python", "memory", "string", "values", "number", "simple", "sample",
}  # fmt: skip

_CUT_ALREADY = r"<secret-\d+>"

_T = TypeVar("_T")


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
        self._begins: dict[str, set[str]] = {}
        self._names: frozenset[str] = frozenset()
        self._spared = _CUT_ALREADY
        """A pattern for what is passed over: tokens, and names that hold a secret ("deploy1-db")."""

    def stack(self, stack: Stack) -> Stack:
        """The stack with all its secrets cut, in two passes: what the last log line betrays is cut in the first."""
        self._names = frozenset(_names(stack))
        self._pass_over_tokens(stack)
        _walk(stack, self._learning)
        for written in self._known:  # found in a URL's query before it was found in plain text
            self._known[written] = self._known.get(unquote(written), self._known[written])
        holding = sorted(n for n in self._names if any(w.lower() in n for w in self._known))
        self._spared = "|".join([_CUT_ALREADY, *(rf"(?<![\w-])(?i:{re.escape(n)})(?![\w-])" for n in holding)])
        return _walk(stack, self._cutting)

    def answered(self, stack: Stack, asked: Sequence[Asked]) -> Stack:
        """A stack that this redactor has been through, with further answers: these are cut, and where they betray a
        secret that nobody knew, everything once more.
        """
        known = len(self._known)
        for answer in asked:
            _asked(answer, self._learning)
        if len(self._known) > known:
            return self.stack(replace(stack, asked=(*stack.asked, *asked)))
        self._pass_over_tokens(asked)
        return replace(stack, asked=(*stack.asked, *(_asked(answer, self._cutting) for answer in asked)))

    @property
    def _learning(self) -> _Pass:
        return _Pass(self._learn, lambda text, _: text, Counter())

    @property
    def _cutting(self) -> _Pass:
        return _Pass(self._hide, self._cut_known, self.cut)

    def _pass_over_tokens(self, what: object) -> None:
        """What looks like a token already, as in a capture, is no secret's from now on."""
        taken = re.findall(rb"<secret-(\d+)>", msgspec.json.encode(what))
        self._next = max(self._next, *(int(number) + 1 for number in taken), 1)

    def text(self, text: str) -> str:
        """Any other text that is shown: what the user typed, an error, a traceback."""
        return cut_text(self._cut_known(text, False), self._hide)

    # -- one secret -------------------------------------------------------------------------------------------------

    def _learn(self, secret: str, sure: bool) -> str:
        if sure and len(secret) >= SHORTEST and not self._ordinary(secret):
            # The same secret in a URL, in JSON, and one that has several lines line by line.
            ways = [secret, quote(secret, safe=""), quote_plus(secret), msgspec.json.encode(secret).decode()[1:-1]]
            for written in (*ways, *(line for line in secret.splitlines() if len(line) >= 2 * SHORTEST)):
                if self._known.setdefault(written, secret) is secret:
                    self._begins.setdefault(written[:SHORTEST], set()).add(written)
        return "<secret-0>"

    def _ordinary(self, secret: str) -> bool:
        lower = secret.lower()
        return lower in _COMMON or lower in self._names

    def _hide(self, secret: str, _sure: bool) -> str:
        secret = self._known.get(secret, secret)
        if secret not in self._tokens and unquote(secret) in self._tokens:
            secret = unquote(secret)
        if secret not in self._tokens:
            self._tokens[secret] = f"<secret-{self._next}>"
            self._next += 1
        return self._tokens[secret]

    # -- secrets that are known from elsewhere ----------------------------------------------------------------------

    def _cut_known(self, text: str, keep_lines: bool) -> str:
        # One look at each place of the text for all secrets together: a stack can hold hundreds.
        begins = {text[i : i + SHORTEST] for i in range(len(text) - SHORTEST + 1)} & self._begins.keys()
        present = [w for begin in begins for w in self._begins[begin] if w in text]
        if not present:
            return text
        present.sort(key=lambda w: (-len(w), w))
        pattern = re.compile(f"(?P<spare>{self._spared})|" + "|".join(_as_pattern(w) for w in present))

        def cut(match: re.Match[str]) -> str:
            if match["spare"] is not None:
                return match[0]
            return "\n".join([self._hide(match[0], True)] * (match[0].count("\n") + 1 if keep_lines else 1))

        return pattern.sub(cut, text)


def _as_pattern(written: str) -> str:
    escaped = re.escape(written)
    if written.isalpha():  # maybe a word: not inside another one, and not as a part of a host's name or a path
        return rf"(?<![\w@/])(?<!\w[.-]){escaped}(?!\w|[.-]\w|:\d)"
    if written.isdigit():
        return rf"(?<![\w.]){escaped}(?!\w|\.\d)"
    return escaped


_HOST_IN_URL = lazily(r"://(?:[^\s/@]*@)?([\w.-]+)")


def _names(stack: Stack) -> Iterable[str]:
    """What may never be cut, in lower case: how the things of the stack, and the hosts that it asks for, are called."""
    names = {stack.engine.host_name, *(n.name for n in stack.networks), *(v.name for v in stack.volumes)}
    for container in stack.containers:
        # registry.example/shop/api:1.2@sha256:... -> api:1.2, api
        image = container.image.partition("@")[0].rpartition("/")[2]
        names |= {container.image, image, image.partition(":")[0]}
        names |= {container.name, container.host_name, container.project, container.service}
        for endpoint in container.endpoints:
            names |= {endpoint.network, *endpoint.aliases, *endpoint.dns_names, *endpoint.addresses}
        for key, value in container.environment:
            names.update(_HOST_IN_URL.findall(value))
            if key.upper().endswith(("HOST", "HOSTNAME", "ADDR")):
                names.add(value.partition(":")[0])
    return (name.lower() for name in names if name)


# -- every place of a stack that can hold one -----------------------------------------------------------------------


class _Pass(msgspec.Struct, frozen=True):
    """One walk through a stack: the first learns the secrets, the second cuts them."""

    hide: Hide
    known: Callable[[str, bool], str]
    """A text, and whether a secret of several lines leaves as many."""
    cut: Counter[str]

    def text(self, place: str, text: str) -> str:
        return self._counted(place, text, cut_text(self.known(text, False), self.hide))

    def value(self, place: str, name: str, value: str) -> str:
        whole = hidden(value, name, self.hide)
        return self._counted(
            place, value, cut_value(name, self.known(value, False), self.hide) if whole is None else whole
        )

    def command(self, place: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return self._counted(place, arguments, cut_command([self.known(a, False) for a in arguments], self.hide))

    def image(self, place: str, image: str) -> str:
        return self._counted(place, image, cut_image(image, self.hide))

    def lines(self, place: str, lines: Sequence[str]) -> list[str]:
        """The lines searched together, since a private key has many; as many come back."""
        cut = cut_text(self.known("\n".join(lines), True), self.hide, keep_lines=True).split("\n")
        if len(cut) != len(lines):  # a line that is none: from a capture that somebody has edited
            return [self.text(place, line) for line in lines]
        return [self._counted(place, before, after) for before, after in zip(lines, cut, strict=True)]

    def _counted(self, place: str, before: _T, after: _T) -> _T:
        if after != before:
            self.cut[place] += 1
        return after


def _walk(stack: Stack, pass_: _Pass) -> Stack:
    return replace(
        stack,
        containers=tuple(_container(c, pass_) for c in stack.containers),
        networks=tuple(_network(n, pass_) for n in stack.networks),
        volumes=tuple(_volume(v, pass_) for v in stack.volumes),
        asked=tuple(_asked(a, pass_) for a in stack.asked),
    )


def _container(container: Container, cut: _Pass) -> Container:
    health = container.state.health
    return replace(
        container,
        state=replace(
            container.state,
            error=cut.text("error", container.state.error),
            health=None if health is None else _health(health, cut),
        ),
        image=cut.image("image", container.image),
        command=cut.command("command", container.command),
        environment=tuple((key, cut.value("environment", key, value)) for key, value in container.environment),
        labels=_labels(container.labels, cut),
        mounts=tuple(
            replace(m, wanted=tuple((k, cut.value("volume options", k, v)) for k, v in m.wanted)) if m.wanted else m
            for m in container.mounts
        ),
    )


def _labels(labels: Mapping[str, str], cut: _Pass) -> dict[str, str]:
    return {k: v if _is_identity(k, v) else cut.value("labels", k, v) for k, v in labels.items()}


def _is_identity(label: str, value: str) -> bool:
    """Whether a label says what the container is in its Compose project; a URL of that project may hold a password."""
    return label.startswith("com.docker.compose.") and "://" not in value


def _health(health: Health, cut: _Pass) -> Health:
    return replace(
        health,
        test=cut.command("health check", health.test),
        runs=tuple(replace(run, output=cut.text("health check", run.output)) for run in health.runs),
    )


def _network(network: Network, cut: _Pass) -> Network:
    options = {key: cut.value("network options", key, value) for key, value in network.options.items()}
    return replace(network, options=options, labels=_labels(network.labels, cut))


def _volume(volume: Volume, cut: _Pass) -> Volume:
    options = {key: cut.value("volume options", key, value) for key, value in volume.options.items()}
    return replace(volume, options=options, labels=_labels(volume.labels, cut))


def _asked(asked: Asked, cut: _Pass) -> Asked:
    return replace(asked, answer=_answer(asked.answer, cut))


def _answer(answer: AnyAnswer, cut: _Pass) -> AnyAnswer:
    # Names and addresses in questions and answers are what the diagnosis is about; these are the texts.
    if isinstance(answer, Unable):
        return replace(
            answer, reason=cut.text("answers", answer.reason), would_help=cut.text("answers", answer.would_help)
        )
    if isinstance(answer, Logs):
        texts = cut.lines("logs", [line.text for line in answer.lines])
        return replace(answer, lines=tuple(replace(line, text=t) for line, t in zip(answer.lines, texts, strict=True)))
    if isinstance(answer, Connection):
        attempts = tuple(replace(a, text=cut.text("answers", a.text)) for a in answer.attempts)
        return replace(answer, attempts=attempts, trace=None if answer.trace is None else _trace(answer.trace, cut))
    if isinstance(answer, Image):
        return replace(
            answer,
            entrypoint=cut.command("command", answer.entrypoint),
            command=cut.command("command", answer.command),
        )
    if isinstance(answer, Changes):
        folders = tuple(replace(f, path=cut.known(f.path, False)) for f in answer.folders)
        return replace(answer, databases=tuple(cut.known(p, False) for p in answer.databases), folders=folders)
    if isinstance(answer, OpenFiles):
        return replace(
            answer,
            processes=tuple(
                replace(
                    p,
                    name=cut.text("processes", p.name),
                    folder=cut.known(p.folder, False),
                    writes=tuple(cut.known(w, False) for w in p.writes),
                )
                for p in answer.processes
            ),
        )
    if isinstance(answer, Owners):
        return replace(answer, owned=tuple(replace(o, example=cut.known(o.example, False)) for o in answer.owned))
    if isinstance(answer, VolumeUsage):
        return replace(answer, entries=tuple(cut.known(e, False) for e in answer.entries))
    if isinstance(answer, Sockets):
        return replace(
            answer,
            listeners=tuple(
                x
                if x.process is None
                else replace(x, process=replace(x.process, name=cut.text("processes", x.process.name)))
                for x in answer.listeners
            ),
        )
    if isinstance(answer, Mounts):
        return replace(
            answer,
            table=tuple(_mounted(m, cut) for m in answer.table),
            points=tuple(_point(p, cut) for p in answer.points),
        )
    return answer


_LOCAL = ("ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "devtmpfs")
"""File systems without a password: nearly all mounts of nearly all containers."""


def _point(point: MountPoint, cut: _Pass) -> MountPoint:
    on_host, mounted = point.on_host, point.mounted
    return replace(point, mounted=mounted and _mounted(mounted, cut), on_host=on_host and _mounted(on_host, cut))


def _mounted(mounted: Mounted, cut: _Pass) -> Mounted:
    if mounted.filesystem in _LOCAL:
        return mounted
    options = ",".join(_option(o, cut) for o in mounted.options.split(","))
    return replace(mounted, source=cut.text("mounts", mounted.source), options=options)


def _option(option: str, cut: _Pass) -> str:
    name, equals, value = option.partition("=")
    return name + equals + cut.value("mounts", name, value) if value else option


def _trace(trace: Trace, cut: _Pass) -> Trace:
    """A rule can have a comment, and an engine's command line is not in it."""

    def rule(one: Rule) -> Rule:
        return replace(one, text=cut.text("rules", one.text))

    return replace(
        trace,
        rule=None if trace.rule is None else rule(trace.rule),
        suspects=tuple(map(rule, trace.suspects)),
        forward=tuple(cut.text("rules", text) for text in trace.forward),
    )
