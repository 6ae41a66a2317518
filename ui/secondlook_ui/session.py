"""What a browser session does: come and leave, hold a case, say what was just done."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec

import streamlit as st

from secondlook.accounts.actor import ANY, Actor, Permission
from secondlook.decisions import Lease
from secondlook.errors import LeaseLost, SecondlookError
from secondlook_ui import trouble, who, words, workplace
from secondlook_ui.acting import acting, context, drafting, must, workspace, writing
from secondlook_ui.who import WHOSE, actor, reviewer, stands
from secondlook_workflows.accounts import sign_in, stay

__all__ = [
    "Notice",
    "acting",
    "active",
    "actor",
    "begin",
    "careful",
    "context",
    "drafting",
    "held_lease",
    "hold",
    "keep_lease",
    "leave",
    "let_go",
    "must",
    "notice",
    "notify",
    "reviewer",
    "stands",
    "still_held",
    "take_next",
    "workspace",
    "writing",
]

P = ParamSpec("P")
IDLE_LEASES = 2
"""A page left open keeps its case for so many leases after the last click."""


@dataclass(frozen=True)
class Notice:
    """What was just done, shown once at the top of the next page."""

    text: str
    good: bool = True
    case: str | None = None
    """The case it is about, to go back to."""
    decision: str | None = None
    """What was just decided, to take it back."""


def begin() -> Actor:
    """Who this run of the script is for. SignedOut.

    Nothing that one person entered is left for the next one who signs in in the same page.
    """
    found = who.look_again()
    if st.session_state.setdefault(WHOSE, found.actor.session) != found.actor.session:
        let_go()
        st.session_state.clear()
        st.session_state[WHOSE] = found.actor.session
    st.session_state["name"] = found.actor.name
    stay.run(found, workplace.context())
    return found.actor


def leave() -> None:
    """Sign out, and give back what is held."""
    found = actor()
    let_go()
    if found.session is not None:
        sign_in.out(found.session, workplace.context())
    st.session_state.clear()


def hold(case_id: str, *, lead: bool = False) -> Lease:
    """Hold a case for this reviewer, and give back whatever was held before. LeaseLost.

    `lead`: it waits for one.
    """
    held = held_lease()
    if held is not None and (held.case_id, held.reviewer) != (case_id, reviewer()):
        let_go()
        held = None
    minutes = workspace().settings.lease_minutes
    if held is None or held.until - datetime.now(UTC) < timedelta(minutes=minutes) / 2:
        domain = _domain(case_id)
        with writing(Permission.ADJUDICATE if lead else Permission.DECIDE, domain) as unit:
            held = unit.leases.claim(case_id, reviewer(), minutes=minutes, lead=lead)
            unit.commit()
        keep_lease(held)
    return held


def still_held(case_id: str, *, lead: bool = False) -> str:
    """Until when the case is held; renewed while the page is open and somebody works on it."""
    lease = held_lease()
    if lease is None or lease.case_id != case_id:
        return ""
    try:
        lease = hold(case_id, lead=lead) if _somebody_there() else lease
    except LeaseLost:
        return "no longer held by you"
    if lease.until < datetime.now(UTC):
        return "no longer held: reload the page to hold it again"
    return f"you ({lease.reviewer}) hold it until {words.until(lease.until)}"


def active() -> None:
    """The reviewer did something: the page was drawn because of it."""
    st.session_state["active"] = time.monotonic()


def _somebody_there() -> bool:
    idle: float = time.monotonic() - st.session_state.get("active", 0.0)
    return idle < IDLE_LEASES * 60 * workspace().settings.lease_minutes


def held_lease() -> Lease | None:
    """The lease of this session, which may be over."""
    lease: Lease | None = st.session_state.get("lease")
    return lease


def keep_lease(lease: Lease | None) -> None:
    """Remember what this session holds."""
    st.session_state["lease"] = lease


def let_go() -> None:
    """Give the held case back, if there is one."""
    lease = held_lease()
    if lease is not None:
        keep_lease(None)
        # Also where the session is over, or somebody else's by now: to give back takes no role.
        with workplace.context().workspace.database.write() as unit:
            unit.leases.release(lease)
            unit.commit()


def take_next(domain: str | None) -> Lease | None:
    """Hold the next case of the worklist; None when nothing is left that nobody else holds."""
    let_go()
    with writing(Permission.DECIDE, domain or ANY) as unit:
        lease = unit.leases.claim_next(
            reviewer(), minutes=workspace().settings.lease_minutes, domain=domain
        )
        unit.commit()
    keep_lease(lease)
    return lease


def notify(notice: Notice) -> None:
    """Show this at the top of the next page that is drawn."""
    st.session_state["notice"] = (notice, None)


def notice(place: str) -> Notice | None:
    """What is to be shown at this place; gone once another place was visited."""
    kept, shown_at = st.session_state.get("notice", (None, None))
    if shown_at not in (None, place):
        kept = None
    st.session_state["notice"] = (kept, place)
    found: Notice | None = kept
    return found


def careful(action: Callable[P, None]) -> Callable[P, None]:
    """For callbacks and fragments: an error of ours becomes a notice, any other a plain word."""

    @wraps(action)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(*args, **kwargs)
        except SecondlookError as error:
            notify(Notice(str(error), good=False))
        except Exception as error:  # noqa: BLE001 - its message may quote a case
            trouble.log(error)
            notify(Notice(trouble.UNEXPECTED, good=False))

    return guarded


def _domain(case_id: str) -> str:
    with workspace().database.read() as unit:
        return unit.cases.get(case_id).domain
