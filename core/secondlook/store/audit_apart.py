"""What is told of a case in the workspace's chain, because its own chain is broken.

Nobody waits for a record to be mended: a promotion, and a person who puts a case higher, go on. The
broken chain is left as it was found, so that verification goes on failing at the same place; the
workspace's chain, which is signed like any other, tells what was done.
"""

import json
from collections.abc import Container, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.store.audit_chain import WORKSPACE
from secondlook.store.audit_digest import priority_digest
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.priority_mapping import priorities_of
from secondlook.store.review_tables import AuditEventRow

PROMOTED_APART = "case.promoted.apart"
PRIORITISED_APART = "case.prioritised.apart"


def tells_of(session: Session, case_id: str) -> bool:
    """Whether the workspace's chain tells of this case already."""
    event = AuditEventRow
    of_case = event.body.contains(f'"case":"{case_id}"', autoescape=True)
    actions = event.action.in_((PROMOTED_APART, PRIORITISED_APART))
    query = select(event.seq).where(event.chain == WORKSPACE, actions, of_case).limit(1)
    return session.scalar(query) is not None


class Apart(Container[str]):
    """The priorities that people set on cases with a broken chain, by id."""

    def __init__(self, session: Session) -> None:
        self._session = session
        event = AuditEventRow
        query = select(event.seq, event.body).where(
            event.chain == WORKSPACE, event.action == PRIORITISED_APART
        )
        self._told = {
            name: (seq, case, digest)
            for seq, body in session.execute(query)
            for case, name, digest in _named(body)
        }

    def __contains__(self, name: object) -> bool:
        """Whether the workspace's chain tells of the priority of this id."""
        return name in self._told

    def problems(self) -> Iterator[AuditProblem]:
        """Those that were changed or removed since."""
        for name, (seq, case, digest) in self._told.items():
            present = self._digest(case, name)
            if present != digest:
                what = "was removed" if present is None else "was changed"
                yield AuditProblem(chain=WORKSPACE, seq=seq, what=f"priority {name} {what}")

    def _digest(self, case: str, name: str) -> str | None:
        try:
            acts = priorities_of(self._session, [case])[case]
            return next((priority_digest(x) for x in acts if x.id == name), None)
        except (ValueError, TypeError, LookupError):  # SQLite keeps a value of any type anywhere
            return ""


def _named(body: str) -> Iterator[tuple[str, str, str]]:
    try:
        fields = json.loads(body)
        yield str(fields["case"]), str(fields["priority"]), str(fields["digest"])
    except (KeyError, TypeError, ValueError):  # the walk over the chain says that it was changed
        return
