"""Which of the known software a container runs, and in which folder it keeps its data. Pure: told by the configuration.

What really lies there is asked for (`AskFolder`, `AskOpenFiles`, `AskChanges`); a configuration file inside the image
can say something else than this.
"""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise

from netdoctor.commands import programs, spoken, value_of
from netdoctor.model import Container, Mount, Value
from netdoctor.patterns import lazily
from netdoctor.stateful import KNOWN, Software

_BITNAMI = lazily(r"/opt/bitnami/scripts/(?P<name>[a-z0-9-]+)/")
_SETTINGS = lazily(r".*\.(conf|cnf|ya?ml|toml|ini|config)|--(config|defaults)\S*|config_file=.*")


class Keeps(Value, frozen=True, kw_only=True):
    """A container's data folder. `told` says in words where it is known from.

    `serves`: the command line names the server; otherwise the name of the image alone speaks for it. `sure`: no
    configuration file is named that could say another folder.
    """

    software: Software
    folder: str
    told: str
    serves: bool = True
    sure: bool = True


def keeps(container: Container) -> Keeps | None:
    """What the container keeps, or None: no known software, or one that was told to keep nothing."""
    runs = programs(container.command)
    by_image = _made_for(container.image)
    by_command = next((s for s in KNOWN if not set(s.programs).isdisjoint(runs)), None)
    if by_command is None and "" in runs:
        by_command = by_image
    software = by_command or by_image
    words = spoken(container.command)
    if software is None or _keeps_nothing(software, words):
        return None
    folder, told = _folder(container, software, words)
    named = told != "the image"
    return Keeps(
        software=software,
        folder=posixpath.normpath(folder),
        told=told,
        serves=by_command is not None,
        # A folder that nothing names is the image's: true for those that are made for it, and no configuration file.
        sure=(named or by_image is software) and not any(_SETTINGS.fullmatch(w) for w in words),
    )


def mounted_at(container: Container, path: str) -> Mount | None:
    """The mount that a path of the container lies in: the innermost one."""
    covering = [m for m in container.mounts if lies_in(path, m.destination)]
    return max(covering, key=lambda m: len(m.destination), default=None)


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is the folder, or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@lru_cache(maxsize=1024)  # of the many containers of a stack few have an image of their own
def _made_for(image: str) -> Software | None:
    repository = image.partition("@")[0]
    head, colon, tag = repository.rpartition(":")
    repository = head if colon and "/" not in tag else repository
    return next((s for s in KNOWN if any(fnmatchcase(f"/{repository}", f"*/{end}") for end in s.images)), None)


def _folder(container: Container, software: Software, words: tuple[str, ...]) -> tuple[str, str]:
    for flag in software.flags:
        if (value := value_of(words, flag)).startswith("/") and "{" not in value:
            return value, f"its command ({flag})"
    for name in software.variables:
        value = (container.variable(name) or "").partition(",")[0]
        if value.startswith("/") and "{" not in value:
            return value, f"{name} in its environment"
    if bitnami := next((m["name"] for w in words if (m := _BITNAMI.match(w))), ""):
        return f"/bitnami/{bitnami}", "the image"
    major = container.variable("PG_MAJOR") or ""
    if software.name == "PostgreSQL" and major.isdigit() and int(major) >= 18:
        return f"/var/lib/postgresql/{major}/docker", "the image"
    if software.name == "InfluxDB" and (container.variable("INFLUXDB_VERSION") or "").startswith("1."):
        return "/var/lib/influxdb", "the image"
    return software.folder, "the image"


def _keeps_nothing(software: Software, words: tuple[str, ...]) -> bool:
    if software.forgets and software.forgets in words:
        return True
    # Redis as a cache: no snapshots, and no log either.
    no_snapshots = any(word == "--save" and following in ("", '""', "''") for word, following in pairwise(words))
    # Whatever may be thrown out for want of memory is not meant to last either.
    evicted = value_of(words, "--maxmemory-policy").startswith("allkeys-")
    return software.name == "Redis" and (no_snapshots or evicted) and value_of(words, "--appendonly") != "yes"


# What else is mounted into a server, and holds no data of its.
_BESIDE = lazily(
    r"conf|cfg|init|backup|dump|log|run|sock|ssl|tls|cert|script|plugin|extension|secret|archive|import|export|upload|cache"
    r"|tmp|shm|dashboard|provision|\.\w+$",
)
_STORES = lazily(
    r"data|db|lib|stor|volume|postgres|pg|mysql|maria|mongo|redis|valkey|elastic|influx|prometheus|grafana"
)


def meant_for(container: Container, keeps: Keeps) -> Mount | None:
    """The mount that was meant for the data and lies beside it: above the folder and covered by another mount, below
    it, or elsewhere under a name that speaks of data."""
    cover = mounted_at(container, keeps.folder)
    candidates = [
        m for m in container.mounts
        if m is not cover and m.given in ("-v", "--mount") and m.writable and m.kind in ("volume", "bind")
    ]  # fmt: skip
    above = [m for m in candidates if lies_in(keeps.folder, m.destination)]
    if above:
        return max(above, key=lambda m: len(m.destination))
    named = [m for m in candidates if not _BESIDE.search(m.destination) and _STORES.search(m.destination)]
    top = keeps.folder.split("/")[1]
    named.sort(key=lambda m: (m.destination.split("/")[1] != top, m.kind != "volume", m.destination))
    return named[0] if named else None
