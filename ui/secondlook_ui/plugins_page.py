"""Plugins: which loaded, which failed and why, and the settings that each domain runs with."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.settings import plugin_settings
from secondlook_ui import session
from secondlook_ui.adapters_page import flat

SECRET = ("key", "secret", "token", "password", "url")
"""What the name of a setting may not hold, to be shown."""


def show() -> None:
    """Draw the page."""
    session.let_go()
    session.must(Permission.SETTINGS)
    context = session.context()
    plugins, settings = context.plugins, context.workspace.settings
    for failure in plugins.failures:
        st.error("A plugin did not load:")
        st.text(f"{failure.name} ({failure.distribution}): {failure.error}")
    rows = [
        {"Plugin": x.name, "State": "loaded", "From": x.distribution, "Version": x.version}
        for x in plugins.loaded
    ]
    rows += [
        {"Plugin": x.name, "State": "failed", "From": x.distribution, "Version": ""}
        for x in plugins.failures
    ]
    rows += [
        {"Plugin": x, "State": "switched off", "From": "", "Version": ""}
        for x in settings.disabled_plugins
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="plugin-states")
    for name, domain in plugins.domains.items():
        with st.container(key=f"strong-{name}"):
            st.text(f"Settings of {domain.title}")
        used = plugin_settings(settings, name, domain.settings_class)
        lines = [
            {"Setting": x, "Value": "set" if any(y in x for y in SECRET) else said}
            for x, said in flat(used.model_dump(mode="json"))
        ]
        if lines:
            st.dataframe(lines, hide_index=True, width="stretch", key=f"settings-{name}")
        else:
            st.text("It has none.")
    st.caption("Settings are changed in `secondlook.toml`, under `[plugins.NAME]`; then restart.")
