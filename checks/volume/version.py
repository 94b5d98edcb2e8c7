"""Can this image read the data that lies in the volume?

What is asked
    Which major version wrote the data folder (PG_VERSION of PostgreSQL says it), and which one is the image of? Does
    the log of a server that does not stay up say that it cannot read its files? And was the mount asked for with driver
    options, although the volume exists already with other ones?

Healthy
    The versions agree; or the server runs, whatever the numbers say: then it could read them. A volume that is older
    than its image is what volumes are for.

Sick
    mismatch: the data folder was written by another major version, and the server refuses to start: `latest`, or a
    new tag, on an old volume.
    options-ignored: the volume was made before, and the engine gives back an existing one as it is. The options that
    were asked for with the mount now (`volume-opt`) have no effect.

Remedy
    The version that wrote the data, and a dump from there. An own volume for other options: the data of the old one is
    copied, never the volume removed first.

By hand
    docker exec postgres cat /var/lib/postgresql/data/PG_VERSION
    docker logs --tail 20 postgres
    docker volume inspect --format '{{.Options}}' pgdata
    docker inspect --format '{{json .HostConfig.Mounts}}' postgres

See also
    volume.persistent, volume.identity, container.running
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.api import (
    AskFolder,
    AskLogs,
    Container,
    Finding,
    Folder,
    Keeps,
    Mount,
    Reason,
    Remedy,
    Stack,
    Unable,
    check,
    fail,
    keeps,
    mounted_at,
    passed,
    warn,
)

from ._moving import fresh_name, mounts_of
from ._pinning import pin
from ._words import place

# What servers say of a data folder that they cannot read: the version that wrote it, where they tell it.
_REFUSALS = (
    r"data directory was initialized by PostgreSQL version (?P<wrote>[\d.]+)",
    r"(?:Cannot|Can't|Unable to) (?:up|down)grade from (?:server version )?(?P<wrote>\d[\d.]*)",
    r"Invalid MySQL server (?:up|down)grade: Cannot (?:up|down)grade from (?P<wrote>\d[\d.]*)",
    r"Cannot boot server version \d+ on data directory built by version (?P<wrote>\d+)",
    r"(?:MySQL|MariaDB) server (?:up|down)grade is not (?:allowed|supported)",
    r"Unsupported redo log format|log file was created with (?P<wrote>\S+ \d[\d.]*)",
    r"Wrong mongod version|invalid featureCompatibilityVersion|featureCompatibilityVersion.{0,60}is not supported",
    r"Can't handle RDB format version (?P<wrote>\d+)",
    r"cannot (?:up|down)grade a node from version \[(?P<wrote>[\d.]+)\]",
    r"is not compatible with this version|(?:database|data) files are incompatible with server",
)


@check(
    id="volume.version",
    title="the image of {container} can read what lies at {path}",
    reasons=(
        Reason("mismatch", "the data is of another major version than the image"),
        Reason("options-ignored", "the volume exists with other driver options than those asked for"),
    ),
    needs=(AskFolder, AskLogs),
    decisive=False,
)
def version(stack: Stack, mount: Mount) -> Iterator[Finding]:
    container = stack.owner(mount)
    kept = keeps(container)
    if kept is not None and mounted_at(container, kept.folder) == mount:
        yield _readable(stack, container, kept, mount)
    yield from _options(stack, container, mount)


def _readable(stack: Stack, container: Container, kept: Keeps, mount: Mount) -> Finding:
    name, product = stack.title(container), kept.software.name
    folder = stack.told(AskFolder(container=container.id, path=kept.folder, names=kept.software.holds), Folder)
    wrote = "" if isinstance(folder, Unable) else folder.texts.get("PG_VERSION", "")
    reads = _version(container, kept)
    seen = {"data_folder": kept.folder, "written_by": wrote, "read_by": reads}
    line, said = _refusal(stack, container)
    if _stays_up(stack, container) or not (line or (wrote and reads and wrote != reads)):
        both = f"{product} {wrote} wrote the data, and {name} reads it" if wrote else f"{name} has not refused its data"
        return passed(both, **seen)
    wrote = wrote or said
    says = (
        f"{name} is {product} {reads}".rstrip()
        + f", and {place(stack, mount)} holds data of {wrote or 'another version'}"
    )
    check = (f"docker logs --tail 20 {container.name}", f"netdoctor {container.name}")
    seen_by = "" if isinstance(folder, Unable) else folder.seen_by
    remedy = pin(stack, container, wrote, product, check) if wrote.replace(".", "").isdigit() else None
    return fail("mismatch", says, remedy=remedy, seen_by=seen_by, said=line, **seen)


def _version(container: Container, kept: Keeps) -> str:
    """The major version that the image is of, "" where only its tag could tell."""
    return container.variable("PG_MAJOR") or "" if kept.software.name == "PostgreSQL" else ""


def _stays_up(stack: Stack, container: Container) -> bool:
    state = container.state
    return state.running and (state.restart_count == 0 or stack.taken_at - state.started > 60)


def _refusal(stack: Stack, container: Container) -> tuple[str, str]:
    """The line of the log by which the server refuses its files, and the version in it."""
    logs = stack.logs(container)
    if isinstance(logs, Unable):
        return "", ""
    for line in reversed(logs.lines):
        for pattern in _REFUSALS:
            if match := re.search(pattern, line.text):
                return line.text.strip(), match.groupdict().get("wrote") or ""
    return "", ""


def _options(stack: Stack, container: Container, mount: Mount) -> Iterator[Finding]:
    volume = stack.volume(mount.name) if mount.kind == "volume" and mount.wanted else None
    if volume is None:
        return
    wanted, have = dict(mount.wanted), dict(volume.options)
    if wanted == have:
        yield passed(f"the volume {volume.name} has the options that {stack.title(container)} asks for")
        return
    asked = ", ".join(f"{k}={v}" for k, v in wanted.items())
    real = ", ".join(f"{k}={v}" for k, v in have.items()) or "none"
    says = f"the volume {volume.name} was made with other options ({real}) than {stack.title(container)} asks for now"
    remedy = _other_volume(stack, container, mount)
    yield warn(
        "options-ignored", f"{says} ({asked}): an existing volume keeps its own", remedy=remedy, wanted=wanted, has=have
    )


def _other_volume(stack: Stack, container: Container, mount: Mount) -> Remedy:
    name = fresh_name(stack, container)
    options = " ".join(f"--opt {k}={v}" for k, v in mount.wanted)
    says = f"Make a volume of another name with these options and mount that; {mount.name} stays with what it holds"
    run = (f"docker volume inspect {mount.name}", f"docker volume create {options} {name}")
    return Remedy(says=says, run=run, verify=(mounts_of(container),))
