"""The command line: reads arguments, runs, writes the report, sets the exit code.

Only click is imported at the top: `--help` must answer in less than 0.1 s, and every other import costs more than that.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click

from netdoctor import __version__
from netdoctor.cli.arguments import Drawing, Duration, Front, Reporting, engine_options, report_options
from netdoctor.cli.ending import HEALTHY, INTERRUPTED, SICK, complaints, end
from netdoctor.cli.running import (
    begin,
    capture_source,
    examine,
    exit_code,
    finish,
    project_settings,
    request_of,
    source_of,
    the_registry,
    unasked,
    until_healthy,
)
from netdoctor.cli.writing import checked, write

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
  netdoctor api                     all that api depends on, and publishes
  netdoctor host api                why can't I reach api from this machine?
  netdoctor host localhost:8080     the same, by what I type in my browser
  netdoctor api,worker              all that these depend on
  netdoctor                         this folder's Compose project, else every running container
  netdoctor --from case.json.gz api postgres"""


@click.group(
    cls=Front,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="netdoctor")
def cli() -> None:
    """The network and volume doctor for Docker."""


@cli.command(cls=Reporting, epilog=EXIT_CODES)
@click.argument("source", required=False)
@click.argument("target", required=False)
@engine_options
@click.option("--from", "capture", metavar="FILE", help="Diagnose a capture; no engine is touched.")
@report_options
@click.option("--fail-on", type=click.Choice(["fail", "warn", "never"]), default="fail", show_default=True,
              help="The findings that make the exit code 1.")  # fmt: skip
@click.option("--wait", type=Duration(), metavar="DURATION",
              help="Ask again until healthy; stop early on a cause that time cannot heal.")  # fmt: skip
@click.option("--only", multiple=True, metavar="ID", help="Only this check or family. Repeatable.")
@click.option("--skip", multiple=True, metavar="ID", help="Not this check or family. Repeatable.")
@click.pass_context
def diagnose(ctx: click.Context, /, **options: Any) -> None:
    """Why can't SOURCE reach TARGET, and what do you type to mend it?

    SOURCE is a container (its name, ID, Compose service, project/service, or web-2 of several), some of them with
    commas between, or `host`: the engine's, which reaches what containers publish. TARGET is a container, or the very
    string of the configuration: localhost:5432, 10.0.0.7:5432, a URL with its password. Without a port it is looked for
    in SOURCE's environment, then among TARGET's listeners, then its exposed ports; for the host, it is every port that
    TARGET publishes.
    """
    with complaints():
        from netdoctor.report import FORMATS

        outputs = checked(ctx.meta["netdoctor.outputs"], FORMATS)
        request = request_of(options, here=True)
        with source_of(options) as source:
            # Where all checks run it is known what they ask of a link: that begins before they are imported.
            begun = [] if options["only"] or options["skip"] else [begin(request, source, all_checks=True)]
            registry = the_registry()
            settings, ignored = project_settings(registry)
            checks = registry.choose(options["only"], (*options["skip"], *settings.skip))
            examined = until_healthy(
                lambda: finish(
                    begun.pop() if begun else begin(request, source, all_checks=False),
                    checks,
                    registry.complaints,
                    ignored,
                ),
                options["wait"],
                options["fail_on"],
                lambda: source.interrupted,
            )
    for complaint in examined.diagnosis.complaints[len(registry.complaints) :]:
        click.echo(f"netdoctor: {complaint}", err=True)
    write(outputs, examined.diagnosis, options["verbose"], options["quiet"], FORMATS)
    if source.interrupted:
        end(unasked(examined), INTERRUPTED)
    sys.exit(exit_code(examined.diagnosis, options["fail_on"]))


diagnose.help = f"{cleandoc(diagnose.help or '')}\n\n{EXAMPLES}"


@cli.command()
@click.argument("source", required=False)
@click.argument("target", required=False)
@engine_options
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write it; compressed if it ends in .gz.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def capture(output: str, force: bool, **options: Any) -> None:
    """Write the stack and its answers to a file, redacted, for `--from`.

    SOURCE and TARGET as for a diagnosis; without them, every running container and what it depends on.
    """
    with complaints():
        if Path(output).exists() and not force:
            raise click.UsageError(f"{output} exists already: choose another name, or say --force.")
        import msgspec

        from netdoctor.sources.capture import save

        with source_of({**options, "capture": None}) as source:
            registry = the_registry()
            examined = examine(request_of(options), source, tuple(registry), registry.complaints)
        if source.interrupted:
            end(f"{unasked(examined)} {output} was not written.", INTERRUPTED)
        save(output, examined.stack.bare(), msgspec.structs.asdict(examined.diagnosis.asked), __version__, examined.cut)
        cut = ", ".join(f"{count} in {place}" for place, count in sorted(examined.cut.items()) if count) or "none found"
        containers = len(examined.stack.containers)
    click.echo(f"{output}: {containers} containers, {len(examined.stack.asked)} answers. Secrets cut: {cut}.", err=True)


