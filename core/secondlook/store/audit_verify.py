"""Verification of the audit trail: one pass over all events, a chain at a time, streaming.

What is verified, and what cannot be, is said in `audit_chain`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Select, String, select, type_coerce
from sqlalchemy.orm import Session

from secondlook.store.audit_acknowledged import Acknowledged
from secondlook.store.audit_apart import Apart
from secondlook.store.audit_chain import BEGINNINGS, GENESIS, event_hash, moment, of_case, signed
from secondlook.store.audit_contents import (
    ASSESSMENTS,
    CASE_ACTS,
    DECISIONS,
    PRIORITIES,
    PRODUCTS,
    Contents,
)
from secondlook.store.audit_described import Described
from secondlook.store.audit_missing import (
    Head,
    changed_since,
    empty_chains,
    miscounted,
    missing_accounts,
    missing_chains,
    missing_products,
)
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.review_tables import AuditEventRow, AuditHeadRow

BATCH = 5000

__all__ = ["AuditProblem", "AuditReport", "verify"]


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What verification read and what does not add up; no problems means it verifies."""

    chains: int
    events: int
    problems: tuple[AuditProblem, ...]


class _Head(NamedTuple):
    seq: int | None
    hash: str | None
    signature: str | None


NO_HEAD = _Head(None, None, None)


@dataclass
class _Walk:
    """Where the pass stands inside the present chain."""

    key: bytes
    problems: list[AuditProblem] = field(default_factory=list)
    chains: int = 0
    cases: int = 0
    events: int = 0
    chain: str | None = None
    seq: int = 0
    hash: str = GENESIS
    head: _Head = NO_HEAD

    def enter(self, chain: str, head: _Head, action: str) -> None:
        self.leave()
        self.chain, self.head, self.seq, self.hash = chain, head, 0, GENESIS
        self.chains += 1
        self.cases += of_case(chain)
        if action not in BEGINNINGS:
            self.report(1, f"the chain begins with {action!r}, so its beginning was removed")

    def step(self, seq: int, claimed: str, actual: str) -> None:
        self.events += 1
        if not isinstance(seq, int):
            self.report(self.seq + 1, "the number of the event was changed")
            return
        if seq != self.seq + 1:
            self.report(self.seq + 1, f"events {self.seq + 1} to {seq - 1} are missing")
        elif claimed != actual:
            self.report(seq, "the event, or the one before it, was changed")
        self.seq, self.hash = seq, claimed

    def leave(self) -> None:
        if self.chain is None:
            return
        seq, digest, signature = self.head
        if seq is None or digest is None or signature is None:
            self.report(self.seq, "the chain has no head: it was removed")
        elif not signed(self.key, self.chain, seq, digest, signature):
            self.report(seq, "the head is not signed with the audit key")
        elif self.seq < seq:
            self.report(self.seq + 1, f"events {self.seq + 1} to {seq} are missing at the end")
        elif self.seq > seq:
            self.report(seq + 1, "there are events beyond the signed head")
        elif self.hash != digest:
            self.report(seq, "the last event is not the one that was signed")

    def report(self, seq: int, what: str) -> None:
        self.problems.append(AuditProblem(chain=self.chain or "", seq=seq, what=what))


def verify(
    session: Session, key: bytes, against: Iterable[Head] = (), *, begun: int = 0
) -> AuditReport:
    """Read every event and head, and what was assessed, decided or described against its events.

    `begun` cases of this transaction are not counted yet. Reads, never writes.
    """
    walk, apart = _Walk(key), Apart(session)
    contents = (
        Contents(session, ASSESSMENTS),
        Contents(session, DECISIONS),
        Contents(session, CASE_ACTS),
        Contents(session, PRIORITIES, apart),
        Contents(session, PRODUCTS),
        Described(session),
        Acknowledged(session),
    )
    stored = text_as_stored if session.get_bind().dialect.name == "sqlite" else moment
    streamed = {"yield_per": BATCH}  # of this statement alone: the unit may write afterwards
    rows = session.connection().execute(_events(session), execution_options=streamed)
    for chain, seq, at, actor, action, body, claimed, *head in rows:
        if chain != walk.chain:
            walk.enter(chain, _Head(*head), action)
        event = (chain, seq, stored(at), actor, action, body)
        walk.step(seq, claimed, _hash_of_anything(walk.hash, event))
        for kind in contents:
            walk.problems.extend(kind.note(chain, seq, action, body))
    walk.leave()
    for kind in contents:
        walk.problems.extend((*kind.compare(), *kind.unlogged()))
    walk.problems.extend(apart.problems())
    walk.problems.extend(_beyond(session, walk, begun))
    walk.problems.extend(changed_since(session, against))
    return AuditReport(chains=walk.chains, events=walk.events, problems=tuple(walk.problems))


def _beyond(session: Session, walk: _Walk, begun: int) -> Iterator[AuditProblem]:
    """What the events alone do not show."""
    empty = tuple(empty_chains(session))
    yield from (*empty, *missing_chains(session), *missing_products(session))
    yield from missing_accounts(session)
    found = walk.cases + sum(of_case(problem.chain) for problem in empty)
    yield from miscounted(session, walk.key, begun, found)


def text_as_stored(at: Any) -> str:
    """SQLite's text of a time as its `moment`; whatever else stands there, as it is."""
    return f"{at}+00:00".replace(" ", "T")


def _hash_of_anything(previous: str, event: tuple[Any, ...]) -> str:
    try:
        return event_hash(previous, *event)
    except (TypeError, ValueError):  # SQLite keeps a value of any type in any column
        return ""


def _events(session: Session) -> Select[*tuple[Any, ...]]:
    event, head = AuditEventRow, AuditHeadRow
    # A time that somebody made unreadable must be reported, not fail to load.
    raw = session.get_bind().dialect.name == "sqlite"
    at = type_coerce(event.at, String) if raw else event.at
    of_event = (event.chain, event.seq, at, event.actor, event.action, event.body, event.hash)
    query = select(*of_event, head.seq, head.hash, head.signature)
    return query.outerjoin(head, head.chain == event.chain).order_by(event.chain, event.seq)
