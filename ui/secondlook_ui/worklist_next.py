"""The next case of the list that is shown, and what is said where it holds none for this person."""

from typing import NoReturn

from secondlook.accounts.actor import ANY, Permission
from secondlook.decisions import Lease
from secondlook.errors import LeaseLost
from secondlook.store.worklist import CaseSummary
from secondlook_ui import routes, session, turn, words
from secondlook_ui.session import Notice
from secondlook_ui.worklist_lists import LEADS, MINE, View, settles
from secondlook_workflows import promote

LOOK_AHEAD = 200


def go_on(view: View) -> NoReturn:
    """Hold the next case and open it; from the leads' list, or of what was handed over, if that is
    shown."""
    if view.choice not in (LEADS, MINE):
        turn.go_on(view.domain)
    session.let_go()
    lease = _for_leads(view.domain) if view.choice == LEADS else _handed(view)
    turn.forget_counts()
    if lease is not None:
        session.keep_lease(lease)
        routes.open_case(lease.case_id)
    session.notify(Notice(left(view)))
    routes.open_worklist()


def left(view: View) -> str:
    """Why nothing of an empty queue is offered: who holds what, and what is another lead's."""
    rows = waiting(view)
    held = [x for x in rows if x.held_until and x.held_by != session.reviewer()]
    if not rows:
        return "Nothing is left to decide here"
    who = sorted({f"{x.held_by} until {words.until(x.held_until)}" for x in held if x.held_until})
    parts = [f"{len(held)} held by {', '.join(who[:3])}"] if held else []
    if others := len(rows) - len(held):
        parts.append(f"{others} for another lead, as you had a part in {_them(others)}")
    return ", ".join(["0 left", *parts])


def waiting(view: View) -> tuple[CaseSummary, ...]:
    """The first cases of the list."""
    promote.attempt(session.context(), batches=1)
    with session.workspace().database.read() as unit:
        return unit.worklist.page(view._replace(search="").filter, limit=LOOK_AHEAD).rows


def _for_leads(domain: str | None) -> Lease | None:
    with session.writing(Permission.ADJUDICATE, domain or ANY) as unit:
        lease = unit.leases.claim_next(
            session.reviewer(), minutes=_minutes(), domain=domain, lead=True
        )
        unit.commit()
    return lease


def _handed(view: View) -> Lease | None:
    for row in waiting(view):
        lead = settles(row.domain)
        try:
            with session.writing(Permission.DECIDE, row.domain) as unit:
                lease = unit.leases.claim(row.id, session.reviewer(), minutes=_minutes(), lead=lead)
                unit.commit()
        except LeaseLost:  # it was passed on meanwhile
            continue
        return lease
    return None


def _minutes() -> int:
    return session.workspace().settings.lease_minutes


def _them(count: int) -> str:
    return "it" if count == 1 else "them"
