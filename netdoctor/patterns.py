"""Regular expressions that are compiled when they are first used.

Compiling all of them at import costs a good part of a short run, and most runs need few: a pattern for Oracle's URLs
waits until somebody has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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


class _Holding(_Lazy):
    """Looks for the text that every match holds before anything else: that takes a hundredth of the time."""

    def __init__(self, pattern: str, flags: int, holds: str) -> None:
        super().__init__(pattern, flags)
        self._holds = holds

    def match(self, text: str) -> re.Match[str] | None:
        return self._compiled.match(text) if self._holds in text else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self._compiled.fullmatch(text) if self._holds in text else None

    def search(self, text: str) -> re.Match[str] | None:
        return self._compiled.search(text) if self._holds in text else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self._compiled.finditer(text) if self._holds in text else iter(())

    def sub(self, replacement: Any, text: str) -> str:
        return self._compiled.sub(replacement, text) if self._holds in text else text


def lazily(pattern: str, flags: int = 0, *, holds: str = "") -> re.Pattern[str]:
    """As `re.compile`; a fault in the pattern shows when it is first used.

    `holds`: a text that every match has in it. Where it is not, there is none, and the pattern is not even compiled.
    """
    return cast("re.Pattern[str]", _Holding(pattern, flags, holds) if holds else _Lazy(pattern, flags))
