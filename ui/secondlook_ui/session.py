"""What a browser session knows: the workspace, who reviews, what they hold, what was just done."""

import getpass
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Literal, ParamSpec

import streamlit as st

from secondlook.decisions import Lease
from secondlook.errors import LeaseLost, SecondlookError
from secondlook.workspace import Workspace, default_home
from secondlook_ui import trouble, words
from secondlook_workflows.context import Context, open_context

P = ParamSpec("P")
REVIEWER = "reviewer"
REVIEWER_VARIABLE = "SECONDLOOK_REVIEWER"
"""Whose name the field holds at first; else that of the user of this machine."""
LONGEST_NAME = 80
IDLE_LEASES = 2
"""A page left open keeps its case for so many leases after the last click."""


@dataclass(frozen=True)
class Notice:
    """What was just done, shown once at the top of the next page."""

    text: str
    good: bool = True
    case: str | None = None
    """The case it is about, to go back to."""


@st.cache_resource(show_spinner=False)
def _context(home: str) -> Context:
    return open_context(Path(home))


def context() -> Context:
    """The workspace and the plugins, one for all sessions of this process."""
    return _context(str(default_home()))


def workspace() -> Workspace:
    """The workspace of `context`."""
    return context().workspace


def ask_reviewer() -> None:
    """The field for the reviewer's name; the user of this machine until it is changed."""
    if REVIEWER not in st.session_state:
        st.session_state[REVIEWER] = _system_user()
    st.text_input("Reviewer", key=REVIEWER, max_chars=LONGEST_NAME)
    st.caption("Your name goes with every decision. This is not a login: nobody checks it.")


def sidebar_state() -> Literal["expanded", "collapsed"]:
    """Open until the first case is held: the name is asked once, then makes room."""
    going = "lease" in st.session_state or "case" in st.query_params
    return "collapsed" if going else "expanded"


def reviewer() -> str:
    """Who reviews; empty when the field was emptied."""
    return str(st.session_state.get(REVIEWER, "")).strip()


def hold(case_id: str) -> Lease:
    """Hold a case for this reviewer, and give back whatever was held before. LeaseLost."""
    held = held_lease()
    if held is not None and (held.case_id, held.reviewer) != (case_id, reviewer()):
        let_go()
        held = None
    minutes = workspace().settings.lease_minutes
    if held is None or held.until - datetime.now(UTC) < timedelta(minutes=minutes) / 2:
        with workspace().database.write() as unit:
            held = unit.leases.claim(case_id, reviewer(), minutes=minutes)
            unit.commit()
        keep_lease(held)
    return held


def still_held(case_id: str) -> str:
    """Until when the case is held; renewed while the page is open and somebody works on it."""
    lease = held_lease()
    if lease is None or lease.case_id != case_id:
        return ""
    try:
        lease = hold(case_id) if _somebody_there() else lease
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
        with workspace().database.write() as unit:
            unit.leases.release(lease)
            unit.commit()
        keep_lease(None)


def take_next(domain: str | None) -> Lease | None:
    """Hold the next case of the worklist; None when nothing is left that nobody else holds."""
    let_go()
    with workspace().database.write() as unit:
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


def _system_user() -> str:
    if named := os.environ.get(REVIEWER_VARIABLE, "").strip():
        return named[:LONGEST_NAME]
    try:
        return getpass.getuser()[:LONGEST_NAME]
    except (KeyError, OSError):  # a container without a name for its user
        return "reviewer"
