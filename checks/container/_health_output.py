"""What a health check said: a program that is missing, or localhost where nobody answers."""

from __future__ import annotations

import re

from netdoctor.api import Health, lazily

_NOT_FOUND = lazily(
    r"^\S*sh: (?:line )?(?:\d+: )?(?P<shell>[\w./-]+): (?:command )?not found"
    r'|exec: "(?P<engine>[^"]+)": (?:executable file not found|stat \S+: no such file)',
    re.MULTILINE,
)
_LOCALHOST = lazily(r"(?:(?P<scheme>https?)://)?(?:localhost|\[?::1\]?)(?:[: ]+(?P<port>\d{1,5}))?")
_NOBODY_THERE = lazily(r"refused|cannot assign requested address|address not available", re.IGNORECASE)


def said(health: Health) -> str:
    """The output of the last run."""
    return health.runs[-1].output.strip() if health.runs else ""


def missing_program(health: Health) -> str:
    """The program that the health check wants and the image lacks, "" if it has it."""
    found = _NOT_FOUND.search(said(health))
    if found:
        return found["shell"] or found["engine"]
    return "its command" if health.runs and health.runs[-1].exit_code in (126, 127) else ""


def refused_on_localhost(health: Health) -> int:
    """The port of localhost (or ::1) at which the health check finds nobody, 0 if that is not what it says."""
    if not _NOBODY_THERE.search(said(health)):
        return 0
    for text in (*health.test, said(health)):
        for found in _LOCALHOST.finditer(text):
            port = int(found["port"] or 0) or {"http": 80, "https": 443}.get(found["scheme"], 0)
            if port:
                return port
    return 0
