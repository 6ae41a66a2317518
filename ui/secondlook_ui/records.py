"""What came with the pictures: records, further files, and what the domain adds."""

import streamlit as st

from secondlook.cases import Attachment, Record, Role
from secondlook.domain import Panel
from secondlook.intake.kept import NOT_ASSESSED
from secondlook_ui import trouble, words
from secondlook_ui.shown import Shown

SHOWN_CHARACTERS = 20_000
WHY_NOT = {
    Role.DOCUMENT: "text; its content is under Records",
    Role.OTHER: "kept with the case; nothing here can show this type",
}


def show(page: Shown) -> None:
    """Draw them below the picture."""
    for number, panel in enumerate(_panels(page)):
        _panel(panel, number)
    if page.case.records:
        with st.expander(f"Records ({len(page.case.records)})", expanded=_short(page)):
            for number, record in enumerate(page.case.records):
                _record(record, number)
    with st.expander(f"Files ({len(page.case.attachments)})"):
        for attachment in page.case.attachments:
            st.text(_file(attachment))


def _short(page: Shown) -> bool:
    """A note is read with the picture; a manual is looked up."""
    return sum(len(x.text) for x in page.case.records) < 1500


def _record(record: Record, number: int) -> None:
    with st.container(key=f"strong-record-{number}"):
        st.text(f"{record.name} ({record.kind})")
    st.text(record.text[:SHOWN_CHARACTERS])
    if len(record.text) > SHOWN_CHARACTERS:
        st.caption(f"The first {SHOWN_CHARACTERS} of {len(record.text)} characters are shown.")


def _file(attachment: Attachment) -> str:
    known = f"{attachment.name} · {attachment.media_type} · {words.size(attachment.size)}"
    code = attachment.facts.get("not_assessed")
    reason = NOT_ASSESSED.get(str(code)) or WHY_NOT.get(attachment.role)
    return f"{known} · not shown as a picture: {reason}" if reason else known


def _panels(page: Shown) -> tuple[Panel, ...]:
    if page.domain is None:
        return ()
    try:
        return tuple(page.domain.panels(page.case))
    except Exception as error:  # noqa: BLE001 - a plugin's panel must not hide the case
        trouble.log(error)
        session_note = Panel(title="", text="The plugin of this domain failed to add its panel.")
        return (session_note,)


def _panel(panel: Panel, number: int) -> None:
    with st.container(border=True, key=f"panel-{number}"):
        with st.container(key=f"strong-panel-{number}"):
            st.text(panel.title)
        for name, value in panel.rows:
            st.text(f"{name}: {value}")
        if panel.text:
            st.text(panel.text)
