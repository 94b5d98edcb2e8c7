"""The report as GitHub's workflow commands, which annotate a run: an error per cause, a warning per warning.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.diagnosis import Diagnosis, Judged
from netdoctor.finding import Remedy
from netdoctor.report import Options
from netdoctor.report._plain import ascii_only, plain
from netdoctor.report._sentences import headline, named, sentence


def render(diagnosis: Diagnosis, options: Options) -> str:
    """The headline for the log, then the annotations."""
    lines = [plain(headline(diagnosis)[1]), *_annotations(diagnosis)]
    text = "\n".join(lines) + "\n"
    return text if options.unicode else ascii_only(text)


def _annotations(diagnosis: Diagnosis) -> Iterator[str]:
    for cause in diagnosis.causes:
        broken = sorted({state.name for state in diagnosis.broken_by(cause)})
        yield _command("error", cause, f"breaks {named(broken)}" if broken else "")
    for warning in diagnosis.warnings:
        if not warning.because_of:
            yield _command("warning", warning, "")
    if diagnosis.verdict == "unclear":
        for judged in diagnosis.undecided[:1]:
            yield _command("warning", judged, "")


def _command(kind: str, judged: Judged, more: str) -> str:
    title = f"{judged.result.code} on {judged.name}"
    says = [sentence(judged), more, *_remedy(judged.result.finding.remedy)]
    return f"::{kind} title={_property(title)}::{_data(chr(10).join(line for line in says if line))}"


def _remedy(remedy: Remedy | None) -> Iterator[str]:
    if remedy is not None:
        yield f"What to do: {remedy.says}"
        yield from (f"    {line}" for line in (remedy.compose or "").splitlines())
        yield from (f"    {line}" for command in remedy.run for line in command.splitlines())


def _data(text: str) -> str:
    """What would end a command or begin another one is written as its code."""
    lines = "\n".join(plain(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
