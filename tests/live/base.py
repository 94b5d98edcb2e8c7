"""What every part of `Lab` stands on: the scenario's name, the docker command, a folder, processes on the host."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.live.undo import Undo

LABEL = "netdoctor.test=1"


class Base:
    """One scenario's corner of the engine. Names are `<slug>-<short>`, so that scenarios do not meet."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.undo = Undo(slug)
        self._processes: list[subprocess.Popen[str]] = []

    def name(self, short: str) -> str:
        return f"{self.slug}-{short}"

    @property
    def labels(self) -> list[str]:
        """The options that give an object the labels by which it is found and removed."""
        return ["--label", LABEL, "--label", f"netdoctor.scenario={self.slug}"]

    def docker(self, *arguments: str, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the docker command; a failure shows what it said."""
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def until(
        self, what: str, condition: Callable[[], object], seconds: float = 20, told: Callable[[], object] = str
    ) -> None:
        """Wait for a condition, never for a fixed time. `told` is what is said of one that never came true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.slug}: waited {seconds:.0f} s in vain for {what} {told()}".rstrip())

    def file(self, name: str, text: str) -> str:
        """A file on the host, to be mounted; removed with the stack."""
        path = self.folder() / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def folder(self, name: str = "") -> Path:
        """A folder on the host, to be mounted; removed with the stack. Engines of the lab share the machine's files."""
        engine = Path(os.environ.get("NETDOCTOR_LAB", "engine")).name
        path = Path(tempfile.gettempdir()) / f"netdoctor-lab-{engine}" / self.slug / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def listening(self, what: str, pid: int, port: int, file: str = "tcp", seconds: float = 20) -> None:
        """Wait until a socket of the process's network namespace listens on the port (tcp, tcp6 or udp)."""
        wanted = f":{port:04X}"

        def there() -> bool:
            with Path(f"/proc/{pid}/net/{file}").open() as table:
                rows = [line.split() for line in table][1:]
            return any(row[1].endswith(wanted) and row[3] in ("0A", "07") for row in rows)

        self.until(f"{what} to listen on {port}", there, seconds)

    def process(self, *argv: str) -> subprocess.Popen[str]:
        """Start a process on the host. It ends with the stack, or with this process, however that ends."""
        command = ["setpriv", "--pdeathsig", "KILL", *argv]
        quiet = subprocess.DEVNULL
        started = subprocess.Popen(
            command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, text=True, start_new_session=True
        )
        self._processes.append(started)
        return started

    def end_processes(self) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with its children, which wait for a lost connection
            process.communicate()
        self._processes.clear()
