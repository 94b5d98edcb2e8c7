"""Volumes and file systems in a bad way: small ones to be filled, and one that stops answering."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.live.base import Base
from tests.live.undo import engine_folder

HANGING = Path(__file__).with_name("hanging.py")


@dataclass(frozen=True)
class HangingFolder:
    """A mounted file system with one file, `data`, that can stop answering, as an NFS share whose server is gone."""

    path: Path
    pid: int

    def hang(self) -> None:
        """From now on every stat, read and write waits; the caller can be killed."""
        os.kill(self.pid, signal.SIGUSR1)

    def answer(self) -> None:
        os.kill(self.pid, signal.SIGUSR2)


class Disks(Base):
    """The part of `Lab` for volumes and file systems."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self._hanging: list[HangingFolder] = []

    def volume(self, short: str, *options: str) -> str:
        """A named volume; returns its full name."""
        self.docker("volume", "create", *self.labels, *options, self.name(short))
        return self.name(short)

    def memory_volume(self, short: str, *, size: str = "1m", inodes: int = 0) -> str:
        """A volume of the local driver on a tmpfs of that size, and with so many inodes."""
        limits = f"size={size}" + (f",nr_inodes={inodes}" if inodes else "")
        return self.volume(short, "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o={limits}")

    def disk_volume(self, short: str, *, mebibytes: int = 8, inodes: int = 0) -> str:
        """A volume of the local driver on an ext4 of its own (in a file): nothing reserved, and so many inodes."""
        engine_folder()
        image = self.folder() / f"{short}.ext4"
        with image.open("wb") as file:
            file.truncate(mebibytes << 20)
        count = ["-N", str(inodes)] if inodes else []
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", *count, str(image)], check=True, timeout=20)
        losetup = ["losetup", "--find", "--show", str(image)]
        device = subprocess.run(losetup, check=True, capture_output=True, text=True, timeout=20).stdout.strip()
        self.undo.note("losetup", "--detach", device)
        return self.volume(short, "--opt", "type=ext4", "--opt", f"device={device}")

    def hanging_folder(self, short: str) -> HangingFolder:
        """A folder on the host, to be mounted, that `hang()` stops from answering."""
        engine_folder()
        path = self.folder(short)
        self.undo.note("umount", "--lazy", str(path))
        process = self.process(sys.executable, str(HANGING), str(path))
        assert process.stdout is not None
        assert process.stdout.readline() == "mounted\n", f"{path} could not be mounted"
        self._hanging.append(HangingFolder(path, process.pid))
        return self._hanging[-1]

    def let_go(self) -> None:
        """Let every hanging folder answer, or its containers could not be removed."""
        for folder in self._hanging:
            folder.answer()
        self._hanging.clear()
