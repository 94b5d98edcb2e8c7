"""How the engine's daemon on this machine was told to treat the firewall: its command line and daemon.json.

https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from netdoctor.probes.files_inside import read_inside
from netdoctor.probes.processes import called

_DAEMON_JSON = "/etc/docker/daemon.json"


def writes_rules(namespace: int) -> bool | None:
    """Whether the dockerd in the network namespace with this inode writes rules of iptables; None without such a one.

    The option `iptables` is true unless somebody set it to false.
    """
    for pid in called("dockerd"):
        try:
            if os.stat(f"/proc/{pid}/ns/net").st_ino != namespace:  # noqa: PTH116  a magic link
                continue
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        told = _option(words, "--iptables")
        if told:
            return told != "false"
        return _in_file(pid, _option(words, "--config-file") or _DAEMON_JSON)
    return None


def _option(words: list[str], name: str) -> str:
    """The value of `--name=value` or `--name value`, "" for none; a bare flag is "true"."""
    for index, word in enumerate(words):
        if word == name:
            following = words[index + 1] if index + 1 < len(words) else ""
            return "true" if not following or following.startswith("-") else following
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return ""


def _in_file(pid: int, path: str) -> bool | None:
    try:
        told = json.loads(read_inside(pid, path))
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return None
    return not isinstance(told, dict) or told.get("iptables") is not False
