"""Acting on several cases at once, for leads: what is to be done, to which, and who they are.

Nothing is done before a preview was shown of exactly that.
"""

from uuid import uuid4

import streamlit as st

from secondlook.accounts.actor import ANY, Permission
from secondlook.domain import Domain
from secondlook.queues import Queue
from secondlook.store.worklist import CaseSummary
from secondlook_ui import colleagues, session, worklist_bulk_shown
from secondlook_ui.worklist_lists import LEADS, View
from secondlook_workflows import bulk
from secondlook_workflows.bulk import MOST, BulkAct, BulkConfig

ACTS = {
    BulkAct.BAND: "Move to another band",
    BulkAct.HAND_OVER: "Hand over",
    BulkAct.PUT_BACK: "Put back",
    BulkAct.LOOK: "Ask for a new first look",
}
TICKED, WHOLE = "those ticked", "all in this list"
LONGEST_REASON = 1000


def switch(view: View) -> bool:
    """Draw the switch, for whoever may; whether it is on."""
    if not session.actor().may(Permission.BULK, view.domain or ANY):
        return False
    return st.toggle("Act on several", key="bulk")


def show(view: View, ticked: tuple[CaseSummary, ...], domains: dict[str, Domain]) -> None:
    """Draw what may be done, and its preview once it was asked for."""
    with st.container(border=True, key="bulk-form"):
        first, second, third, fourth = st.columns([2, 2, 2, 3], vertical_alignment="bottom")
        act = first.selectbox("Do", _acts(view), format_func=ACTS.__getitem__, key="bulk-act")
        with second:
            band, to = _detail(act, view)
        scope = third.selectbox("To", [TICKED, WHOLE], key="bulk-scope")
        reason = fourth.text_input("Why", key="bulk-reason", max_chars=LONGEST_REASON)
        config = BulkConfig(
            act=act, reviewer=session.reviewer(), key="", band=band, to=to, reason=reason
        )
        asked = (config, view, scope, tuple(x.id for x in ticked))
        nothing = scope == TICKED and not ticked
        if st.button("Preview", key="bulk-preview", disabled=nothing or not _whole(config)):
            _preview(asked, ticked if scope == TICKED else _rows(view))
        if nothing:
            st.text("Tick cases in the table first.")
        _previewed(asked, domains)


def _acts(view: View) -> list[BulkAct]:
    """Bands are those of one domain."""
    return [x for x in ACTS if x is not BulkAct.BAND or _bands(view)]


def _bands(view: View) -> dict[str, str]:
    queue = session.workspace().database.queues.get(view.domain or "", Queue())
    return {x.code: x.title for x in queue.bands}


def _detail(act: BulkAct, view: View) -> tuple[str, str]:
    """The band or the person that the act takes."""
    if act is BulkAct.BAND:
        bands = _bands(view)
        band = st.selectbox(
            "Band", list(bands), index=None, format_func=lambda x: bands.get(x, x), key="bulk-band"
        )
        return band or "", ""
    if act is BulkAct.HAND_OVER:
        people = colleagues.may_take(view.domain or ANY, lead=view.choice == LEADS)
        return "", st.selectbox("Person", people, index=None, key="bulk-to") or ""
    return "", ""


def _whole(config: BulkConfig) -> bool:
    needed = {BulkAct.BAND: config.band, BulkAct.HAND_OVER: config.to}
    return bool(needed.get(config.act, True))


def _rows(view: View) -> tuple[CaseSummary, ...]:
    with session.workspace().database.read() as unit:
        return unit.worklist.page(view.filter, limit=MOST + 1).rows


@session.careful
def _preview(asked: object, rows: tuple[CaseSummary, ...]) -> None:
    """Keep it with what it was made of: once anything else is chosen it counts no more."""
    config = asked[0]  # type: ignore[index]  # the first of what was asked
    _forget()
    made = bulk.preview(config, rows, session.context())
    st.session_state["bulk-asked"] = (asked, made, uuid4().hex)


def _previewed(asked: object, domains: dict[str, Domain]) -> None:
    before, made, key = st.session_state.get("bulk-asked", (None, None, ""))
    if before != asked or made is None:
        return
    worklist_bulk_shown.preview(made, domains)
    count = len(made.rows)
    label = f"{ACTS[before[0].act]}: {count} {'case' if count == 1 else 'cases'}"
    if st.button(label, key="bulk-do", type="primary", disabled=not count):
        _do(before[0], before[1], made.rows, key)
        st.rerun()


def _do(config: BulkConfig, view: View, rows: tuple[CaseSummary, ...], key: str) -> None:
    """Under one key: a second click on the same preview does nothing more."""
    named = BulkConfig(**{**vars(config), "key": key})
    context = session.acting(Permission.BULK, view.domain or ANY)
    with st.spinner("Acting on the cases one by one…"):
        done = bulk.run(named, rows, context)
    st.session_state["bulk-report"] = (ACTS[config.act], done)
    _forget()


def _forget() -> None:
    st.session_state.pop("bulk-asked", None)


def report() -> None:
    """What came of the last one, until it is put away."""
    title, made = st.session_state.get("bulk-report", ("", None))
    if made is None:
        return
    kind = "caution" if made.refused else "said"
    with st.container(border=True, key=f"{kind}-bulk"):
        worklist_bulk_shown.report(title, made)
        if st.button("Put away", key="bulk-seen"):
            del st.session_state["bulk-report"]
            st.rerun()
