"""What an image is made for: `GET /images/ID/json`, each image once however many containers it has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from netdoctor.answers import AskImage, Image
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.engine_api import EngineAPI, what_failed


def image(api: EngineAPI, question: AskImage) -> Image:
    """Raises CannotAsk: an image can be removed while its containers live."""
    try:
        found = api.get(f"/images/{question.image}/json")
    except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
        what_failed(error)
        raise CannotAsk(f"the engine does not tell what the image {question.image[:19]} is made for: {error}") from None
    config = found.get("Config") or {}
    return Image(
        volumes=tuple(config.get("Volumes") or ()),
        entrypoint=_words(config.get("Entrypoint")),
        command=_words(config.get("Cmd")),
        created=_seconds(found.get("Created") or ""),
    )


def _words(written: Any) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written or ())


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0
