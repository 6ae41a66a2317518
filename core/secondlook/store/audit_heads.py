"""The signed heads: where each chain ends, and how many chains cases have."""

from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from secondlook.errors import AuditBroken
from secondlook.store.audit_chain import BEGINNINGS, COUNT, GENESIS, WORKSPACE, sign, signed
from secondlook.store.base import table_of
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.review_tables import AuditEventRow, AuditHeadRow

BATCH = 5000
SOME = 20
"""Heads looked at before a key counts as another one."""

_HEADS = table_of(AuditHeadRow)
_MOVE = update(_HEADS).where(_HEADS.c.chain == bindparam("of"))


class Heads:
    """The heads of all chains. None is moved on before it was found to be in order."""

    def __init__(self, session: Session, key: bytes) -> None:
        self._session = session
        self._key = key

    def all(self) -> Iterator[tuple[str, int, str]]:
        """Chain, number of its last event and that event's hash, by chain; as they are stored."""
        query = select(AuditHeadRow.chain, AuditHeadRow.seq, AuditHeadRow.hash)
        query = query.where(AuditHeadRow.chain != COUNT).order_by(AuditHeadRow.chain)
        streamed = {"yield_per": BATCH}
        rows = self._session.connection().execute(query, execution_options=streamed)
        yield from ((chain, seq, digest) for chain, seq, digest in rows)

    def has(self, chain: str) -> bool:
        """Whether a chain was begun."""
        query = select(AuditHeadRow.chain).where(AuditHeadRow.chain == chain)
        return self._session.scalar(query) is not None

    def extend(self, chain: str, action: str) -> tuple[int, str]:
        """Number and hash of the event that `action` will follow; the chain is locked.

        Raises AuditBroken when the head is not signed with this key or the last event is not the
        one it names: signing the next event would hide that.
        """
        seq, digest = self._checked(chain, action)
        if self._last(chain) != (seq, digest):
            raise _broken(chain, action, "the last event is not the one that was signed")
        if seq == 0 and action not in BEGINNINGS:
            raise _broken(chain, action, "its beginning is missing")
        return seq, digest

    def move(self, chain: str, seq: int, digest: str) -> None:
        """Sign the event that the chain, locked by `extend`, ends with now."""
        signature = sign(self._key, chain, seq, digest)
        values = {"of": chain, "seq": seq, "hash": digest, "signature": signature}
        self._session.connection().execute(_MOVE, values)

    def begin_count(self) -> None:
        """Begin to count cases, in a database that has none."""
        self._session.execute(insert(AuditHeadRow).values(self._empty(COUNT)))

    def broken(self, chains: Sequence[str]) -> frozenset[str]:
        """Those of these chains (some hundreds at most) that `extend` refuses."""
        head, event = AuditHeadRow, AuditEventRow
        last = select(event.chain, func.max(event.seq)).where(event.chain.in_(chains))
        ends = tuple_(event.chain, event.seq).in_(last.group_by(event.chain))
        found = self._session.execute(select(event.chain, event.seq, event.hash).where(ends))
        standing = {chain: (seq, digest) for chain, seq, digest in found}
        columns = (head.chain, head.seq, head.hash, head.signature)
        heads = self._session.execute(select(*columns).where(head.chain.in_(chains))).all()
        sound = {
            x.chain
            for x in heads
            if signed(self._key, *x) and standing.get(x.chain) == (x.seq, x.hash)
        }
        return frozenset(chains) - sound

    def count(self, begun: int) -> None:
        """Count chains of cases that this transaction began, as the last thing it does.

        Writers take turns from here to the end of their transaction and wait for nothing else.
        """
        action = "case.opened"
        head = self._locked(COUNT)
        if head is None:
            raise _broken(COUNT, action, "the count is missing")
        if not signed(self._key, COUNT, *head):
            raise _broken(COUNT, action, "the count is not signed with the audit key")
        self.move(COUNT, head[0] + begun, GENESIS)

    def signed_by_another(self) -> bool:
        """Whether there are heads and this key signed none of the first few."""
        columns = (AuditHeadRow.chain, AuditHeadRow.seq, AuditHeadRow.hash, AuditHeadRow.signature)
        anchors = AuditHeadRow.chain.in_((WORKSPACE, COUNT))
        for some in (select(*columns).where(anchors), select(*columns).limit(SOME)):
            heads = self._session.execute(some).all()
            if not heads or any(signed(self._key, *head) for head in heads):
                return False
        return True

    def _checked(self, chain: str, action: str) -> tuple[int, str]:
        head = self._locked(chain)
        if head is None and action not in BEGINNINGS:
            raise _broken(chain, action, "its head is missing")
        if head is None:
            statement = insert_or_ignore(self._session, AuditHeadRow)
            self._session.execute(statement.values(self._empty(chain)))
            head = self._locked(chain)
        if head is None or not signed(self._key, chain, *head):
            raise _broken(chain, action, "its head is not signed with the audit key")
        return head[0], head[1]

    def _locked(self, chain: str) -> tuple[int, str, str] | None:
        row = self._session.execute(
            select(AuditHeadRow.seq, AuditHeadRow.hash, AuditHeadRow.signature)
            .where(AuditHeadRow.chain == chain)
            .with_for_update()
        ).one_or_none()
        return None if row is None else (row.seq, row.hash, row.signature)

    def _last(self, chain: str) -> tuple[int, str]:
        # Not joined to the head: PostgreSQL would pair a head it waited for with an older event.
        row = self._session.execute(
            select(AuditEventRow.seq, AuditEventRow.hash)
            .where(AuditEventRow.chain == chain)
            .order_by(AuditEventRow.seq.desc())
            .limit(1)
        ).one_or_none()
        return (0, GENESIS) if row is None else (row.seq, row.hash)

    def _empty(self, chain: str) -> dict[str, str | int]:
        signature = sign(self._key, chain, 0, GENESIS)
        return {"chain": chain, "seq": 0, "hash": GENESIS, "signature": signature}


def _broken(chain: str, action: str, what: str) -> AuditBroken:
    return AuditBroken(
        f"Tried to add {action!r} to the audit chain {chain}: {what}. Nothing was written; see "
        "what else is wrong with `secondlook db verify-audit`."
    )
