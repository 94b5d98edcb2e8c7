"""Which programs a container's command line runs: behind entry point scripts, inits, and in the text of `sh -c`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from netdoctor.patterns import lazily

_SHELLS = {"sh", "bash", "ash", "dash", "zsh", "busybox"}
# Programs that become another one; the second kind wants a user or a number before it.
_BECOME = {
    "tini",
    "tini-static",
    "dumb-init",
    "catatonit",
    "docker-init",
    "env",
    "exec",
    "nice",
    "nohup",
    "sudo",
    "setsid",
}
_BECOME_AS = {"gosu", "su-exec", "chpst", "s6-setuidgid", "setpriv", "timeout", "runuser"}
_SCRIPT = lazily(r"(.*[-_])?(entrypoint|entry)(\.sh|\.bash|\.py)?|(run|start|init)\.sh|init")
_KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "for", "!", "{", "}", "fi", "done", "time"}
_APART = lazily(r"&&|\|\||[;&|\n()]")


def programs(command: Iterable[str]) -> tuple[str, ...]:
    """The names of the programs that are run, without their folders.

    "" stands for the one that an entry point script knows by itself: it is given options alone.
    """
    return tuple(dict.fromkeys(_programs(list(command))))


def _programs(words: list[str]) -> Iterator[str]:
    while words:
        name = words[0].rpartition("/")[2]
        if name in _SHELLS:
            yield from _in_shell(words[1:])
            return
        script = _SCRIPT.fullmatch(name) is not None
        if script or name in _BECOME or name in _BECOME_AS:
            words = words[1:]
            if script and words[:1] and words[0].startswith("-") and words[0] != "--":
                yield ""
                return
            while words and (words[0].startswith("-") or "=" in words[0]):
                words = words[1:]
            if name in _BECOME_AS:
                words = words[1:]
        elif re.fullmatch(r"\w+=.*", words[0], re.DOTALL) or name in _KEYWORDS:
            words = words[1:]
        else:
            yield name
            return


def _in_shell(words: list[str]) -> Iterator[str]:
    """What `sh -c "text"`, `sh script args` or `busybox sh -c "text"` runs."""
    while words and words[0].startswith("-"):
        if "c" in words[0].lstrip("-") and not words[0].startswith("--"):
            for part in _APART.split(" ".join(words[1:2])):
                yield from _programs(split(part))
            return
        words = words[1:]
    yield from _programs(words)


def split(text: str) -> list[str]:
    """The words of a piece of shell text; one with an open quote is split at its blanks."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def spoken(command: Iterable[str]) -> tuple[str, ...]:
    """All words of a command line, those inside the text of `sh -c` too."""
    found: list[str] = []
    for word in command:
        found += split(word) if " " in word.strip() else [word]
    return tuple(found)


def value_of(words: tuple[str, ...], flag: str) -> str:
    """What follows a flag: `--dir /x`, `--dir=/x`, `-D/x`; "" where it is not given."""
    for index, word in enumerate(words):
        if word == flag:
            return words[index + 1] if index + 1 < len(words) else ""
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
        if len(flag) == 2 and flag[0] == "-" and word.startswith(flag) and len(word) > 2:
            return word[2:]
    return ""
