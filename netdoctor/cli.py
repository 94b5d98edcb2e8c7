"""The command line: reads arguments, runs, writes the report, sets the exit code.

Only click is imported at the top: `--help` must answer in less than 0.1 s, and every other import costs more than that.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import click

from netdoctor import __version__

if TYPE_CHECKING:
    from netdoctor.diagnosis import Diagnosis
    from netdoctor.examine import Examined, Source
    from netdoctor.ignoring import Ignored, Settings
    from netdoctor.registry import Registry
    from netdoctor.request import Request

HEALTHY, SICK, USAGE, UNCLEAR, ENGINE = 0, 1, 2, 3, 4

EXIT_CODES = """\b
Exit codes, the same in every format:
  0  healthy
  1  a finding at or above --fail-on
  2  wrong usage
  3  nothing failed, but something decisive could not be checked
  4  the engine cannot be reached, or refuses"""

EXAMPLES = """\b
  netdoctor api postgres            why can't api reach postgres?
  netdoctor api postgres:5432       the same, on this port
  netdoctor api "$DATABASE_URL"     the very string of a configuration
  netdoctor api                     all that api depends on
  netdoctor                         every running container
  netdoctor --from case.json.gz api postgres"""


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
        inner = click.Context(diagnose, info_name=ctx.info_name, parent=ctx)
        formatter.write_usage(str(ctx.info_name), "[OPTIONS] [SOURCE [TARGET[:PORT[/udp]]]]")
        formatter.write_usage(str(ctx.info_name), "COMMAND ...", prefix="       ")
        diagnose.format_help_text(inner, formatter)
        diagnose.format_options(inner, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(n, c.get_short_help_str(60)) for n, c in self.commands.items() if not c.hidden])
        diagnose.format_epilog(inner, formatter)


class Diagnose(click.Command):
    """Remembers which -o follows which -f: click itself forgets the order of two different options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        opts, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta["netdoctor.outputs"] = _pairs(opts, [p.name for p in order])
        return super().parse_args(ctx, args)


def _pairs(opts: dict[str, Any], order: Sequence[str | None]) -> list[tuple[str, str | None]]:
    """`-f junit -o r.xml -f text` is [("junit", "r.xml"), ("text", None)]. A lone -o takes the text report."""
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
                pairs.append(("text", file))
    return pairs or [("text", None)]


@click.group(
    cls=Front,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="netdoctor")
def cli() -> None:
    """The network and volume doctor for Docker."""


def _engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
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


def _report_options(command: Callable[..., Any]) -> Callable[..., Any]:
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


@cli.command(cls=Diagnose, epilog=EXIT_CODES)
@click.argument("source", required=False)
@click.argument("target", required=False)
@_engine_options
@click.option("--from", "capture", metavar="FILE", help="Diagnose a capture; no engine is touched.")
@_report_options
@click.option("--fail-on", type=click.Choice(["fail", "warn", "never"]), default="fail", show_default=True,
              help="The findings that make the exit code 1.")  # fmt: skip
@click.option("--wait", type=Duration(), metavar="DURATION",
              help="Ask again until healthy; stop early on a cause that time cannot heal.")  # fmt: skip
@click.option("--only", multiple=True, metavar="ID", help="Only this check or family. Repeatable.")
@click.option("--skip", multiple=True, metavar="ID", help="Not this check or family. Repeatable.")
@click.pass_context
def diagnose(ctx: click.Context, /, **options: Any) -> None:
    """Why can't SOURCE reach TARGET, and what do you type to mend it?

    SOURCE is a container: its name, ID, Compose service or project/service. (The host as SOURCE comes with a later
    release.) TARGET is the same, or the very string of the configuration: localhost:5432, 10.0.0.7:5432, a URL with its
    password. Without a port it is looked for in SOURCE's environment, then among TARGET's listeners, then its exposed
    ports.
    """
    with _complaints():
        outputs = _checked(ctx.meta["netdoctor.outputs"])
        request = _request(options)
        with _source(options) as source:
            registry = _registry()
            settings, ignored = _settings(registry)
            checks = registry.choose(options["only"], (*options["skip"], *settings.skip))
            examined = _until_healthy(
                lambda: _examine(request, source, checks, registry.complaints, ignored),
                options["wait"],
                options["fail_on"],
            )
    for complaint in examined.diagnosis.complaints[len(registry.complaints) :]:
        click.echo(f"netdoctor: {complaint}", err=True)
    _write(outputs, examined.diagnosis, options["verbose"], options["quiet"])
    sys.exit(_exit_code(examined.diagnosis, options["fail_on"]))


