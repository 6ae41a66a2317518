"""Leases: who holds a case until when, given out by one atomic statement.

Times are those of the calling machine. Clocks that disagree by seconds move the moment at which
a lease ends and can do no harm beyond that: `fence` tells a late holder from the present one.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, update
from sqlalchemy.orm import Session

from secondlook.decisions import Lease
from secondlook.errors import Conflict, LeaseLost, StoreError
from secondlook.reviewing import leads_turn, read_already
from secondlook.store import clock
from secondlook.store.base import storable
from secondlook.store.case_mapping import lock_case, no_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.claim_statements import (
    FIELDS,
    Taken,
    claim_any,
    claim_case,
    claim_next,
    claimable,
)
from secondlook.store.dialects import is_postgresql
from secondlook.store.priorities import Priorities
from secondlook.store.review_tables import LeaseRow

TRIES = 40
"""How often a claim that lost a race tries again; with the pauses, about a second."""
LONGEST_PAUSE = 0.03
TRUSTING = 3
"""Tries that believe `cases.is_held`; later ones read the leases of all cases ahead."""
ENDED = datetime(1970, 1, 1, tzinfo=UTC)
"""What `until` says once a lease was ended; an expired one that nobody ended is later."""
SWEEP = 500
"""How many expired leases one claim sees to."""


class Leases:
    """The cases that reviewers hold."""

    def __init__(self, session: Session, priorities: Priorities) -> None:
        self._session = session
        self._priorities = priorities
        self._on_postgresql = is_postgresql(session)

    def claim_next(
        self,
        reviewer: str,
        *,
        minutes: int,
        domain: str | None = None,
        product: str | None = None,
        lead: bool = False,
    ) -> Lease | None:
        """The first undecided case in worklist order that nobody else holds, or None.

        What was handed over to the reviewer comes first, and none on which they have had their say
        is offered to them again. `lead` takes from the leads' queue instead of the ordinary one.
        Whoever has waited too long is promoted before.
        A reviewer who holds that case already keeps it under the same fence. Conflict after many
        lost races, which is not the same as an empty worklist.
        """
        values = _values(reviewer, minutes) | {"domain": domain, "product": product}
        narrowed = {"domain": domain is not None, "product": product is not None, "lead": lead}
        where = {"on_postgresql": self._on_postgresql, **narrowed}
        self._end_expired(values["now"])
        self._priorities.promote()
        for attempt in range(TRIES):
            claim = claim_next if attempt < TRUSTING else claim_any
            lease = self._take(claim(**where), values)
            if lease is not None:
                return lease
            if self._session.scalar(claimable(**narrowed), values) is None:
                return None
            time.sleep(min(LONGEST_PAUSE, 0.001 * 2**attempt))
        raise Conflict("Tried to claim a case: others were faster each time. Try again.")

    def claim(self, case_id: str, reviewer: str, *, minutes: int, lead: bool = False) -> Lease:
        """Hold this case. LeaseLost names who holds it until when; OthersTurn where it waits for
        another reader, or for a lead and the reviewer is none (`lead`) or has had their say; NotFound."""
        values = _values(reviewer, minutes) | {"case": case_id, "lead": lead}
        take = claim_case(on_postgresql=self._on_postgresql)
        lease = self._take(take, values)
        if lease is not None:
            return lease
        held = self._held(case_id, values["now"])
        if held is not None and held.reviewer != reviewer:
            raise _held_by(held)
        self.check_turn(lock_case(self._session, case_id), reviewer, lead=lead)
        raise no_case(case_id)

    def pass_on(self, case_id: str, to: str, *, minutes: int, lead: bool = False) -> Lease:
        """The case, which the caller has locked, is held by `to` from now on. Raises as `claim`."""
        self.free(case_id)
        lease = self.claim(case_id, to, minutes=minutes, lead=lead)
        handed = update(CaseRow).where(CaseRow.id == case_id).values(handed_to=to)
        self._session.execute(handed)
        return lease

    def check_turn(self, case: CaseRow, reviewer: str, *, lead: bool) -> None:
        """OthersTurn unless the case waits for such a reviewer, whoever holds it."""
        if case.for_leads and not lead:
            raise leads_turn(case.id)
        if reviewer in (case.first_reader, case.passed_by):
            raise read_already(case.id, reviewer, lead=lead)

    def holds(self, case_id: str, reviewer: str) -> bool:
        """Whether this reviewer holds the case now."""
        held = self._held(case_id, clock.now())
        return held is not None and held.reviewer == reviewer

    def renew(self, lease: Lease, *, minutes: int) -> Lease:
        """The same lease for `minutes` from now. LeaseLost when it is over."""
        now = clock.now()
        until = now + _duration(minutes)
        renewed = self._session.execute(
            update(LeaseRow).where(_still(lease, now)).values(until=until).returning(*FIELDS)
        ).one_or_none()
        if renewed is None:
            raise self._lost(lease, now)
        return _lease(renewed)

    def release(self, lease: Lease) -> None:
        """Give the case back; nothing happens when the lease is over already."""
        lock_case(self._session, lease.case_id)
        if self._session.scalar(select(LeaseRow.fence).where(_still(lease, clock.now()))):
            self.free(lease.case_id)

    def check(self, case_id: str, reviewer: str, lease: Lease | None) -> None:
        """LeaseLost unless `reviewer` may act on the case: under `lease`, or while it is free."""
        now = clock.now()
        held = self._held(case_id, now)
        if lease is None:
            if held is not None and held.reviewer != reviewer:
                raise _held_by(held)
        elif (lease.case_id, lease.reviewer) != (case_id, reviewer) or (
            held is None or (held.reviewer, held.fence) != (reviewer, lease.fence)
        ):
            raise self._lost(lease, now)

    def free(self, *cases: str) -> None:
        """End whatever lease there is on these cases, whose rows the caller has locked."""
        running = and_(LeaseRow.case_id.in_(cases), LeaseRow.until > ENDED)
        self._session.execute(update(LeaseRow).where(running).values(until=ENDED))
        held = and_(CaseRow.id.in_(cases), CaseRow.is_held)
        freed = update(CaseRow).where(held).values(is_held=False, handed_to=None)
        self._session.execute(freed)

    def _take(self, take: Taken, values: dict[str, Any]) -> Lease | None:
        row = self._session.connection().execute(take, values).one_or_none()
        if row is None:
            return None
        free = and_(CaseRow.id == row.case_id, ~CaseRow.is_held)
        self._session.execute(update(CaseRow).where(free).values(is_held=True))
        return _lease(row)

    def _end_expired(self, now: datetime) -> None:
        """Show the cases of expired leases as free again; each is seen to once."""
        over = and_(LeaseRow.until > ENDED, LeaseRow.until <= now)
        expired = self._session.scalars(select(LeaseRow.case_id).where(over).limit(SWEEP)).all()
        if expired:
            # In the order of every other writer, the case before its lease, or they deadlock.
            query = select(CaseRow.id).where(CaseRow.id.in_(expired))
            locked = self._session.scalars(query.with_for_update(skip_locked=True, key_share=True))
            still = select(LeaseRow.case_id).where(LeaseRow.case_id.in_(locked.all()), over)
            self.free(*self._session.scalars(still))

    def _held(self, case_id: str, now: datetime) -> Lease | None:
        row = self._session.execute(
            select(*FIELDS).where(LeaseRow.case_id == case_id, LeaseRow.until > now)
        ).one_or_none()
        return None if row is None else _lease(row)

    def _lost(self, lease: Lease, now: datetime) -> LeaseLost:
        held = self._held(lease.case_id, now)
        if held is not None and held.reviewer != lease.reviewer:
            return _held_by(held)
        return LeaseLost(
            f"Tried to act on case {lease.case_id[:12]} under a lease of {lease.reviewer} until "
            f"{lease.until:%H:%M:%S} UTC: it is over. Claim the case again."
        )


def _lease(row: Row[str, str, datetime, int]) -> Lease:
    return Lease(case_id=row.case_id, reviewer=row.reviewer, until=row.until, fence=row.fence)


def _held_by(lease: Lease) -> LeaseLost:
    return LeaseLost(
        f"Tried to act on case {lease.case_id[:12]}: {lease.reviewer} holds it until "
        f"{lease.until:%H:%M:%S} UTC. Wait, or take another case."
    )


def _values(reviewer: str, minutes: int) -> dict[str, Any]:
    now = clock.now()
    return {"reviewer": _named(reviewer), "now": now, "until": now + _duration(minutes)}


def _still(lease: Lease, now: datetime) -> ColumnElement[bool]:
    return and_(
        LeaseRow.case_id == lease.case_id,
        LeaseRow.reviewer == lease.reviewer,
        LeaseRow.fence == lease.fence,
        LeaseRow.until > now,
    )


def _duration(minutes: int) -> timedelta:
    if minutes <= 0:
        raise StoreError(f"Tried to hold a case for {minutes} minutes: it must be 1 or more.")
    return timedelta(minutes=minutes)


def _named(reviewer: str) -> str:
    if not reviewer.strip():
        raise StoreError("Tried to hold a case without a reviewer. Name who reviews.")
    return storable(reviewer, "a reviewer's name")
