"""Data of another major version: the server that can read it, until the data is brought over by a dump."""

from __future__ import annotations

import re

from netdoctor.api import Container, Remedy, Stack

from .._remaking import again


def pinned(image: str, version: str) -> str:
    """The image of another version: `postgres:16-alpine` and 15 give `postgres:15-alpine`."""
    repository, colon, tag = image.partition("@")[0].rpartition(":")
    if not colon or "/" in tag:
        return f"{image.partition('@')[0]}:{version}"
    changed = re.sub(r"^v?\d+(\.\d+)*", version, tag)
    return f"{repository}:{changed if changed != tag else version}"


def pin(stack: Stack, container: Container, version: str, product: str, verify: tuple[str, ...]) -> Remedy:
    """Run the version that wrote the data. Nothing is converted here: that is done from a dump, with both at hand."""
    image = pinned(container.image, version)
    says = (
        f"Run {product} {version} again, which can read it. To change the version, dump the data with that, and load "
    )
    says += "the dump into an empty volume of the new one"
    if container.project:
        lines = f"services:\n  {container.service}:\n    image: {image}"
        run: tuple[str, ...] = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=verify)
    # What the image of the new version declared, the old one has no use for.
    kept = tuple(m for m in container.mounts if not m.anonymous)
    return Remedy(says=says, run=tuple(again(stack, container, (), (), mounts=kept, image=image)), verify=verify)