diagnose.help = f"{cleandoc(diagnose.help or '')}\n\n{EXAMPLES}"


@cli.command()
@click.argument("source", required=False)
@click.argument("target", required=False)
@_engine_options
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write it; compressed if it ends in .gz.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def capture(output: str, force: bool, **options: Any) -> None:
    """Write the stack and its answers to a file, redacted, for `--from`.

    SOURCE and TARGET as for a diagnosis; without them, every running container and what it depends on.
    """
    with _complaints():
        if Path(output).exists() and not force:
            raise click.UsageError(f"{output} exists already: choose another name, or say --force.")
        import msgspec

        from netdoctor.sources.capture import save

        with _source({**options, "capture": None}) as source:
            registry = _registry()
            examined = _examine(_request(options), source, tuple(registry), registry.complaints)
        stack = msgspec.structs.replace(examined.stack, links=())  # it can be asked for other links later
        save(output, stack, msgspec.structs.asdict(examined.diagnosis.asked), __version__, examined.cut)
        cut = ", ".join(f"{count} in {place}" for place, count in sorted(examined.cut.items()) if count) or "none found"
        containers = len(examined.stack.containers)
    click.echo(f"{output}: {containers} containers, {len(examined.stack.asked)} answers. Secrets cut: {cut}.", err=True)


@cli.command(cls=Diagnose)
@_report_options
def demo(**options: Any) -> None:
    """Diagnose a recorded sick stack; needs no engine."""
    with _complaints():
        from importlib.resources import as_file, files

        from netdoctor.sources.replay import CaptureSource

        outputs = _checked(click.get_current_context().meta["netdoctor.outputs"])
        registry = _registry()
        with as_file(files("netdoctor") / "demo.json") as path:
            source = CaptureSource(path)
            request = source.request
            examined = _examine(request, source, tuple(registry), registry.complaints)
    click.echo(f"$ netdoctor {request.source} {request.target}     (a recorded stack)\n", err=True)
    _write(outputs, examined.diagnosis, options["verbose"], options["quiet"])


@cli.command()
def checks() -> None:
    """List the checks and the reasons for which they fail."""
    registry = _registry()
    for check in registry:
        click.echo(f"{check.id}  {check.title}")
        width = max(len(r.slug) for r in check.reasons)
        for reason in check.reasons:
            click.echo(f"    {reason.slug:<{width}}  {reason.says}")


@cli.command()
@click.argument("check_id", metavar="ID")
def explain(check_id: str) -> None:
    """Print a check's manual: what it asks, how it fails, how to mend it, how to see the same by hand."""
    with _complaints():
        check = _registry().find(check_id)
    click.echo(f"{check.id}: {check.title}\n\n{check.manual}")


# -- pieces of a run ----------------------------------------------------------------------------------------------


def _request(options: dict[str, Any]) -> Request:
    from netdoctor.request import Request, read_target

    if options["target"] is not None:
        read_target(options["target"])  # a port that is none is told before any engine is looked for
    return Request(source=options["source"], target=options["target"], project=options["project"])


def _registry() -> Registry:
    from netdoctor import registry

    loaded = registry.load()
    for complaint in loaded.complaints:
        click.echo(f"netdoctor: {complaint}", err=True)
    return loaded


@contextmanager
def _source(options: dict[str, Any]) -> Iterator[Source]:
    if options["capture"] is not None:
        if options["host"] or options["context"]:
            raise click.UsageError("--from diagnoses a file, so -H and -c have no meaning beside it.")
        from netdoctor.sources.replay import CaptureSource

        yield CaptureSource(Path(options["capture"]))
        return
    from netdoctor.sources import open_live

    with _progress() as progress, open_live(
        host=options["host"], context=options["context"],
        rung=options["rung"], timeout=options["timeout"], progress=progress,
    ) as live:  # fmt: skip
        live.begin()
        yield live


def _settings(registry: Registry) -> tuple[Settings, Ignored]:
    """What this folder's project wants to be left out, and all that is ignored."""
    from netdoctor.ignoring import Ignored, settings

    found = settings(Path(), registry.knows)
    return found, Ignored(entries=found.ignore, known=registry.knows)


