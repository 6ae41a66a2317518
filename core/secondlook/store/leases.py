"""Leases: who holds a case until when, given out by one atomic statement.

Times are those of the calling machine. Clocks that disagree by seconds move the moment at which
a lease ends and can do no harm beyond that: `fence` tells a late holder from the present one.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, update
from sqlalchemy.orm import Session

from secondlook.cases import Lease
from secondlook.errors import Conflict, LeaseLost, StoreError
from secondlook.store import claim_statements, clock
from secondlook.store.base import storable
from secondlook.store.case_mapping import no_case
from secondlook.store.claim_statements import FIELDS
from secondlook.store.dialects import is_postgresql
from secondlook.store.review_tables import LeaseRow

TRIES = 40
"""How often a claim that lost a race tries again; with the pauses, about a second."""
LONGEST_PAUSE = 0.03


class Leases:
    """The cases that reviewers hold."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._on_postgresql = is_postgresql(session)

    def claim_next(
        self, reviewer: str, *, minutes: int, domain: str | None = None, product: str | None = None
    ) -> Lease | None:
        """The first undecided case in worklist order that nobody else holds, or None.

        A reviewer who holds that case already keeps it under the same fence. Conflict after many
        lost races, which is not the same as an empty worklist.
        """
        values = _values(reviewer, minutes) | {"domain": domain, "product": product}
        narrowed = {"domain": domain is not None, "product": product is not None}
        take = claim_statements.claim_next(on_postgresql=self._on_postgresql, **narrowed)
        for attempt in range(TRIES):
            row = self._session.connection().execute(take, values).one_or_none()
            if row is not None:
                return _lease(row)
            if self._session.scalar(claim_statements.claimable(**narrowed), values) is None:
                return None
            time.sleep(min(LONGEST_PAUSE, 0.001 * 2**attempt))
        raise Conflict("Tried to claim a case: others were faster each time. Try again.")

    def claim(self, case_id: str, reviewer: str, *, minutes: int) -> Lease:
        """Hold this case. LeaseLost names who holds it until when; NotFound."""
        values = _values(reviewer, minutes) | {"case": case_id}
        take = claim_statements.claim_case(on_postgresql=self._on_postgresql)
        row = self._session.connection().execute(take, values).one_or_none()
        if row is not None:
            return _lease(row)
        held = self._held(case_id, values["now"])
        if held is None:
            raise no_case(case_id)
        raise _held_by(held)

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
        now = clock.now()
        self._session.execute(update(LeaseRow).where(_still(lease, now)).values(until=now))

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

    def free(self, case_id: str) -> None:
        """End whatever lease there is on a case that was decided."""
        now = clock.now()
        self._session.execute(
            update(LeaseRow)
            .where(LeaseRow.case_id == case_id, LeaseRow.until > now)
            .values(until=now)
        )

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
