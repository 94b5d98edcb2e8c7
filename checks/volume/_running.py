"""Which program a container could not run for want of permission: by the engine's error, or by its log."""

from __future__ import annotations

from netdoctor.api import Container, Stack, Unable, lazily

_BY_ENGINE = lazily(r'exec:? "?(?P<path>/[^":]+)"?: permission denied')
_BY_LOG = lazily(r"(?:exec |: )(?P<path>/[^\s:]+): [Pp]ermission denied$")


def not_executable(stack: Stack, container: Container) -> str:
    """The path, "" for none."""
    found = _BY_ENGINE.search(container.state.error)
    if found is not None:
        return found["path"]
    logs = stack.logs(container)
    if isinstance(logs, Unable) or container.state.exit_code != 126:
        return ""
    matches = (_BY_LOG.search(line.text.strip()) for line in reversed(logs.lines))
    return next((m["path"] for m in matches if m is not None), "")
