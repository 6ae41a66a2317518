"""Records and their passages: each text is stored once, whichever cases share it."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from secondlook.cases import Passage, Record
from secondlook.errors import BadValue, NotFound
from secondlook.store.base import storable
from secondlook.store.case_tables import CaseRecordRow, PassageRow, RecordRow
from secondlook.store.dialects import insert_or_ignore


class Records:
    """The texts beside the pictures. A record is known by its content hash and its kind."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, sha256: str, kind: str) -> Record:
        """The record, under its hash for a name: a name is the case's. NotFound."""
        row = self._session.scalars(
            select(RecordRow).where(RecordRow.sha256 == sha256, RecordRow.kind == kind)
        ).one_or_none()
        if row is None:
            raise NotFound(f"There is no {kind} {sha256[:12]!r}; see `secondlook show`.")
        return _record(row, sha256[:12], self._passages([row.id])[row.id])

    def by_row(self, id: int, name: str) -> Record:
        """The record of a row number, under this name."""
        row = self._session.scalars(select(RecordRow).where(RecordRow.id == id)).one()
        return _record(row, name, self._passages([id])[id])

    def of(self, cases: Sequence[str]) -> dict[str, tuple[Record, ...]]:
        """The records of each of these cases, in the order they were added."""
        links = self._session.scalars(
            select(CaseRecordRow)
            .where(CaseRecordRow.case_id.in_(cases))
            .order_by(CaseRecordRow.case_id, CaseRecordRow.ordinal)
        ).all()
        ids = list({link.record_id for link in links})
        rows = self._session.scalars(select(RecordRow).where(RecordRow.id.in_(ids)))
        texts, passages = {row.id: row for row in rows}, self._passages(ids)
        found: dict[str, list[Record]] = {case: [] for case in cases}
        for link in links:
            record = _record(texts[link.record_id], link.name, passages[link.record_id])
            found[link.case_id].append(record)
        return {case: tuple(records) for case, records in found.items()}

    def add(self, record: Record) -> int:
        """Store a record unless it is there, and return its row number."""
        known = self._id(record)
        return self._insert(record) if known is None else known

    def link(self, case_id: str, records: Sequence[Record], *, apart: Collection[int] = ()) -> int:
        """Give a case the records it lacks, but for the rows `apart`; returns how many."""
        links = self._session.execute(
            select(CaseRecordRow.record_id, CaseRecordRow.ordinal).where(
                CaseRecordRow.case_id == case_id
            )
        )
        present = {record_id: ordinal for record_id, ordinal in links}
        before = len(present)
        for record in records:
            record_id = self.add(record)
            if record_id not in present and record_id not in apart:
                ordinal = max(present.values(), default=-1) + 1
                name = storable(record.name, "a record's name")
                row = {"case_id": case_id, "record_id": record_id, "name": name}
                self._session.execute(insert(CaseRecordRow).values(**row, ordinal=ordinal))
                present[record_id] = ordinal
        return len(present) - before

    def _id(self, record: Record) -> int | None:
        return self._session.scalar(
            select(RecordRow.id).where(
                RecordRow.sha256 == record.sha256, RecordRow.kind == record.kind
            )
        )

    def _insert(self, record: Record) -> int:
        passages = [_passage_row(record, passage) for passage in record.passages]
        values = {"sha256": record.sha256, "kind": record.kind, "media_type": record.media_type}
        statement = insert_or_ignore(self._session, RecordRow).values(
            **values, text=storable(record.text, f"the text of a {record.kind}")
        )
        new: int | None = self._session.scalar(statement.returning(RecordRow.id))
        if new is None:  # another writer was first, and it brings the passages
            known = self._id(record)
            return self._insert(record) if known is None else known
        if passages:
            rows = [{"record_id": new, **row} for row in passages]
            self._session.execute(insert(PassageRow), rows)
        return new

    def _passages(self, ids: Sequence[int]) -> dict[int, list[PassageRow]]:
        rows = self._session.scalars(
            select(PassageRow)
            .where(PassageRow.record_id.in_(ids))
            .order_by(PassageRow.record_id, PassageRow.ordinal)
        )
        passages: dict[int, list[PassageRow]] = defaultdict(list)
        for row in rows:
            passages[row.record_id].append(row)
        return passages


def _passage_row(record: Record, passage: Passage) -> dict[str, int | None]:
    if record.text[passage.start : passage.end] != passage.text:
        raise BadValue(
            f"Tried to store passage {passage.ordinal} of a {record.kind}: its text is not what "
            f"stands at {passage.start} to {passage.end} of the record. Split the record again."
        )
    return {
        "ordinal": passage.ordinal,
        "first": passage.start,
        "beyond": passage.end,
        "line": passage.line,
        "page": passage.page,
    }


def _record(row: RecordRow, name: str, passages: Sequence[PassageRow]) -> Record:
    return Record(
        sha256=row.sha256,
        name=name,
        media_type=row.media_type,
        kind=row.kind,
        text=row.text,
        passages=tuple(
            Passage(
                ordinal=p.ordinal,
                text=row.text[p.first : p.beyond],
                start=p.first,
                end=p.beyond,
                line=p.line,
                page=p.page,
            )
            for p in passages
        ),
    )
