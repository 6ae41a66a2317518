"""About: what is loaded, what failed, which files were put aside."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.version import code_version
from secondlook_ui import intended_use, session, words

MOST = 500


def show() -> None:
    """Draw the page."""
    session.let_go()
    st.info("Research and workflow tool, not a medical device.")
    st.text(f"{code_version()}, workspace {session.workspace().home}")
    intended_use.again(session.context().plugins.domains)
    _plugins()
    _quarantine()


def _plugins() -> None:
    plugins = session.context().plugins
    st.subheader("Plugins", anchor=False)
    for failure in plugins.failures:
        st.error("A plugin did not load:")
        st.text(f"{failure.name} ({failure.distribution}): {failure.error}")
    loaded = [
        {"Plugin": x.name, "From": x.distribution, "Version": x.version} for x in plugins.loaded
    ]
    st.dataframe(loaded, hide_index=True, width="content", key="plugins")
    domains = [{"Domain": x.title, "Name": x.name} for x in plugins.domains.values()]
    st.dataframe(domains, hide_index=True, width="content", key="domains")


def _quarantine() -> None:
    st.subheader("Files put aside", anchor=False)
    with session.workspace().database.read() as unit:
        seen = session.actor()
        files = [x for x in unit.quarantine.all() if seen.may(Permission.SEE, x.domain)]
    if not files:
        st.text("None: every file that came in could be read.")
        return
    rows = [
        {
            "File": x.source,
            "Why": x.reason.replace("_", " "),
            "What to do": x.detail,
            "Domain": x.domain,
            "When": words.clock(x.at),
        }
        for x in files[-MOST:]
    ]
    st.dataframe(rows[::-1], hide_index=True, key="quarantine")
    if len(files) > MOST:
        st.caption(f"The latest {MOST} of {len(files)} are shown.")
