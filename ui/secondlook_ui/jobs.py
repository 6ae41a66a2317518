"""First looks that a worker takes: queue them, see how far they are."""

from collections import Counter
from datetime import timedelta

import streamlit as st

from secondlook.accounts.actor import ANY, Permission
from secondlook_ui import session
from secondlook_ui.session import Notice
from secondlook_workflows import durable

POLL = timedelta(seconds=3)
OPEN = ("ENQUEUED", "PENDING")
WORDS = {"ENQUEUED": "queued", "PENDING": "running", "SUCCESS": "finished", "ERROR": "broke"}


def show(*, domain: str | None = None, case: str | None = None) -> None:
    """A button that queues first looks, for one case or for all that wait, and the jobs' state."""
    row = st.container(horizontal=True, vertical_alignment="center", key="jobs")
    label = "Assess waiting cases" if case is None else "Assess again"
    may = session.actor().may(Permission.DECIDE, domain or ANY)
    if may and row.button(label, key="assess", icon=":material/manage_search:", type="tertiary"):
        _queue(domain, case)
        st.rerun()
    states = _states()
    with row.container(key="quiet-jobs", width="stretch"):
        if any(x in OPEN for x in states):
            st.session_state["jobs-followed"] = True
            _follow()
        elif states:
            st.text(sentence(states))


def sentence(states: list[str]) -> str:
    """`first looks: 1 queued, 2 finished`."""
    counts = Counter(WORDS.get(x, x.lower()) for x in states)
    return "first looks: " + ", ".join(f"{n} {word}" for word, n in counts.items())


@session.careful
def _queue(domain: str | None, case: str | None) -> None:
    cases = () if case is None else (case,)
    acting = session.acting(Permission.DECIDE, domain or ANY)
    durable.enqueue_assess(acting.workspace, domain=None if case else domain, cases=cases)
    session.notify(Notice("Queued. A worker takes the first look; it runs with `secondlook work`."))


@st.fragment(run_every=POLL)
def _follow() -> None:
    """Looks again every few seconds; the page itself changes only when the reviewer says so."""
    if not session.stands():
        st.rerun(scope="app")
    states = _states()
    st.text(sentence(states))
    if not any(x in OPEN for x in states) and st.button("Show what is new", key="refresh"):
        st.rerun(scope="app")


def _states() -> list[str]:
    return [x.status for x in durable.jobs(session.workspace()) if x.verb == durable.ASSESS]
