"""Containers by what was typed: name, ID or its prefix, Compose service, project/service, and one of several alike."""

from __future__ import annotations

from netdoctor.mentions import nearest
from netdoctor.model import Container
from netdoctor.request import BadRequest, Request
from netdoctor.stack import Stack


class NotFound(BadRequest):
    """No container is called what was typed."""


def find(stack: Stack, text: str, among: tuple[Container, ...] | None = None) -> tuple[Container, ...]:
    """The container called `text`, or all of a Compose service: name, ID or its prefix, service, project/service.

    Raises NotFound with the nearest names, BadRequest for an ID prefix that several containers have.
    """
    found = called(stack.containers if among is None else among, text)
    if found:
        return found
    known = [n for c in stack.containers for n in (c.name, c.service) if n]
    if not known:
        raise NotFound(
            f"there is no container {text!r}: this engine has no containers at all (is it the right one? see -H and -c)"
        )
    if near := nearest(text, known):
        raise NotFound(f"there is no container or service {text!r}; did you mean {' or '.join(near)}?")
    some = tuple(dict.fromkeys(known))
    more = f" and {len(some) - 5} more" if len(some) > 5 else ""
    raise NotFound(f"there is no container or service {text!r}; there are {', '.join(some[:5])}{more}")


def called(among: tuple[Container, ...], text: str) -> tuple[Container, ...]:
    """As `find`, and nobody is () instead of an error."""
    wanted = text.removeprefix("/")
    for matches in (
        [c for c in among if c.name == wanted],
        [c for c in among if c.id == wanted],
        [c for c in among if wanted and c.service == wanted],
        [c for c in among if c.project and f"{c.project}/{c.service}" == wanted],
        [c for c in among if wanted in _numbered(c)],
    ):
        if matches:
            return _replicas(matches, wanted)
    prefixed = [c for c in among if len(wanted) > 1 and c.id.startswith(wanted.lower())]
    if len(prefixed) > 1:
        names = ", ".join(sorted(c.name for c in prefixed)[:4])
        raise BadRequest(f"{text!r} is the beginning of several IDs ({names}): type more of it, or a name")
    return tuple(prefixed)


def _numbered(container: Container) -> tuple[str, ...]:
    """What one container of a scaled service is called besides its name: web-2, web_2, shop/web-2."""
    if not container.replica:
        return ()
    short = (f"{container.service}{sign}{container.replica}" for sign in "-_")
    return tuple(name for one in short for name in (one, f"{container.project}/{one}"))


def _replicas(matches: list[Container], wanted: str) -> tuple[Container, ...]:
    projects = sorted({c.project for c in matches})
    if len(projects) > 1:
        choices = " or ".join(f"{p}/{matches[0].service}" for p in projects[:4])
        raise BadRequest(f"{wanted!r} is a service of several Compose projects: write {choices}, or use -p")
    kept = [c for c in matches if not c.one_off] or matches
    return tuple([c for c in kept if c.state.running] or kept)


def within(stack: Stack, project: str | None) -> tuple[Container, ...]:
    """The containers of a Compose project, or all of them. Raises NotFound with the nearest projects."""
    if project is None:
        return stack.containers
    mine = tuple(c for c in stack.containers if c.project == project)
    if not mine:
        known = sorted({c.project for c in stack.containers if c.project})
        near = nearest(project, known) or tuple(known[:5])
        hint = f"did you mean {' or '.join(near)}?" if near else "no container here was made by Compose"
        raise NotFound(f"there is no Compose project {project!r}; {hint}")
    return mine


def project_here(stack: Stack, request: Request) -> str | None:
    """The name of the project that is meant: the one that was typed, else this folder's if the engine has it."""
    here = request.here
    if request.project is not None or here is None:
        return request.project
    if any(c.project == here.name for c in stack.containers):
        return here.name
    # Started as another project (-p, or a variable that is not set any more), but from this very folder.
    label = "com.docker.compose.project.working_dir"
    made_here = {c.project for c in stack.containers if c.project and c.labels.get(label) == here.folder}
    return made_here.pop() if len(made_here) == 1 else None
