"""Mounts that are not what was meant, cannot be made, do not answer, hide each other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.live.lab import Lab, Scenario
from tests.live.mounting import DATA, POSTGRES, at, can, cannot, ended, says

NODE = "test -e /app/node_modules/express || { echo \"Error: Cannot find module 'express'\"; exit 1; }; sleep 3600"


# -- volume.source --------------------------------------------------------------------------------------------------


def paths_that_did_not_exist(lab: Lab) -> Scenario:
    """Docker made an empty folder where a file, or a full one, was meant; one is to be filled, one is a drop box."""
    folder = lab.folder()
    lab.folder("drop")
    lab.run("file", "cat /etc/app.conf", options=at(folder / "app.conf", "/etc/app.conf"))
    lab.run("onto", options=at(folder / "passwd", "/etc/passwd"), check=False)
    lab.run("missed", "cat /cfg/settings.txt", options=at(folder / "settings", "/cfg"))
    lab.run("certificates", options=at(folder / "certs", "/certs", "ro"))
    lab.run("fresh", options=at(folder / "data", "/data"))
    lab.run("drop", "ls /drop; sleep 3600", options=at(folder / "drop", "/drop"))
    lab.run("conf", "cat /etc/app.conf; sleep 3600", options=at(lab.file("there.conf", "x=1\n"), "/etc/app.conf", "ro"))
    ended(lab, "file", "missed")
    says(lab, "file", "Is a directory")
    says(lab, "missed", "No such file")
    assert "not a directory" in lab.inspect("onto")["State"]["Error"]
    cannot(lab, "certificates", "sh", "-c", "cat /certs/*")
    yield lab.sick(lab.name("file"), None, "volume.source/created-empty")
    yield lab.sick(lab.name("onto"), None, "volume.source/created-empty")
    yield lab.sick(lab.name("missed"), None, "volume.source/created-empty")
    yield lab.healthy(lab.name("certificates"), None, warns=("volume.source/created-empty",))
    for short in ("fresh", "drop", "conf"):
        yield lab.healthy(lab.name(short), None)


def folder_where_a_file_is_wanted(lab: Lab) -> Scenario:
    """A folder on a file, a file on a folder, a folder that a program takes for its file; files and masks are well."""
    lab.network("net")
    lab.file("there.conf", "x=1\n")
    text = lab.file("text", "root:x:0:0:root:/root:/bin/sh\n")
    folder = lab.folder()
    lab.run("api", network="net")
    lab.run("onto", network="net", options=at(folder, "/etc/passwd"), check=False)
    lab.run("under", network="net", options=at(text, "/etc"), check=False)
    lab.run("program", "cat /etc/app.conf", network="net", options=at(folder, "/etc/app.conf"))
    masks = (
        *at("/dev/null", "/etc/group"),
        *at(text, "/etc/passwd", "ro"),
        *at("/etc/localtime", "/etc/localtime", "ro"),
    )
    lab.run("well", network="net", options=masks)
    ended(lab, "program")
    says(lab, "program", "Is a directory")
    for short in ("onto", "under"):
        assert "not a directory" in lab.inspect(short)["State"]["Error"]
    lab.does_not_resolve("api", lab.name("onto"))
    yield lab.sick(lab.name("api"), f"{lab.name('onto')}:5432", "volume.source/wrong-kind")
    yield lab.sick(lab.name("under"), None, "volume.source/wrong-kind")
    yield lab.sick(lab.name("program"), None, "volume.source/wrong-kind")
    yield lab.healthy(lab.name("well"), None)


def replaced_on_the_host(lab: Lab) -> Scenario:
    """A file and folders that another took the place of while the container ran; one file was written to in place."""
    folder, new = lab.folder(), lab.file("new.conf", "x=20\n")
    for name in ("file.conf", "place.conf", "gone.conf"):
        lab.file(name, "x=1\n")
    for name in ("deleted", "renamed", "removed"):
        (lab.folder(name) / "old").touch()
    for short in ("file", "place", "gone"):
        lab.run(short, options=at(folder / f"{short}.conf", "/etc/app.conf"))
    for short in ("deleted", "renamed", "removed"):
        lab.run(short, options=at(folder / short, "/data"))
    shutil.move(new, folder / "file.conf")  # as an editor does it
    (folder / "place.conf").write_text("x=22\n")
    (folder / "gone.conf").unlink()
    shutil.rmtree(folder / "deleted")
    (folder / "renamed").rename(folder / "renamed.old")
    shutil.rmtree(folder / "removed")
    for name in ("deleted", "renamed"):
        (lab.folder(name) / "new").touch()
    assert lab.inside("file", "cat", "/etc/app.conf").stdout == "x=1\n"
    assert lab.inside("place", "cat", "/etc/app.conf").stdout == "x=22\n"
    for short in ("deleted", "renamed"):
        cannot(lab, short, "ls", "/data/new")
    yield lab.sick(lab.name("file"), None, "volume.source/stale-file", rungs=("netns", "exec"))
    yield lab.sick(lab.name("deleted"), None, "volume.source/replaced", rungs=("netns", "exec"))
    yield lab.sick(lab.name("renamed"), None, "volume.source/replaced", rungs=("netns", "exec"))
    yield lab.sick(lab.name("gone"), None, "volume.source/missing")
    yield lab.sick(lab.name("removed"), None, "volume.source/missing")
    yield lab.healthy(lab.name("place"), None)
    assert not (folder / "removed").exists(), "the diagnosis had the engine make the folder"


def gone_before_the_start(lab: Lab) -> Scenario:
    """Stopped containers whose folder is gone: one is to run again and cannot, one has done its work long ago."""
    for short in ("data", "job", "volume", "well"):
        lab.folder(short)
    folder = lab.folder()
    gone = lab.volume("volume")
    lab.run("data", "exit 3", options=("--mount", f"type=bind,source={folder}/data,target=/data"))
    lab.run("job", "true", options=at(folder / "job", "/data"))
    lab.run("volume", options=at(gone, "/data"))
    lab.run("well", "exit 0", options=at(folder / "well", "/data"))
    ended(lab, "data", "job", "well")
    lab.docker("stop", "--time", "0", lab.name("volume"))
    place = Path(lab.docker("volume", "inspect", "--format", "{{.Mountpoint}}", gone).stdout.strip())
    for path in (folder / "data", folder / "job", place):
        path.rmdir()
    for short in ("data", "volume"):
        assert lab.docker("start", lab.name(short), check=False).returncode != 0
    yield lab.sick(lab.name("data"), None, "volume.source/missing")
    yield lab.sick(lab.name("volume"), None, "volume.source/missing")
    yield lab.healthy(lab.name("job"), None, warns=("volume.source/missing",))
    yield lab.healthy(lab.name("well"), None)
    place.mkdir()
    assert not (folder / "job").exists(), "the diagnosis had the engine make the folder"


def disk_that_came_late(lab: Lab) -> Scenario:
    """The host mounts a disk after the container was started, at its folder or below; beside one that started later."""
    for name in ("disk", "media/films", "plain"):
        lab.folder(name)
    folder = lab.folder()
    lab.run("early", options=at(folder / "disk", "/data"))
    lab.run("above", options=at(folder / "media", "/media"))
    lab.run("slave", options=at(folder / "plain", "/data"))
    image = folder / "films.ext4"
    with image.open("wb") as file:
        file.truncate(4 << 20)
    lab.host("mkfs.ext4", "-q", str(image), undo=())
    lab.host("mount", "-t", "tmpfs", "tmpfs", str(folder / "disk"))
    lab.host("mount", "-o", "loop", str(image), str(folder / "media/films"))
    (folder / "disk/film").touch()
    lab.run("late", options=at(folder / "disk", "/data"))
    can(lab, "late", "ls", "/data/film")
    cannot(lab, "early", "ls", "/data/film")
    cannot(lab, "above", "ls", "/media/films/lost+found")
    yield lab.sick(lab.name("early"), None, "volume.source/mounted-late", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("above"), None, warns=("volume.source/mounted-late",))
    for short in ("late", "slave"):
        yield lab.healthy(lab.name(short), None)


def image_content_that_is_hidden(lab: Lab) -> Scenario:
    """Mounts over what the image has: nginx without its configuration, a command that is gone; and healthy ones."""
    for name in ("empty", "html", "app", "pg", "redis"):
        lab.folder(name)
    lab.folder("one")
    for name in ("app/main.js", "one/mime.types"):
        lab.file(name, "")
    folder = lab.folder()
    lab.run("nginx", [], image="nginx:1.22", options=at(folder / "empty", "/etc/nginx"))
    lab.run("partly", [], image="nginx:1.22", options=at(folder / "one", "/etc/nginx"))
    lab.run("command", ["/app/run.sh"], options=at(folder / "app", "/app"), check=False)
    image = lab.derived("node", "mkdir -p /app/node_modules/express && touch /app/main.js")
    lab.run("node", NODE, image=image, options=at(folder / "app", "/app"))
    lab.run("modules", NODE, image=image, options=(*at(folder / "app", "/app"), "--volume", "/app/node_modules"))
    lab.run("page", [], image="nginx:1.22", options=at(folder / "html", "/var/www"))
    lab.run("db", [], image="postgres:15", options=(*POSTGRES, *at(folder / "pg", DATA)))
    lab.run("redis", [], image="redis:7", options=at(folder / "redis", "/data"))
    ended(lab, "nginx", "partly", "node")
    says(lab, "node", "Cannot find module")
    can(lab, "modules", "ls", "/app/node_modules/express", "/app/main.js")
    says(lab, "nginx", '"/etc/nginx/nginx.conf" failed (2: No such file')
    assert "no such file" in lab.inspect("command")["State"]["Error"]
    lab.listens("db", 5432)
    lab.listens("redis", 6379)
    for short in ("nginx", "partly", "command", "node"):
        yield lab.sick(lab.name(short), None, "volume.source/hides-content")
    yield lab.healthy(lab.name("page"), None, warns=("volume.source/hides-content",))
    for short in ("modules", "db", "redis"):
        yield lab.healthy(lab.name(short), None)


# -- volume.driver --------------------------------------------------------------------------------------------------


def volumes_that_cannot_be_mounted(lab: Lab) -> Scenario:
    """NFS and CIFS that the kernel does not know, a device that is gone, propagation that is not allowed; one works."""
    lab.network("net")
    lab.run("api", network="net")
    folder = lab.folder()
    lab.folder("there")
    nfs = lab.volume("nfs", "--opt", "type=nfs", "--opt", "device=:/export", "--opt", "o=addr=127.0.0.1,nfsvers=4")
    secret = "o=addr=127.0.0.1,username=u,password=for-the-test-1"
    cifs = lab.volume("cifs", "--opt", "type=cifs", "--opt", "device=//127.0.0.1/share", "--opt", secret)
    bind = ("--opt", "type=none", "--opt", "o=bind", "--opt")
    gone = lab.volume("gone", *bind, f"device={folder}/gone")
    well = lab.volume("well", *bind, f"device={folder}/there")
    for short, volume in (("nfs", nfs), ("cifs", cifs), ("gone", gone), ("well", well)):
        lab.run(short, network="net", options=at(volume, "/mnt/data"), check=short == "well")
    lab.run("shared", options=at(folder / "there", "/data", "rshared"), check=False)
    for short in ("nfs", "cifs", "gone"):
        assert "failed to mount local volume" in lab.inspect(short)["State"]["Error"]
    lab.does_not_resolve("api", lab.name("nfs"))
    can(lab, "well", "touch", "/mnt/data/x")
    yield lab.sick(lab.name("api"), f"{lab.name('nfs')}:5432", "volume.driver/mount-failed")
    yield lab.sick(lab.name("cifs"), None, "volume.driver/mount-failed")
    yield lab.sick(lab.name("gone"), None, "volume.driver/mount-failed")
    if "shared" in lab.inspect("shared")["State"]["Error"]:
        yield lab.sick(lab.name("shared"), None, "volume.driver/mount-failed")
    yield lab.healthy(lab.name("well"), None)


def file_systems_that_do_not_answer(lab: Lab) -> Scenario:
    """A share whose server hangs, and one whose process is gone; nobody waits for them, and the third one answers."""
    shares = {short: lab.hanging_folder(short) for short in ("hung", "dead", "well")}
    for short, share in shares.items():
        lab.run(short, options=at(share.path, "/data"))
        can(lab, short, "cat", "/data/data")
    shares["hung"].hang()
    os.kill(shares["dead"].pid, 9)
    assert lab.inside("hung", "timeout", "1", "stat", "/data").returncode != 0
    lab.until("the share to be dead", lambda: "not connected" in lab.inside("dead", "stat", "/data").stderr)
    yield lab.sick(lab.name("hung"), None, "volume.driver/not-answering", rungs=("netns", "exec"))
    yield lab.sick(lab.name("dead"), None, "volume.driver/not-answering")
    yield lab.healthy(lab.name("well"), None)
    assert len(lab.docker("top", lab.name("hung")).stdout.splitlines()) == 2, "a command is left in the container"


# -- volume.nested --------------------------------------------------------------------------------------------------


def mounts_that_hide_each_other(lab: Lab) -> Scenario:
    """A path that is a link to another's, an empty volume over a full folder; node_modules and others are as meant."""
    for name in ("one", "two", "app/upload", "app/node_modules"):
        lab.folder(name)
    for name in ("one/first", "two/second", "app/upload/picture", "app/node_modules/express"):
        lab.file(name, "x")
    folder = lab.folder()
    linked = (*at(folder / "one", "/var/run/app"), *at(folder / "two", "/run/app"))
    covered = (*at(folder / "app", "/app"), *at(lab.volume("upload"), "/app/upload"))
    modules = (*at(folder / "app", "/app"), "--volume", "/app/node_modules")
    beside = (*at(folder / "one", "/data/one"), *at(folder / "two", "/data/two"))
    lab.run("linked", image="debian:12", options=linked)
    lab.run("covered", options=covered)
    lab.run("modules", options=modules)
    lab.run("beside", options=beside)
    cannot(lab, "covered", "ls", "/app/upload/picture")
    seen = [lab.inside("linked", "ls", f"/run/app/{name}").returncode == 0 for name in ("first", "second")]
    assert seen.count(True) == 1, seen
    yield lab.healthy(lab.name("linked"), None, warns=("volume.nested/hidden",))
    yield lab.healthy(lab.name("covered"), None, warns=("volume.nested/hidden",))
    yield lab.healthy(lab.name("modules"), None)
    yield lab.healthy(lab.name("beside"), None)
