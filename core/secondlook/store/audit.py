"""The audit trail: what was done to a case, by whom and when, in a form that shows tampering."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from secondlook.cases import Scalar
from secondlook.errors import StoreError
from secondlook.store import clock
from secondlook.store.audit_chain import WORKSPACE, canonical, event_hash, moment, of_case
from secondlook.store.audit_heads import Heads
from secondlook.store.audit_search import AuditFilter, acts, search
from secondlook.store.audit_verify import AuditProblem, AuditReport, verify
from secondlook.store.base import storable, table_of
from secondlook.store.review_tables import AuditEventRow

__all__ = ["WORKSPACE", "Audit", "AuditEvent", "AuditFilter", "AuditProblem", "AuditReport"]

_EVENT = insert(table_of(AuditEventRow))


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
        self._heads = Heads(session, key)
        self._begun = 0

    def append(self, chain: str, action: str, actor: str, body: Mapping[str, Scalar]) -> None:
        """Add an event to a chain (the id of a case or a product, or `workspace`); writers of one
        chain take turns.

        Raises AuditBroken, and adds nothing, when the end of the chain does not verify.
        """
        if not actor.strip():
            raise StoreError(f"Tried to audit {action!r} without an actor. Name who does it.")
        storable(actor, "an actor's name")
        content = canonical(body)
        seq, previous = self._heads.extend(chain, action)
        self._write(chain, seq + 1, previous, action, actor, content)

    def begun(self, chain: str) -> bool:
        """Whether a chain has a head."""
        return self._heads.has(chain)

    def events(self, chain: str) -> tuple[AuditEvent, ...]:
        """The events of a chain, oldest first; none for a chain that does not exist."""
        rows = self._session.scalars(
            select(AuditEventRow).where(AuditEventRow.chain == chain).order_by(AuditEventRow.seq)
        )
        return tuple(_event(row) for row in rows)

    def search(self, filter: AuditFilter, limit: int) -> tuple[AuditEvent, ...]:
        """The latest of these events, the newest first. Not for who may read a case blind."""
        return tuple(_event(row) for row in search(self._session, filter, limit))

    def acts(self) -> tuple[str, ...]:
        """Every kind of act that the trail tells of, by name."""
        return acts(self._session)

    def broken(self, chains: Sequence[str]) -> frozenset[str]:
        """Those of these chains (some hundreds at most) whose end does not verify, so that
        `append` refuses them."""
        return self._heads.broken(chains)

    def heads(self) -> Iterator[tuple[str, int, str]]:
        """Chain, number and hash of the last event of every chain, by chain.

        Kept where nobody who writes to the database can reach it, this shows `verify` later that
        an earlier state was put back. Verify before exporting: heads come as they are stored.
        """
        return self._heads.all()

    def verify(self, against: Iterable[tuple[str, int, str]] | None = None) -> AuditReport:
        """Read the whole trail and report everything that does not add up.

        `against` is what `heads` gave earlier: chains that are shorter now, gone, or were other
        at that event are reported as well.
        """
        return verify(self._session, self._key, against or (), begun=self._begun)

    def begin(self, body: Mapping[str, Scalar]) -> None:
        """Open the workspace's chain and the count of cases, in a database without heads."""
        self._heads.begin_count()
        self.append(WORKSPACE, "workspace.opened", "secondlook", body)

    def close(self) -> None:
        """Count the cases that were opened since the last commit. Call it just before the next."""
        if self._begun:
            self._heads.count(self._begun)
        self._begun = 0

    def _write(
        self, chain: str, seq: int, previous: str, action: str, actor: str, body: str
    ) -> None:
        at = clock.now()
        digest = event_hash(previous, chain, seq, moment(at), actor, action, body)
        event = {"chain": chain, "seq": seq, "at": at, "actor": actor, "action": action}
        self._session.connection().execute(_EVENT, {**event, "body": body, "hash": digest})
        self._heads.move(chain, seq, digest)
        if seq == 1 and of_case(chain):
            self._begun += 1


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
