"""The component as Streamlit knows it. Its files are served from our own origin, none inline.

Streamlit looks for such folders in installed distributions, and takes the distribution's name for
its package; ours has several packages. So the folder is announced to it here.
"""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import streamlit as st

from secondlook.version import code_version

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

PROJECT, NAME = "secondlook", "secondlook.viewer"
FOLDER = Path(__file__).parent
WEB = "web"
_lock = Lock()


def mount(scene: dict[str, Any], key: str) -> int | None:
    """Draw the viewer; the id of a place that was just chosen in it."""
    found = _renderer()(key=key, data=scene, on_place_change=_nothing)
    chosen = found.get("place")
    return chosen if isinstance(chosen, int) else None


def _renderer() -> "ComponentRenderer":
    from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
    from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

    manager = get_bidi_component_manager()
    with _lock:
        if manager.get_component_asset_root(NAME) is None:
            config = ComponentConfig(name=NAME.removeprefix(f"{PROJECT}."), asset_dir=WEB)
            manifest = ComponentManifest(PROJECT, code_version(), [config])
            manager.register_from_manifest(manifest, FOLDER)
        return st.components.v2.component(NAME, css="viewer.css", js="main.js")


def _nothing() -> None:
    """Streamlit hands on only what has a callback."""
