"""Puts the keyboard into a form that was just opened: Streamlit leaves it where it was."""

from pathlib import Path

from secondlook_ui.components import packaged

WEB = Path(__file__).parent / "focus_web"


def within(container: str, name: str) -> None:
    """Focus the first field of a container, once while `name` is open in it."""
    mount = packaged("focus", WEB, js="focus.js")
    mount(key="focus-script", data={"within": container, "name": name})
