"""What can be typed: durations, the default command, reports in pairs of -f and -o, the options that commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import click


class Duration(click.ParamType[float]):
    """`2s`, `500ms`, `1m30s`, `10` (seconds), as seconds."""

    name = "duration"
    _UNITS: ClassVar = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", text):
            self.fail(f"{text!r} is no duration: write it like 2s, 500ms or 1m30s", param, ctx)
        return sum(float(n) * self._UNITS[unit] for n, _, unit in re.findall(r"(\d+(\.\d+)?)(ms|s|m|h)", text))


class Front(click.Group):
    """`diagnose` is the default command: what is not the name of another command is its argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            args = ["diagnose", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        diagnose = self.commands["diagnose"]
        diagnose = self.commands["diagnose"]
        inner = click.Context(diagnose, info_name=ctx.info_name, parent=ctx)
        formatter.write_usage(str(ctx.info_name), "[OPTIONS] [SOURCE [TARGET[:PORT[/udp]]]]")
        formatter.write_usage(str(ctx.info_name), "COMMAND ...", prefix="       ")
        diagnose.format_help_text(inner, formatter)
        diagnose.format_options(inner, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(n, c.get_short_help_str(60)) for n, c in self.commands.items() if not c.hidden])
        diagnose.format_epilog(inner, formatter)


class Reporting(click.Command):
    """Remembers which -o follows which -f: click itself forgets the order of two different options."""

    usual = "text"
    """The format where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        opts, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta["netdoctor.outputs"] = _pairs(opts, [p.name for p in order], self.usual)
        return super().parse_args(ctx, args)


class Drawing(Reporting):
    usual = "tree"


def _pairs(opts: dict[str, Any], order: Sequence[str | None], usual: str) -> list[tuple[str, str | None]]:
    """`-f junit -o r.xml -f text` is [("junit", "r.xml"), ("text", None)]. A lone -o takes the usual format."""
    formats, files = iter(opts.get("format") or ()), iter(opts.get("output") or ())
    pairs: list[tuple[str, str | None]] = []
    for name in order:
        if name == "format":
            pairs.append((next(formats), None))
        elif name == "output":
            file = next(files)
            if pairs and pairs[-1][1] is None:
                pairs[-1] = (pairs[-1][0], file)
            else:
                pairs.append((usual, file))
    return pairs or [(usual, None)]


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("-p", "--project", metavar="NAME", help="Only this Compose project."),
        click.option("-H", "--host", metavar="URL", help="The engine. Default: as the docker command finds it."),
        click.option("-c", "--context", metavar="NAME", help="The engine of this Docker context."),
        click.option(
            "--rung", type=click.Choice(["auto", "netns", "exec", "engine"]), default="auto", show_default=True,
            help="How to ask: inside the network namespace (root), with the image's commands, or the engine alone."
        ),
        click.option("--timeout", type=Duration(), default="2s", show_default=True, help="For one question."),
    )):  # fmt: skip
        command = option(command)
    return command


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option(
            "-f", "--format", multiple=True, metavar="FORMAT", help="text, json or junit. Repeatable, each with its -o."
        ),
        click.option("-o", "--output", multiple=True, metavar="FILE", help="Write the report there."),
        click.option("-v", "--verbose", is_flag=True, help="All results, with their evidence."),
        click.option("-q", "--quiet", is_flag=True, help="One line."),
    )):  # fmt: skip
        command = option(command)
    return command
