"""What came out of containers is shown and never obeyed: it colours nothing, moves no cursor, reverses no text."""

from __future__ import annotations

from collections.abc import Mapping

from netdoctor.patterns import lazily

# ECMA-48: CSI sequences, then strings (OSC, DCS, SOS, PM, APC) up to their terminator, then all other escapes.
_SEQUENCE = lazily(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)


def plain(text: str) -> str:
    """One line that is safe on a terminal: control sequences are cut, other invisible characters made visible."""
    if text.isprintable():
        return text
    return "".join(map(_shown, _SEQUENCE.sub("", text)))


def ascii_only(text: str) -> str:
    """The text for an output that knows no more than ASCII."""
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode("ascii")


def in_lines(value: object) -> list[str]:
    """Evidence in lines: the short values of a list stand in one line, others in one line each."""
    if value is None:
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, float):
        return [f"{value:g}"]
    if isinstance(value, Mapping):
        inner = ((str(k).replace("_", " "), "; ".join(in_lines(v))) for k, v in value.items())
        return [", ".join(f"{k} {v}" for k, v in inner if v)] if value else []
    if isinstance(value, (list, tuple, set, frozenset)):
        lines = [line for v in value for line in in_lines(v)]
        short = all(len(line) < 30 and " " not in line for line in lines) and sum(map(len, lines)) < 60
        return [", ".join(lines)] if short and lines else lines
    return [line for line in str(value).splitlines() if line.strip()]


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
