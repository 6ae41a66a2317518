"""What a reviewer began: reason and views of findings, kept in the database until they decide."""

import hashlib
from datetime import UTC, datetime

import streamlit as st

from secondlook.decisions import Act, FindingAct
from secondlook_ui import session
from secondlook_ui.shown import Shown

LONGEST_REASON = 4000


def reason_key(page: Shown) -> str:
    """The widget of the reason, for this case, reviewer and act."""
    return f"reason:{_act(page)}"


def act_key(page: Shown, label: str) -> str:
    """The widget of the view of one finding."""
    return f"act:{_act(page)}:{label}"


def restore(page: Shown) -> None:
    """Fill the widgets from the stored draft, the first time they are drawn in this session."""
    if reason_key(page) in st.session_state:
        return
    st.session_state[reason_key(page)] = str(page.draft.get("reason", ""))
    acts = page.draft.get("acts", {})
    for label in page.labels():
        if acts.get(label) in (Act.AGREE, Act.REJECT):
            st.session_state[act_key(page, label)] = Act(acts[label])


def reason(page: Shown) -> str:
    """The reason as it stands."""
    return str(st.session_state.get(reason_key(page), "")).strip()


def acts(page: Shown) -> tuple[FindingAct, ...]:
    """The views of findings as they stand; a finding without one has none.

    They are entered once: a changed decision keeps those of the one it amends.
    """
    if page.decided:
        return page.decisions[-1].acts
    chosen = ((x, st.session_state.get(act_key(page, x))) for x in page.labels())
    return tuple(FindingAct(label=label, act=Act(act)) for label, act in chosen if act)


@session.careful
def save(page: Shown) -> None:
    """Keep what was entered; for callbacks."""
    views = () if page.decided else acts(page)
    body = {"reason": reason(page), "acts": {x.label: x.act.value for x in views}}
    entered = any(body.values())
    with session.drafting(page.case.domain) as unit:
        if entered:
            unit.drafts.save(page.case.id, session.reviewer(), body)
        else:
            unit.drafts.delete(page.case.id, session.reviewer())
        unit.commit()
    st.session_state["draft-saved"] = (page.case.id, datetime.now(UTC)) if entered else None


def saved_at(case_id: str) -> datetime | None:
    """When this session last kept a draft of this case."""
    kept: tuple[str, datetime] | None = st.session_state.get("draft-saved")
    return kept[1] if kept and kept[0] == case_id else None


def _act(page: Shown) -> str:
    """One act as part of a key: keys end up in the page, names must not."""
    name = hashlib.sha256(session.reviewer().encode()).hexdigest()[:8]
    return f"{page.case.id}:{name}:{page.turn}"
