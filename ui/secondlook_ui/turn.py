"""Going through the worklist case by case: what comes next, and what to say when nothing does."""

from typing import NoReturn

import streamlit as st

from secondlook.decisions import Lease
from secondlook.errors import LeaseLost
from secondlook.store.worklist import CaseSummary, Counts, WorklistFilter
from secondlook_ui import routes, session, words
from secondlook_workflows import promote

LOOK_AHEAD = 200
COUNT_SECONDS = 3.0


def set_domain(domain: str | None) -> None:
    """What the worklist is filtered by; the next case comes from there."""
    st.session_state["queue"] = domain


def domain_or(default: str) -> str | None:
    """The domain of the queue; `default` for a reviewer who came by a link."""
    domain: str | None = st.session_state.get("queue", default)
    return domain


@st.cache_resource(ttl=COUNT_SECONDS, show_spinner=False)
def _counts(home: str, domain: str | None, seen: tuple[str, ...]) -> Counts:
    with session.workspace().database.read() as unit:
        return unit.worklist.counts(domain)


def counts(domain: str | None) -> Counts:
    """Cases by status, at most some seconds old: it reads an index of all cases."""
    seen = tuple(sorted(session.actor().grants))  # others see other cases
    return _counts(str(session.workspace().home), domain, seen)


def forget_counts() -> None:
    """Count anew: something was decided here."""
    _counts.clear()


def go_on(domain: str | None) -> NoReturn:
    """Hold the next case and open it; back to the worklist when there is none."""
    lease = take_next(domain)
    forget_counts()
    if lease is not None:
        routes.open_case(lease.case_id)
    said, shown_at = st.session_state.get("notice", (None, None))
    before = f"{said.text}. " if said is not None and shown_at is None else ""
    session.notify(
        session.Notice(
            before + _nothing_left(domain),
            case=said.case if before else None,
            decision=said.decision if before else None,
        )
    )
    routes.open_worklist()


def skip(case_id: str, domain: str | None) -> NoReturn:
    """Give a case back, leave it for later, and go on."""
    skipped().add(case_id)
    go_on(domain)


def skipped() -> set[str]:
    """The cases this session left for later."""
    found: set[str] = st.session_state.setdefault("skipped", set())
    return found


def take_next(domain: str | None) -> Lease | None:
    """The next case that is neither held nor skipped; skipped ones when no other is left."""
    session.let_go()
    if skipped():
        lease = _unskipped(domain)
        if lease is not None:
            return lease
        skipped().clear()
    return session.take_next(domain)


def _unskipped(domain: str | None) -> Lease | None:
    for row in _waiting(domain):
        if row.id not in skipped() and row.held_by in (None, session.reviewer()):
            try:
                return session.hold(row.id)
            except LeaseLost:  # somebody was faster
                continue
    return None


def _waiting(domain: str | None) -> tuple[CaseSummary, ...]:
    promote.attempt(session.context(), batches=1)
    with session.workspace().database.read() as unit:
        return unit.worklist.page(WorklistFilter(domain=domain), limit=LOOK_AHEAD).rows


def _nothing_left(domain: str | None) -> str:
    held = [x for x in _waiting(domain) if x.held_by and x.held_until]
    if not held:
        return "Nothing is left to decide here"
    who = sorted({f"{x.held_by} until {words.until(x.held_until)}" for x in held if x.held_until})
    return f"0 left, {len(held)} held by {', '.join(who[:3])}"
