"""The audit trail: what was done to a case, by whom and when, in a form that shows tampering."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from secondlook.cases import Scalar
from secondlook.errors import StoreError
from secondlook.store import clock
from secondlook.store.audit_chain import GENESIS, WORKSPACE, canonical, event_hash, moment, sign
from secondlook.store.audit_verify import AuditProblem, AuditReport, verify
from secondlook.store.base import storable
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.review_tables import AuditEventRow, AuditHeadRow

__all__ = ["WORKSPACE", "Audit", "AuditEvent", "AuditProblem", "AuditReport"]


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One event of a chain; `seq` counts from 1."""

    chain: str
    seq: int
    at: datetime
    actor: str
    action: str
    body: Mapping[str, Scalar]
    hash: str


class Audit:
    """The audit trail. Bodies hold codes, counts and identifiers, never text about a person."""

    def __init__(self, session: Session, key: bytes) -> None:
        self._session = session
        self._key = key

    def append(self, chain: str, action: str, actor: str, body: Mapping[str, Scalar]) -> None:
        """Add an event to a chain (a case id, or `workspace`); writers of one chain take turns."""
        if not actor.strip():
            raise StoreError(f"Tried to audit {action!r} without an actor. Name who does it.")
        seq, previous = self._lock(chain)
        self._write(chain, seq + 1, previous, action, actor, canonical(body))

    def events(self, chain: str) -> tuple[AuditEvent, ...]:
        """The events of a chain, oldest first; none for a chain that does not exist."""
        rows = self._session.scalars(
            select(AuditEventRow).where(AuditEventRow.chain == chain).order_by(AuditEventRow.seq)
        )
        return tuple(_event(row) for row in rows)

    def verify(self) -> AuditReport:
        """Read the whole trail and report everything that does not add up."""
        return verify(self._session, self._key)

    def _lock(self, chain: str) -> tuple[int, str]:
        head = self._head(chain)
        if head is None:
            empty = {"chain": chain, "seq": 0, "hash": GENESIS, "signature": GENESIS}
            self._session.execute(insert_or_ignore(self._session, AuditHeadRow).values(empty))
            head = self._head(chain) or (0, GENESIS)
        return head

    def _head(self, chain: str) -> tuple[int, str] | None:
        row = self._session.execute(
            select(AuditHeadRow.seq, AuditHeadRow.hash)
            .where(AuditHeadRow.chain == chain)
            .with_for_update()
        ).one_or_none()
        return None if row is None else (row.seq, row.hash)

    def _write(
        self, chain: str, seq: int, previous: str, action: str, actor: str, body: str
    ) -> None:
        at = clock.now()
        storable(actor, "an actor's name")
        digest = event_hash(previous, chain, seq, moment(at), actor, action, body)
        event = {"chain": chain, "seq": seq, "at": at, "actor": actor, "action": action}
        self._session.execute(insert(AuditEventRow).values(**event, body=body, hash=digest))
        self._session.execute(
            update(AuditHeadRow)
            .where(AuditHeadRow.chain == chain)
            .values(seq=seq, hash=digest, signature=sign(self._key, chain, seq, digest))
        )


def _event(row: AuditEventRow) -> AuditEvent:
    return AuditEvent(
        chain=row.chain,
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        body=json.loads(row.body),
        hash=row.hash,
    )
