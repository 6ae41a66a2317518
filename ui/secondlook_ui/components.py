"""Components of our own as Streamlit knows them. Their files come from our own origin, none inline.

Streamlit looks for such folders in installed distributions, and takes the distribution's name for
its package; ours has several packages. So each folder is announced to it here.
"""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from secondlook.version import code_version

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

PROJECT = "secondlook"
_lock = Lock()


def packaged(name: str, folder: Path, *, js: str, css: str | None = None) -> "ComponentRenderer":
    """The component `secondlook.NAME`, with the files of a folder."""
    from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
    from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

    manager, whole = get_bidi_component_manager(), f"{PROJECT}.{name}"
    with _lock:
        if manager.get_component_asset_root(whole) is None:
            config = ComponentConfig(name=name, asset_dir=folder.name)
            manager.register_from_manifest(
                ComponentManifest(PROJECT, code_version(), [config]), folder.parent
            )
        return st.components.v2.component(whole, css=css, js=js)
