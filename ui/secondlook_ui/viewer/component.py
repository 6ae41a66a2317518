"""The component as the page mounts it."""

from pathlib import Path
from typing import Any

from secondlook_ui.components import packaged

WEB = Path(__file__).parent / "web"


def mount(scene: dict[str, Any], key: str) -> int | None:
    """Draw the viewer; the id of a place that was just chosen in it."""
    viewer = packaged("viewer", WEB, css="viewer.css", js="main.js")
    found = viewer(key=key, data=scene, on_place_change=_nothing)
    chosen = found.get("place")
    return chosen if isinstance(chosen, int) else None


def _nothing() -> None:
    """Streamlit hands on only what has a callback."""
