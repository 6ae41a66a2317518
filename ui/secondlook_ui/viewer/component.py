"""The component as the page mounts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondlook_ui.components import packaged

WEB = Path(__file__).parent / "web"


@dataclass(frozen=True)
class Told:
    """What was just done in the viewer. It comes from the browser."""

    place: int | None
    """The id of a place that was chosen."""
    drawn: dict[str, Any] | None
    """A place that was drawn: its file, frame and box."""


def mount(scene: dict[str, Any], key: str) -> Told:
    """Draw the viewer."""
    viewer = packaged("viewer", WEB, css="viewer.css", js="main.js")
    found = viewer(key=key, data=scene, on_place_change=_nothing, on_drawn_change=_nothing)
    chosen, drawn = found.get("place"), found.get("drawn")
    return Told(
        chosen if isinstance(chosen, int) else None,
        dict(drawn) if isinstance(drawn, Mapping) else None,
    )


def _nothing() -> None:
    """Streamlit hands on only what has a callback."""