def _examine(
    request: Request,
    source: Source,
    checks: Sequence[Any],
    complaints: Sequence[str],
    ignored: Ignored | None = None,
) -> Examined:
    from netdoctor.examine import examine

    return examine(request, source, checks, complaints, ignored)


def _until_healthy(attempt: Callable[[], Examined], patience: float | None, fail_on: str) -> Examined:
    """Try until the exit code would be 0, a cause shows up that time cannot heal, or patience ends."""
    started = time.monotonic()
    while True:
        examined = attempt()
        if patience is None or _exit_code(examined.diagnosis, fail_on) != SICK:
            return examined
        waited = time.monotonic() - started
        if not examined.diagnosis.time_heals:
            click.echo("netdoctor: not waiting any longer: time does not heal this.", err=True)
            return examined
        if waited >= patience:
            sick = examined.diagnosis.causes or examined.diagnosis.warnings
            click.echo(f"netdoctor: waited {waited:.0f} s for: {'; '.join(j.title for j in sick)}.", err=True)
            return examined
        time.sleep(min(1.0, patience - waited))


def _exit_code(diagnosis: Diagnosis, fail_on: str) -> int:
    if fail_on != "never" and diagnosis.verdict == "sick":
        return SICK
    if fail_on == "warn" and diagnosis.warnings:
        return SICK
    return UNCLEAR if diagnosis.verdict == "unclear" else HEALTHY


def _checked(pairs: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Complain about formats and files before anything is asked, so that no run is lost."""
    from netdoctor.report import FORMATS

    for name, file in pairs:
        if name not in FORMATS:
            raise click.UsageError(f"there is no format {name!r}: choose {', '.join(sorted(FORMATS))}.")
        if file is not None and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
            raise click.UsageError(f"{file} cannot be written: name a file in a folder that exists.")
    if sum(file is None for _, file in pairs) > 1:
        raise click.UsageError("two reports on standard output would run into each other: give each -f its -o FILE.")
    return pairs


def _write(outputs: list[tuple[str, str | None]], diagnosis: Diagnosis, verbose: bool, quiet: bool) -> None:
    import shutil

    from netdoctor.report import FORMATS, Options

    for name, file in outputs:
        terminal = file is None and sys.stdout.isatty()
        encoding = ("utf-8" if file else sys.stdout.encoding or "ascii").lower()
        options = Options(
            verbose=verbose,
            quiet=quiet,
            width=shutil.get_terminal_size((80, 24)).columns if terminal else 80,
            colour=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
            unicode=encoding.replace("-", "") == "utf8",
        )
        text = FORMATS[name](diagnosis, options)
        if not text.endswith("\n"):
            text += "\n"
        if file is None:
            _print(text)
            continue
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            _print(text)  # the report is not lost
            _end(f"{file} cannot be written ({error.strerror}); the report is on standard output instead.", USAGE)


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `netdoctor | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """One line on standard error that says how far the questions are, on a terminal only, and gone at the end."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(done: int, total: int) -> None:
        sys.stderr.write(f"\r\x1b[Kasking {done}/{total}" if done < total else "\r\x1b[K")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


@contextmanager
def _complaints() -> Iterator[None]:
    """Turn what can go wrong for a user into one sentence and the right exit code."""
    try:
        yield
    except click.ClickException:
        raise
    except KeyboardInterrupt:
        _end("interrupted.", 130)
    except Exception as error:
        _end(*_known(error))


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


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(f"netdoctor: {sentence}", err=True)
    sys.exit(code)


def main() -> None:
    """The command `netdoctor`."""
    gc.set_threshold(100_000)  # a short run: collecting while it imports costs more than all that it could free
    cli(prog_name="netdoctor")


def plugin() -> None:
    """The command `docker-netdoctor`: a plugin of the docker command, once linked into ~/.docker/cli-plugins.

    https://github.com/docker/cli/blob/master/cli-plugins/manager/metadata.go
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["docker-cli-plugin-metadata"]:
        click.echo(
            f'{{"SchemaVersion": "0.1.0", "Vendor": "netdoctor", "Version": "{__version__}", '
            '"ShortDescription": "Why can one container not reach another?"}'
        )
        return
    cli(args=arguments[1:] if arguments[:1] == ["netdoctor"] else arguments, prog_name="docker netdoctor")
