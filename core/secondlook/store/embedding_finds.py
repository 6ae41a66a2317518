"""From keys of vectors back to what people read: the case, its title, the passage, the file."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from secondlook.cases import Attachment, Passage
from secondlook.store.case_mapping import attachments_of
from secondlook.store.case_tables import CaseRecordRow, CaseRow, PassageRow, RecordRow
from secondlook.store.embedding_values import (
    CaseFilter,
    FoundCase,
    FoundImage,
    FoundPassage,
    ImageKey,
    PassageKey,
)

Holder = tuple[str, int]
"""A case that has a record, and how many have it."""


def attachments_by_key(session: Session, keys: Sequence[ImageKey]) -> dict[ImageKey, Attachment]:
    """The attachments of the keys' cases."""
    of = attachments_of(session, list({key.case_id for key in keys}))
    return {ImageKey(case, x.sha256): x for case, files in of.items() for x in files}


def found_images(session: Session, keys: Sequence[ImageKey]) -> dict[ImageKey, FoundImage]:
    """Each of these pictures with its case."""
    files = attachments_by_key(session, keys)
    cases = _cases(session, {key.case_id for key in keys})
    return {x: FoundImage(case=cases[x.case_id], attachment=files[x]) for x in keys}


def found_passages(
    session: Session, keys: Sequence[PassageKey], of: CaseFilter
) -> dict[PassageKey, FoundPassage]:
    """Each of these passages with a case of `of` that has it: the one with the smallest id."""
    places = tuple_(PassageRow.record_id, PassageRow.ordinal).in_([tuple(x) for x in keys])
    query = select(PassageRow, RecordRow).join(RecordRow, RecordRow.id == PassageRow.record_id)
    rows = session.execute(query.where(places)).all()
    holders = _holders(session, {record.id for _, record in rows}, of)
    cases = _cases(session, {case for case, _ in holders.values()})
    names = _names(session, holders)
    return {
        PassageKey(row.record_id, row.ordinal): FoundPassage(
            case=cases[holders[record.id][0]],
            cases=holders[record.id][1],
            record=record.sha256,
            record_name=names[record.id],
            passage=_passage(row, record.text),
        )
        for row, record in rows
    }


def _cases(session: Session, ids: Collection[str]) -> dict[str, FoundCase]:
    query = select(CaseRow.id, CaseRow.title, CaseRow.decided).where(CaseRow.id.in_(ids))
    rows = session.execute(query)
    return {id: FoundCase(id=id, title=title, decided=decided) for id, title, decided in rows}


def _holders(session: Session, records: Collection[int], of: CaseFilter) -> dict[int, Holder]:
    record, first = CaseRecordRow.record_id, func.min(CaseRow.id)
    query = (
        select(record, first, func.count())
        .join(CaseRow, CaseRow.id == CaseRecordRow.case_id)
        .where(record.in_(records), *of.conditions())
        .group_by(record)
    )
    return {id: (case, number) for id, case, number in session.execute(query)}


def _names(session: Session, holders: dict[int, Holder]) -> dict[int, str]:
    """What the holder of each record calls it."""
    links = tuple_(CaseRecordRow.record_id, CaseRecordRow.case_id)
    wanted = [(record, case) for record, (case, _) in holders.items()]
    query = select(CaseRecordRow.record_id, CaseRecordRow.name).where(links.in_(wanted))
    return dict(session.execute(query).all())


def _passage(row: PassageRow, text: str) -> Passage:
    return Passage(
        ordinal=row.ordinal,
        text=text[row.first : row.beyond],
        start=row.first,
        end=row.beyond,
        line=row.line,
        page=row.page,
    )