@cli.command(cls=Reporting)
@report_options
def demo(**options: Any) -> None:
    """Diagnose a recorded sick stack; needs no engine."""
    with complaints():
        from importlib.resources import as_file, files

        from netdoctor.report import FORMATS

        outputs = checked(click.get_current_context().meta["netdoctor.outputs"], FORMATS)
        registry = the_registry()
        with as_file(files("netdoctor") / "demo.json") as path:
            source = capture_source(path)
            request = source.request
            examined = examine(request, source, tuple(registry), registry.complaints)
    click.echo(f"$ netdoctor {request.source} {request.target}     (a recorded stack)\n", err=True)
    write(outputs, examined.diagnosis, options["verbose"], options["quiet"], FORMATS)


@cli.command(name="map", cls=Drawing)
@click.argument("source", required=False)
@engine_options
@click.option("--from", "capture", metavar="FILE", help="Draw a capture; no engine is touched.")
@click.option("-f", "--format", multiple=True, metavar="FORMAT", help="tree, mermaid, dot or svg.")
@click.option("-o", "--output", multiple=True, metavar="FILE", help="Write it there.")
@click.option("-v", "--verbose", is_flag=True, help="Every container, however many there are.")
def draw(**options: Any) -> None:
    """Draw who is on which network, who reaches whom, and which volume is whose."""
    with complaints():
        from netdoctor.map import FORMATS, chart
        from netdoctor.model import Container

        outputs = checked(click.get_current_context().meta["netdoctor.outputs"], FORMATS)
        with source_of(options) as source:
            registry = the_registry()
            request = request_of({**options, "target": None}, here=True)
            examined = examine(request, source, tuple(registry), registry.complaints)
        shown = [s for s in examined.plan.others if isinstance(s, Container)]
        drawn = chart(examined.stack, examined.diagnosis, shown)
    write(outputs, drawn, options["verbose"], False, FORMATS)
    if source.interrupted:
        end(unasked(examined), INTERRUPTED)


@cli.command(name="diff", cls=Reporting)
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@report_options
def differ(before: str, after: str, **options: Any) -> None:
    """What changed between two captures, what matters first.

    The exit code is 0 where nothing changed, 1 where something did.
    """
    with complaints():
        from netdoctor.difference import changes, facts
        from netdoctor.report._changes import FORMATS

        outputs = checked(click.get_current_context().meta["netdoctor.outputs"], FORMATS)
        registry = the_registry()
        told = []
        for file in (before, after):
            source = capture_source(file)
            examined = examine(source.request, source, tuple(registry), registry.complaints)
            told.append(facts(examined.stack, examined.diagnosis))
        found = changes(*told)
    write(outputs, found, options["verbose"], options["quiet"], FORMATS)
    sys.exit(SICK if found else HEALTHY)


@cli.command()
def checks() -> None:
    """List the checks and the reasons for which they fail."""
    registry = the_registry()
    for check in registry:
        click.echo(f"{check.id}  {check.asks}")
        width = max(len(r.slug) for r in check.reasons)
        for reason in check.reasons:
            click.echo(f"    {reason.slug:<{width}}  {reason.says}")


@cli.command()
@click.argument("check_id", metavar="ID")
def explain(check_id: str) -> None:
    """Print a check's manual: what it asks, how it fails, how to mend it, how to see the same by hand."""
    with complaints():
        check = the_registry().find(check_id)
    click.echo(f"{check.id}: {check.asks}\n\n{check.manual}")


def main() -> None:
    """The command `netdoctor`."""
    _run(sys.argv[1:], "netdoctor")


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
    _run(arguments[1:] if arguments[:1] == ["netdoctor"] else arguments, "docker netdoctor")


def _run(arguments: list[str], name: str) -> None:
    gc.set_threshold(100_000)  # a short run: collecting while it imports costs more than all that it could free
    sys.setswitchinterval(0.0005)  # who has heard from the engine need not wait 5 ms for who imports the checks
    try:
        with complaints():  # a fault of ours is a sentence, wherever it is
            cli(args=arguments, prog_name=name)
    except SystemExit as ended:
        _leave(ended.code)
        raise


def _leave(code: object) -> None:
    """End here and now. Otherwise Python takes apart all that was imported, which is 16 ms of a run of 180.

    Nothing is waiting for that: files and connections are closed, and whatever thread still hangs is ended either way.
    """
    if code is None or isinstance(code, int):
        with suppress(OSError, ValueError):  # nobody reads any more, and Python has its own way to say so
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
