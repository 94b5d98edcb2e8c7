"""What came out of containers is shown and never obeyed: it colours nothing, moves no cursor, reverses no text."""

from __future__ import annotations

import re

# ECMA-48: CSI sequences, then strings (OSC, DCS, SOS, PM, APC) up to their terminator, then all other escapes.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]"
)


def plain(text: str) -> str:
    """One line that is safe on a terminal: control sequences are cut, other invisible characters made visible."""
    if text.isprintable():
        return text
    return "".join(map(_shown, _SEQUENCE.sub("", text)))


def ascii_only(text: str) -> str:
    """The text for an output that knows no more than ASCII."""
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode("ascii")


def without_sequences(text: str) -> str:
    """The text without terminal control sequences, its other characters as they are."""
    return _SEQUENCE.sub("", text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
