"""Who works in a container, and whether he may write in one of its mounts, or read there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netdoctor.api import Container, Credentials, MountPoint, Place, Processes, Stack, Unable, keeps

from ._permission import DAC_OVERRIDE, WRITE, decides_itself, may_use

_INITS = ("tini", "tini-static", "docker-init", "dumb-init", "catatonit", "s6-svscan", "s6-supervise", "runit", "gosu")
# What docker run gives every container, and what denies no file in a mount.
_ORDINARY = ("docker-default", "containers-default", "crio-default", "podman-default", "unconfined")


class Access(NamedTuple):
    """Whether the container may do its work in a mount.

    `verdict`: None where nobody can tell, or some may and some may not. `who` says who works. `works`: he was seen to.
    `user` and `group` are his, as the container numbers them; -1 for nobody known. `remote` is the type of a file
    system whose server decides. `knows`: his capabilities were seen. `overrides`: no owner and no mode stops him.
    `module` confines him beyond the ordinary.
    """

    verdict: bool | None
    who: str
    works: bool = False
    place: Place | None = None
    user: int = -1
    group: int = -1
    remote: str = ""
    knows: bool = False
    overrides: bool = False
    module: str = ""

    @property
    def seen(self) -> dict[str, Any]:
        """For the finding's evidence."""
        place = self.place
        found: dict[str, Any] = {"user": self.user, "group": self.group} if self.user >= 0 else {}
        if place is None or place.owner < 0:
            return found
        return {**found, "owner": place.owner, "owning_group": place.group, "mode": f"{place.mode:o}"}


def access(stack: Stack, container: Container, point: MountPoint, want: int = WRITE) -> Access:
    """Whether it may be written to, or read (`want`), by what was seen of the processes and of the mount.

    Of a container that does not run its configuration tells who will.
    """
    told = stack.processes(container) if container.state.running else Unable(reason="it does not run")
    processes = None if isinstance(told, Unable) else told
    workers = tuple(_workers(container, processes)) if processes is not None else ()
    place = _place(stack, point)
    mounted = point.mounted or point.on_host
    if not workers:
        chosen = _configured(container)
        if chosen is None or place is None or decides_itself(mounted):
            return Access(None, "its process", place=place, remote=_remote(point))
        return Access(
            may_use(chosen, place, point.closed, None, want),
            f"the user {chosen.user}",
            place=place,
            user=chosen.user,
            group=chosen.group,
        )
    verdicts = {one: None if place is None else may_use(one, place, point.closed, processes, want) for one in workers}
    loser = next((one for one, verdict in verdicts.items() if verdict is False), workers[0])
    values = set(verdicts.values())
    return Access(
        values.pop() if len(values) == 1 and not decides_itself(mounted) else None,
        f"{loser.name} ({loser.user}:{loser.group})",
        works=True,
        place=place,
        user=loser.user,
        group=loser.group,
        remote=_remote(point),
        knows=loser.capabilities is not None,
        overrides=_overrides(loser, processes, point),
        module=_module(processes),
    )


def _workers(container: Container, processes: Processes) -> Iterator[Credentials]:
    """The processes that do the work, one for each user: the server's own, if it is known by name."""
    kept = keeps(container)
    mine = [p for p in processes.processes if kept is not None and p.name in kept.software.programs]
    others = [p for p in processes.processes if p.name not in _INITS] or list(processes.processes)
    seen = set()
    for one in mine or others:
        who = (one.user, one.group, one.groups, one.capabilities)
        if who not in seen:
            seen.add(who)
            yield one


def _place(stack: Stack, point: MountPoint) -> Place | None:
    """What lies there as the container numbers it; the host's numbers are the same without user namespaces."""
    if point.inside is not None and point.inside.owner >= 0:
        return point.inside
    remapped = {"userns", "rootless"} & {*stack.engine.security}
    return None if remapped or point.outside is None or point.outside.owner < 0 else point.outside


def _configured(container: Container) -> Credentials | None:
    """As whom a container that does not run would work, if its user is given as a number; None where nobody knows."""
    user, _, group = container.user.partition(":")
    if user in ("", "root", "0") and container.no_override:
        return Credentials(pid=0, name="", capabilities=0)  # it could become nobody else either, as a rule
    if not user.isdigit() or int(user) == 0 or (group and not group.isdigit()):
        return None  # an entry point of root's often becomes somebody else
    return Credentials(pid=0, name="", user=int(user), group=int(group or 0), capabilities=0)


def _remote(point: MountPoint) -> str:
    mounted = point.mounted or point.on_host
    return mounted.filesystem if mounted is not None and decides_itself(mounted) else ""


def _overrides(who: Credentials, processes: Processes | None, point: MountPoint) -> bool:
    capable = who.capabilities is not None and bool(who.capabilities & DAC_OVERRIDE)
    return capable and processes is not None and not processes.user_map and not _remote(point)


def _module(processes: Processes | None) -> str:
    """AppArmor, where the profile is somebody's own."""
    label = "" if processes is None else processes.label
    enforced = label.endswith("(enforce)") and not label.startswith(_ORDINARY)
    return f"AppArmor ({label.partition(' ')[0]})" if enforced else ""
