"""Where data really lies: a container's own layer, the files that its processes have open, folders, images, volumes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from netdoctor.answers.question import Answer, Question

# -- the writable layer -----------------------------------------------------------------------------------------------


class AskChanges(Question, frozen=True, kw_only=True):
    """What has the container written into its own layer, which ends with it?"""

    container: str


class Grown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A folder of the layer that files were added to, its sub-folders counted in.

    `size` is in bytes, 0 where only the paths could be seen (the engine's API tells no sizes).
    """

    path: str
    files: int = 0
    size: int = 0


class Changes(Answer, frozen=True, kw_only=True):
    """The writable layer against the image. Logs, caches, temporary files and the stubs of mount points are left out.

    `size` is what the engine calls SizeRw: all bytes of the layer, those left out as well. `databases` are the paths of
    files whose names are those of database files (`netdoctor.stateful`), at most 20. `folders` are the ones that files
    were added to since the container was made, the fullest first, at most 20.
    """

    size: int = 0
    databases: tuple[str, ...] = ()
    folders: tuple[Grown, ...] = ()


# -- the processes ----------------------------------------------------------------------------------------------------


class AskOpenFiles(Question, frozen=True, kw_only=True):
    """Which processes live in the container, where do they stand, and which files do they write?"""

    container: str


class AtWork(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process with its working directory, which is the data directory of many a server, and the files that it has
    open for writing: regular ones that still have a name, at most 50, as paths of the container."""

    pid: int
    name: str
    folder: str = ""
    writes: tuple[str, ...] = ()


class OpenFiles(Answer, frozen=True, kw_only=True):
    """The processes of a container, the first one first, at most 64."""

    processes: tuple[AtWork, ...] = ()


# -- folders, images, volumes -----------------------------------------------------------------------------------------


class AskFolder(Question, frozen=True, kw_only=True):
    """Do these files lie in a folder of the container, which need not run?"""

    container: str
    path: str
    names: tuple[str, ...]


class Folder(Answer, frozen=True, kw_only=True):
    """`there` are the names among those asked for that exist, with the time at which each was written. `texts` is what
    stands in those that hold a version, at most 100 characters. `exists` tells whether the folder itself does."""

    exists: bool = False
    there: Mapping[str, float] = {}
    texts: Mapping[str, str] = {}


class AskOwners(Question, frozen=True, kw_only=True):
    """To whom do the files in a folder of the container belong?"""

    container: str
    path: str


class Owned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Files or folders (`folder`) with the same owner, group and mode (the nine bits of chmod(2)): how many, and one of
    them. The numbers are the container's own."""

    owner: int
    group: int
    mode: int
    folder: bool = False
    count: int = 1
    example: str = ""


class Owners(Answer, frozen=True, kw_only=True):
    """The files of a folder, at most 500 and three levels deep."""

    owned: tuple[Owned, ...] = ()


class AskImage(Question, frozen=True, kw_only=True):
    """What is the image made for? `image` is its ID, or its name where nobody knows the ID."""

    image: str


class Image(Answer, frozen=True, kw_only=True):
    """`.Config` of an image: its VOLUMEs, entry point and command, environment. `created` is in seconds.

    A container's own `.Config.Volumes` mixes the VOLUMEs of its image with every bare `-v PATH`.
    """

    volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    created: float = 0.0


class AskVolumeUsage(Question, frozen=True, kw_only=True):
    """How much does the volume hold, and since when?"""

    volume: str


class VolumeUsage(Answer, frozen=True, kw_only=True):
    """`size` is in bytes; with `at_least` there is more that nobody had the time to count. `entries` are the first
    names in it, `changed` is when the newest of the files seen was written, `made` when it was made itself: all three
    only where its folder could be read. (The engine's `CreatedAt` is right from 23 on; before, it is the time at which
    the top of the volume was last changed.)
    """

    size: int = 0
    at_least: bool = False
    entries: tuple[str, ...] = ()
    changed: float = 0.0
    made: float = 0.0


DataQuestion = AskChanges | AskOpenFiles | AskFolder | AskOwners | AskImage | AskVolumeUsage
DataAnswer = Changes | OpenFiles | Folder | Owners | Image | VolumeUsage
