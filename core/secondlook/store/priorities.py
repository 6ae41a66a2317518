"""Priorities that people set, and the promotion of whoever has waited too long.

Times are those of the calling machine, absolute and in UTC: neither a restart nor another time zone
changes how long a case has waited. A clock that runs ahead promotes early, one that runs behind
late, by as much as it is off.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.orm import Session

from secondlook.cases import CaseStatus, Scalar
from secondlook.decisions import Prioritisation
from secondlook.errors import AuditBroken, Conflict, StoreError
from secondlook.queues import Band, Queue
from secondlook.store import clock
from secondlook.store.audit import WORKSPACE, Audit
from secondlook.store.audit_apart import PRIORITISED_APART, PROMOTED_APART, tells_of
from secondlook.store.audit_contents import PRIORITISED
from secondlook.store.audit_digest import priority_digest
from secondlook.store.base import storable
from secondlook.store.case_mapping import lock_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.placing import waits_since
from secondlook.store.priority_mapping import priorities_of, priority_by_key
from secondlook.store.review_tables import PriorityActRow

log = logging.getLogger("secondlook")
BATCH = 200
"""Cases that one call promotes; the one that is due longest comes first."""
PROMOTED = "case.promoted"
APART = {PROMOTED: PROMOTED_APART, PRIORITISED: PRIORITISED_APART}
ACTOR = "secondlook"
SEE = "see `secondlook db verify-audit`"
Body = dict[str, Scalar]


class Priorities:
    """Who stands where in the worklist, and why. `queues` are those of the domains, by name."""

    def __init__(self, session: Session, audit: Audit, queues: Mapping[str, Queue]) -> None:
        self._session = session
        self._audit = audit
        self._queues = queues

    def queue(self, domain: str) -> Queue:
        """How the cases of a domain wait."""
        return self._queues.get(domain, Queue())

    def set(
        self, case_id: str, band: str, *, reviewer: str, reason: str = "", key: str | None = None
    ) -> Prioritisation:
        """Put an open case into a band; once, however often it is sent under one `key`.

        Raises:
            StoreError: the case would come lower without a reason; nobody is named.
            Conflict: the case is decided, or has waited longer than the band allows.
            AuditBroken: its audit trail is broken, and it would not come higher.
            PluginError: its domain has no such band.
            NotFound: there is no such case.
        """
        case = lock_case(self._session, case_id)
        if (done := priority_by_key(self._session, key, case_id, reviewer, band)) is not None:
            return done
        now, queue = clock.now(), self.queue(case.domain)
        wanted = queue.band(band)
        _check(case, wanted, queue, now, reason)
        act = Prioritisation(
            id=uuid.uuid4().hex,
            case_id=case.id,
            reviewer=_named(reviewer),
            band=wanted.code,
            priority=wanted.priority,
            before=case.priority,
            at=now,
            reason=storable(reason, "the reason of a priority"),
        )
        self._insert(act, key)
        self._place(case, wanted.priority, queue)
        body: Body = {"priority": act.id, "digest": priority_digest(act)}
        body |= {"from": act.before, "to": act.priority}
        self._tell(case.id, PRIORITISED, act.reviewer, body, apart=act.priority > act.before)
        return act

    def of(self, case_id: str) -> tuple[Prioritisation, ...]:
        """What people did to the priority of a case, oldest first."""
        return priorities_of(self._session, [case_id])[case_id]

    def due(self) -> bool:
        """Whether any case has waited too long where it is."""
        now = clock.now()
        return any(
            self._session.scalar(select(CaseRow.id).where(_is_due(domain, now)).limit(1))
            for domain in self._limited()
        )

    def promote(self) -> int:
        """Promote cases that have waited too long, each once; how many, `BATCH` a domain at most.

        Those that somebody else is changing at this moment are left to the next call.
        """
        now = clock.now()
        return sum(self._promote(domain, now) for domain in self._limited())

    def refit(self, domain: str, *, after: str = "", limit: int = 500) -> str | None:
        """Bring limits up to date with the present settings, for `limit` open cases by id.

        Whoever was promoted stays so. Returns the id to go on after; None at the end.
        """
        queue = self.queue(domain)
        of_domain = and_(CaseRow.domain == domain, CaseRow.is_open, CaseRow.id > after)
        query = select(CaseRow).where(of_domain).order_by(CaseRow.id).limit(limit)
        rows = self._session.scalars(query.with_for_update(key_share=True)).all()
        for row in rows:
            self._refit(row, queue)
        return rows[-1].id if len(rows) == limit else None

    def _limited(self) -> list[str]:
        return [name for name, queue in self._queues.items() if queue.limited]

    def _promote(self, domain: str, now: datetime) -> int:
        query = select(CaseRow).where(_is_due(domain, now)).order_by(CaseRow.promote_at, CaseRow.id)
        locked = query.limit(BATCH).with_for_update(skip_locked=True, key_share=True)
        rows = self._session.scalars(locked).all()
        return sum(self._raise(row, self._queues[domain], now) for row in rows)

    def _raise(self, row: CaseRow, queue: Queue, now: datetime) -> bool:
        above = queue.above(row.priority)
        if above is None:  # the bands were others when it was placed
            self._update(row.id, promote_at=None)
            return False
        waited = int((now - waits_since(row)).total_seconds())
        body: Body = {"from": row.priority, "to": above, "waited_seconds": waited}
        self._tell(row.id, PROMOTED, ACTOR, body, apart=True)
        due = queue.due(above, now)
        self._update(row.id, priority=above, promote_at=due, promoted_at=now)
        return True

    def _tell(self, case: str, action: str, actor: str, body: Body, *, apart: bool) -> None:
        """Add to the audit chain of a case; where that is broken and `apart`, to the workspace's."""
        try:
            self._audit.append(case, action, actor, body)
        except AuditBroken:
            if not apart:
                raise
            self._tell_apart(case, APART[action], actor, body)

    def _tell_apart(self, case: str, action: str, actor: str, body: Body) -> None:
        """Nobody waits for a record to be mended, not even for that of the workspace."""
        if not tells_of(self._session, case):
            log.warning("case %s goes higher; its audit trail is broken: %s", case[:12], SEE)
        try:
            self._audit.append(WORKSPACE, action, actor, {"case": case, **body})
        except AuditBroken:
            log.warning("the workspace's trail is broken, so nothing tells of it: %s", SEE)

    def _refit(self, row: CaseRow, queue: Queue) -> None:
        fresh = row.machine_priority is None and row.human_priority is None
        priority = max(row.priority, queue.floor) if fresh else row.priority
        fitting = {
            "priority": priority,
            "turn": queue.turn(row.score, waits_since(row)),
            "promote_at": queue.due(priority, row.promoted_at or waits_since(row)),
        }
        if any(getattr(row, name) != value for name, value in fitting.items()):
            self._update(row.id, **fitting)

    def _place(self, case: CaseRow, priority: int, queue: Queue) -> None:
        due = queue.due(priority, waits_since(case))
        set_by_a_person = {"priority": priority, "human_priority": priority}
        self._update(case.id, promote_at=due, promoted_at=None, **set_by_a_person)

    def _insert(self, act: Prioritisation, key: str | None) -> None:
        values = asdict(act) | {"ordinal": len(self.of(act.case_id)) + 1, "key": key}
        self._session.execute(insert(PriorityActRow).values(values))

    def _update(self, case_id: str, **values: object) -> None:
        self._session.execute(update(CaseRow).where(CaseRow.id == case_id).values(**values))


def _is_due(domain: str, now: datetime) -> ColumnElement[bool]:
    return and_(CaseRow.domain == domain, CaseRow.promote_at <= now, CaseRow.is_open)


def _check(case: CaseRow, wanted: Band, queue: Queue, now: datetime, reason: str) -> None:
    if case.status is CaseStatus.DECIDED:
        raise Conflict(f"Tried to move case {case.id[:12]}: it is decided, so it does not wait.")
    if wanted.priority >= case.priority:
        return
    if not reason.strip():
        raise StoreError(
            f"Tried to put case {case.id[:12]} lower without a reason. Say why: --reason TEXT."
        )
    due = queue.due(wanted.priority, waits_since(case))
    if due is not None and due <= now:
        raise Conflict(
            f"Tried to put case {case.id[:12]} lower: it has waited longer than {wanted.title} "
            "allows. Look at it and decide it instead."
        )


def _named(reviewer: str) -> str:
    if not reviewer.strip():
        raise StoreError("Tried to move a case without a reviewer. Name who does.")
    return storable(reviewer, "a reviewer's name")
