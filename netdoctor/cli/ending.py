"""How a run ends: the exit codes, and every fault in one sentence on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

HEALTHY, SICK, USAGE, UNCLEAR, ENGINE = 0, 1, 2, 3, 4
INTERRUPTED = 130
"""As a shell says it: 128 and the number of the signal."""


@contextmanager
def complaints() -> Iterator[None]:
    """Turn what can go wrong for a user into one sentence and the right exit code."""
    try:
        yield
    except click.ClickException:
        raise
    except KeyboardInterrupt:
        end("interrupted.", INTERRUPTED)
    except Exception as error:
        end(*_known(error))


def _known(error: Exception) -> tuple[str, int]:
    from netdoctor.ignoring import BadIgnore
    from netdoctor.redact import Redactor
    from netdoctor.registry import UnknownCheck
    from netdoctor.request import BadRequest
    from netdoctor.sources.capture import BadCapture
    from netdoctor.sources.docker_api import EngineError
    from netdoctor.sources.endpoint import BadEndpoint

    sentence = Redactor().text(str(error))
    if isinstance(error, (BadRequest, BadCapture, BadEndpoint, BadIgnore, UnknownCheck)):
        return sentence, USAGE
    if isinstance(error, EngineError):
        return sentence, ENGINE
    if os.environ.get("NETDOCTOR_DEBUG"):
        raise error
    return f"netdoctor itself broke, which is a fault of netdoctor: {type(error).__name__}: {sentence}", UNCLEAR


def end(sentence: str, code: int) -> NoReturn:
    click.echo(f"netdoctor: {sentence}", err=True)
    sys.exit(code)
