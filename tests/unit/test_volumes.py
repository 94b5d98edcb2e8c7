"""Volumes that are called alike, and volumes that nobody has."""

from __future__ import annotations

import pytest

from netdoctor.data_folders import place_on_host, rivals
from netdoctor.model import Container, Engine, Mount, Scope, State, Volume
from netdoctor.stack import Stack
from netdoctor.volumes import dangling, look_alikes

NOW = 1_795_000_000.0
HEXADECIMAL = "ab" * 32


def volume(name: str, age: float = 30 * 86400, project: str = "", key: str = "") -> Volume:
    labels = {"com.docker.compose.project": project, "com.docker.compose.volume": key} if project else {}
    return Volume(name=name, created=NOW - age, labels=labels)


def container(name: str, volumes: tuple[str, ...], status: str = "running", project: str = "") -> Container:
    mounts = tuple(Mount(kind="volume", name=v, destination=f"/{v}", container=name, given="-v") for v in volumes)
    labels = {"com.docker.compose.project": project} if project else {}
    return Container(
        id=name, name=name, state=State(status=status), created=NOW - 60, mounts=mounts, labels=labels
    )  # fmt: skip


def stack(*volumes: Volume, containers: tuple[Container, ...], whole: tuple[str, ...] = ("c",)) -> Stack:
    scope = Scope(whole=whole, everything=True)
    return Stack(engine=Engine(), taken_at=NOW, volumes=volumes, containers=containers, scope=scope)


def alike(mine: Volume, *others: Volume, busy: str = "") -> list[str]:
    containers = (container("c", (mine.name,)), *((container("b", (busy,)),) if busy else ()))
    return [v.name for v in look_alikes(stack(mine, *others, containers=containers), containers[0].mounts[0])]


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ("pgdta", "pgdata"),
        ("pgdaat", "pgdata"),
        ("pg_data", "pgdata"),
        ("PgData", "pgdata"),
        ("mailcow-dockerized_vmail", "mailcowdockerized_vmail"),
        ("shop_pgdata", "pgdata"),
        ("pgdata", "shop_pgdata"),
    ],
)
def test_names_that_are_nearly_the_same(mine: str, other: str) -> None:
    assert alike(volume(mine, 61), volume(other)) == [other]


@pytest.mark.parametrize(
    ("mine", "other"), [("data-2", "data-1"), ("letters", "pictures"), ("db", "da"), ("app1_db", "app2_db")]
)
def test_names_that_are_two(mine: str, other: str) -> None:
    assert alike(volume(mine, 61), volume(other)) == []


def test_the_same_volume_of_a_compose_file_under_another_project() -> None:
    mine = volume("new_pgdata", 61, "new", "pgdata")
    assert alike(mine, volume("old_pgdata", 86400, "old", "pgdata")) == ["old_pgdata"]
    assert alike(mine, volume("old_redis", 86400, "old", "redis")) == []


def test_only_what_is_older_and_not_in_use_and_only_for_a_fresh_volume() -> None:
    assert alike(volume("pgdta", 61), volume("pgdata", 10)) == []
    assert alike(volume("pgdta", 61), volume("pgdata"), busy="pgdata") == []
    assert alike(volume("pgdta", 3 * 86400), volume("pgdata")) == [], "not made with its container"


def test_a_volume_that_nobody_has() -> None:
    volumes = (volume("used"), volume("stopped"), volume("left"), volume(HEXADECIMAL))
    containers = (container("c", ("used",)), container("s", ("stopped",), "exited"))
    assert [v.name for v in dangling(stack(*volumes, containers=containers))] == ["left", HEXADECIMAL]


def test_of_one_project_what_bears_its_name() -> None:
    volumes = (volume("shop_left", project="shop", key="left"), volume("other_left", project="other", key="left"))
    containers = (container("c", (), project="shop"), container("o", (), project="other"))
    assert [v.name for v in dangling(stack(*volumes, containers=containers))] == ["shop_left"]


def server(name: str, mount: Mount, folder: str) -> Container:
    return Container(
        id=name,
        name=name,
        state=State(status="running"),
        command=("postgres",),
        environment=(("PGDATA", folder),),
        mounts=(mount,),
    )


def test_one_data_folder_by_several_paths() -> None:
    made = Volume(name="pg", mountpoint="/var/lib/docker/volumes/pg/_data", options={"o": "bind", "device": "/srv/pg"})
    mounts = {
        "a": (Mount(kind="volume", name="pg", destination="/data", container="a", source=made.mountpoint), "/data"),
        "b": (Mount(kind="bind", source="/srv", destination="/x", container="b"), "/x/pg"),
        "c": (Mount(kind="bind", source="/srv/pg", destination="/data", container="c", writable=False), "/data"),
        "d": (Mount(kind="tmpfs", destination="/data", container="d"), "/data"),
    }
    servers = tuple(server(name, mount, folder) for name, (mount, folder) in mounts.items())
    here = stack(made, containers=servers)
    assert {place_on_host(here, m, folder) for m, folder in mounts.values() if m.kind != "tmpfs"} == {"/srv/pg"}
    assert [c.name for c in rivals(here, servers[0].mounts[0])] == ["b"], "neither a reader nor memory"
    assert rivals(here, servers[3].mounts[0]) == ()
