"""Is there data that no container knows any more?

What is asked
    Which volumes does no container have mounted, running or not: how many, how much do they hold, since when? Only when
    the whole stack is asked for. Of a Compose project these are the volumes that bear its label.

Healthy
    Every volume has a container; or those without one are empty.

Sick
    dangling: volumes with data that nobody uses. Left behind by containers that were made anew without a named
    volume, by a renamed project or service; sometimes they are the data that somebody is looking for.

Remedy
    A look into each before anything is removed: a removed volume does not come back.

By hand
    docker volume ls --filter dangling=true
    docker system df --verbose
    docker run --rm --network none -v NAME:/look:ro IMAGE ls -la /look

See also
    volume.identity, volume.persistent
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskVolumeUsage,
    Finding,
    Host,
    Reason,
    Remedy,
    Stack,
    Unable,
    Volume,
    VolumeUsage,
    check,
    dangling,
    is_anonymous,
    passed,
    warn,
)

from ._words import dated, size

SHOWN = 10


@check(
    id="volume.orphans",
    title="no data is left behind",
    reasons=(Reason("dangling", "volumes with data that no container has"),),
    needs=(AskVolumeUsage,),
    decisive=False,
)
def orphans(stack: Stack, _host: Host) -> Iterator[Finding]:
    if not stack.scope.everything:
        return
    free = dangling(stack)
    usages = {v.name: stack.told(AskVolumeUsage(volume=v.name), VolumeUsage) for v in free}
    sizes = {name: usage.size for name, usage in usages.items() if isinstance(usage, VolumeUsage)}
    left = [v for v in free if sizes.get(v.name) != 0]
    if not left:
        also = f"; {len(free)} without a container are empty" if free else ""
        yield passed(f"every volume with data belongs to a container{also}")
        return
    yield _left(stack, left, sizes, {u.seen_by for u in usages.values() if not isinstance(u, Unable)})


def _left(stack: Stack, left: list[Volume], sizes: dict[str, int], seen_by: set[str]) -> Finding:
    left = sorted(left, key=lambda v: -sizes.get(v.name, 0))
    total, unsized = sum(sizes.get(v.name, 0) for v in left), [v for v in left if v.name not in sizes]
    oldest = min((v for v in left if v.created), key=lambda v: v.created, default=None)
    one = len(left) == 1
    says = f"{len(left)} volume{'' if one else 's'} with {size(total)} {'has' if one else 'have'} no container"
    says += f" (the size of {len(unsized)} is not known)" if unsized else ""
    says += f", the oldest {dated(stack, oldest)}" if oldest is not None else ""
    listed = [_line(stack, v, sizes.get(v.name)) for v in left[:SHOWN]]
    names = " ".join(v.name for v in left[:SHOWN])
    remedy = Remedy(
        says="Look into each, and mount or copy what is still wanted; `docker volume rm NAME` only then",
        run=("docker volume ls --filter dangling=true", f"docker volume inspect {names}"),
        verify=("docker volume ls --filter dangling=true",),
    )
    return warn("dangling", says, remedy=remedy, seen_by=", ".join(sorted(seen_by)), volumes=listed, bytes=total)


def _line(stack: Stack, volume: Volume, amount: int | None) -> str:
    name = f"{volume.name[:12]}... (anonymous)" if is_anonymous(volume) else volume.name
    holds = "size not known" if amount is None else size(amount)
    return f"{name}: {holds}" + (f", {dated(stack, volume)}" if volume.created else "")
