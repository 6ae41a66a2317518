"""Tells the server that somebody is there, while they only look, turn the wheel or type."""

from pathlib import Path

import streamlit as st

from secondlook_ui.components import packaged
from secondlook_ui.serving.presence import PATH

SECONDS = 60
WEB = Path(__file__).parent / "presence_web"


def show() -> None:
    """Put the script into the page; it draws nothing."""
    mount = packaged("presence", WEB, js="presence.js")
    with st.container(key="presence"):
        mount(key="presence-script", data={"path": PATH, "seconds": SECONDS})
