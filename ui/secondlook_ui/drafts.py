"""What a reviewer began: reason, findings, severity; kept in the database until they decide."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from secondlook.codec import to_plain
from secondlook.decisions import Act, FindingAct
from secondlook_ui import session
from secondlook_ui.shown import Shown

LONGEST_REASON = 4000
PLAIN = (Act.AGREE, Act.REJECT)
_ACTS = TypeAdapter(tuple[FindingAct, ...])


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What was chosen so far, beside the words of the reason."""

    acts: tuple[FindingAct, ...] = ()
    """At most one on each thing that was found, and what was added."""
    severity: str | None = None
    reason_codes: tuple[str, ...] = ()


def reason_key(page: Shown) -> str:
    """The widget of the reason, for this case, reviewer and act."""
    return f"reason:{act_name(page)}"


def restore(page: Shown) -> None:
    """Take up the stored draft, the first time it is drawn in this session."""
    if reason_key(page) in st.session_state:
        return
    st.session_state[reason_key(page)] = str(page.draft.get("reason") or "")
    st.session_state[_key(page)] = _entered(page.draft)


def reason(page: Shown) -> str:
    """The reason as it stands."""
    return str(st.session_state.get(reason_key(page), "")).strip()


def entered(page: Shown) -> Entered:
    """What was chosen as it stands; acts on what is found no more are left out.

    Of a decided case what was decided: findings are judged once, a change keeps them.
    """
    if page.decided:
        last = page.decisions[-1]
        return Entered(acts=last.acts, severity=last.severity, reason_codes=last.reason_codes)
    found: Entered = st.session_state.get(_key(page), Entered())
    labels = page.labels()
    return replace(
        found, acts=tuple(x for x in found.acts if x.act is Act.ADD or x.label in labels)
    )


def put(page: Shown, now: Entered) -> None:
    """Take over what was chosen, and keep it."""
    st.session_state[_key(page)] = now
    save(page)


@session.careful
def save(page: Shown) -> None:
    """Keep what was entered; for callbacks."""
    body = {"reason": reason(page)} | ({} if page.decided else _body(entered(page)))
    something = any(body.values())
    with session.drafting(page.case.domain) as unit:
        if something:
            unit.drafts.save(page.case.id, session.reviewer(), body)
        else:
            unit.drafts.delete(page.case.id, session.reviewer())
        unit.commit()
    st.session_state["draft-saved"] = (page.case.id, datetime.now(UTC)) if something else None


def saved_at(case_id: str) -> datetime | None:
    """When this session last kept a draft of this case."""
    kept: tuple[str, datetime] | None = st.session_state.get("draft-saved")
    return kept[1] if kept and kept[0] == case_id else None


def act_name(page: Shown) -> str:
    """One act as part of a key: keys end up in the page, names must not."""
    name = hashlib.sha256(session.reviewer().encode()).hexdigest()[:8]
    return f"{page.case.id}:{name}:{page.turn}"


def _key(page: Shown) -> str:
    return f"entered:{act_name(page)}"


def _body(now: Entered) -> dict[str, Any]:
    """In the form of `secondlook.drafting`, which a decision that is taken back leaves too."""
    return {
        "acts": {x.label: x.act.value for x in now.acts if x.act in PLAIN},
        "findings": [to_plain(x) for x in now.acts],
        "severity": now.severity,
        "reason_codes": list(now.reason_codes),
    }


def _entered(draft: dict[str, Any]) -> Entered:
    """Of a draft that cannot be read no more than its reason is left."""
    plain = draft.get("findings")
    if plain is None:
        views = draft.get("acts") or {}
        plain = [{"label": x, "act": y} for x, y in views.items()]
    try:
        acts = _ACTS.validate_python(plain)
    except ValidationError:
        return Entered()
    codes = tuple(str(x) for x in draft.get("reason_codes") or ())
    return Entered(acts=acts, severity=draft.get("severity"), reason_codes=codes)
