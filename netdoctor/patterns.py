"""Regular expressions that are compiled when they are first used.

Compiling all of them at import costs a good part of a short run, and most runs need few: a pattern for Oracle's URLs
waits until somebody has one.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, cast


class _Lazy:
    def __init__(self, pattern: str, flags: int) -> None:
        self._source = (pattern, flags)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(*self._source)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiled, name)


def lazily(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`; a fault in the pattern shows when it is first used."""
    return cast("re.Pattern[str]", _Lazy(pattern, flags))
