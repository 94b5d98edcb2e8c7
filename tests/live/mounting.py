"""What scenarios with mounts have in common: how something is mounted, and proofs of what comes of it."""

from __future__ import annotations

from tests.live.lab import Lab

POSTGRES = ("--env", "POSTGRES_PASSWORD=for-the-test")
DATA = "/var/lib/postgresql/data"


def at(source: object, destination: str, mode: str = "") -> tuple[str, str]:
    """`-v`, which makes a source that is missing."""
    return "--volume", f"{source}:{destination}" + (f":{mode}" if mode else "")


def ended(lab: Lab, *shorts: str) -> None:
    def all_ended() -> bool:
        return all(lab.inspect(short)["State"]["Status"] == "exited" for short in shorts)

    lab.until(f"{' and '.join(shorts)} to end", all_ended)


def says(lab: Lab, short: str, text: str) -> None:
    """Wait until the container's log has the text."""

    def said() -> bool:
        log = lab.docker("logs", lab.name(short))
        return text in log.stdout + log.stderr

    lab.until(f"{short} to say {text!r}", said)


def cannot(lab: Lab, short: str, *argv: str) -> None:
    assert lab.inside(short, *argv).returncode != 0, f"{short}: {' '.join(argv)} worked"


def can(lab: Lab, short: str, *argv: str) -> None:
    done = lab.inside(short, *argv)
    assert done.returncode == 0, f"{short}: {done.stdout}{done.stderr}"
