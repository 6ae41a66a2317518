"""The worklist: pages of cases, most urgent first, read by keyset from narrow columns only."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    false,
    func,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from secondlook.cases import CaseStatus
from secondlook.errors import StoreError
from secondlook.reviewing import Stage
from secondlook.store import clock
from secondlook.store.assessments import Assessments
from secondlook.store.case_act_mapping import case_acts_of
from secondlook.store.case_tables import CaseRow
from secondlook.store.cases import Cases
from secondlook.store.decision_mapping import reads_of
from secondlook.store.review_tables import LeaseRow
from secondlook.store.worklist_values import (
    OPEN,
    CaseExport,
    CaseSummary,
    Counts,
    Cursor,
    WorklistFilter,
    WorklistPage,
)

__all__ = [
    "OPEN",
    "CaseExport",
    "CaseSummary",
    "Counts",
    "Cursor",
    "Worklist",
    "WorklistFilter",
    "WorklistPage",
]

EXPORT_BATCH = 200
_COLUMNS = (
    CaseRow.id,
    CaseRow.domain,
    CaseRow.product,
    CaseRow.title,
    CaseRow.status,
    CaseRow.priority,
    CaseRow.human_priority,
    CaseRow.machine_priority,
    CaseRow.promote_at,
    CaseRow.promoted_at,
    CaseRow.turn,
    CaseRow.score,
    CaseRow.recommended,
    CaseRow.headline,
    CaseRow.abstained,
    CaseRow.decided,
    CaseRow.opened_at,
    CaseRow.reopened_at,
    CaseRow.picture,
    CaseRow.failure,
    CaseRow.stage,
    CaseRow.handed_to,
)
LATER = CaseRow.stage != literal_column("'first'")
"""In these words, so that the indexes of later stages are used."""
Stream = Select[*tuple[Any, ...]]


class Worklist:
    """The ordered cases: priority, then turn (score or waiting time), then id, all descending."""

    def __init__(
        self,
        session: Session,
        cases: Cases,
        assessments: Assessments,
        domains: frozenset[str] | None = None,
    ) -> None:
        """`domains` are those that whoever asks may see; None for all."""
        self._session = session
        self._cases = cases
        self._assessments = assessments
        self._seen = true() if domains is None else CaseRow.domain.in_(domains)

    def page(
        self, filter: WorklistFilter, *, after: Cursor | None = None, limit: int = 50
    ) -> WorklistPage:
        """The `limit` cases that follow `after` (None: the first ones)."""
        if not 1 <= limit <= 1000:
            raise StoreError(f"Tried to read a page of {limit} cases: ask for 1 to 1000.")
        seen = [stream.where(self._seen) for stream in _streams(filter)]
        streams = [_after(stream, after).limit(limit + 1) for stream in seen]
        found = self._session.execute(_with_holders(_merged(streams), limit + 1)).all()
        rows = tuple(_summary(row) for row in found[:limit])
        more = len(found) > limit
        last = Cursor(rows[-1].priority, rows[-1].turn, rows[-1].id) if more else None
        return WorklistPage(rows=rows, next=last)

    def counts(self, domain: str | None = None) -> Counts:
        """Cases by status and cases held now. Reads an index of all cases: 0.1 s for a million."""
        by_status = select(CaseRow.status, func.count()).where(self._seen).group_by(CaseRow.status)
        held = (
            select(func.count())
            .select_from(LeaseRow)
            .join(CaseRow, CaseRow.id == LeaseRow.case_id)
            .where(LeaseRow.until > clock.now(), CaseRow.is_open, self._seen)
        )
        if domain is not None:
            by_status = by_status.where(CaseRow.domain == domain)
            held = held.where(CaseRow.domain == domain)
        found = dict(self._session.execute(by_status).all())
        counted = {status: found.get(status, 0) for status in CaseStatus}
        later = self._later(domain)
        stages = {x: sum(n for (y, _), n in later.items() if x is y) for x in Stage}
        stages[Stage.FIRST] = sum(counted[x] for x in OPEN) - sum(stages.values())
        leads = {
            x: sum(n for (y, z), n in later.items() if y.for_leads and z is x) for x in CaseStatus
        }
        held_now = self._session.scalar(held) or 0
        return Counts(by_status=counted, held=held_now, by_stage=stages, for_leads=leads)

    def _later(self, domain: str | None) -> dict[tuple[Stage, CaseStatus], int]:
        """Only cases beyond the first stage are counted: they are few."""
        stages = (CaseRow.stage, CaseRow.status)
        later = select(*stages, func.count()).where(LATER, self._seen).group_by(*stages)
        if domain is not None:
            later = later.where(CaseRow.domain == domain)
        return {(stage, status): n for stage, status, n in self._session.execute(later)}

    def handed(self, reviewer: str, domain: str | None = None) -> int:
        """How many cases were handed over to this reviewer, who holds them."""
        known = and_(CaseRow.handed_to == reviewer, CaseRow.handed_to.is_not(None), self._seen)
        query = select(func.count()).select_from(CaseRow).where(known)
        query = query if domain is None else query.where(CaseRow.domain == domain)
        return self._session.scalar(query) or 0

    def export(self, domain: str) -> Iterator[CaseExport]:
        """Every case of a domain with its assessment and decisions, by ascending id."""
        after = ""
        while ids := self._ids(domain, after):
            yield from self.exported(ids)
            after = ids[-1]

    def exported(self, ids: Sequence[str]) -> Iterator[CaseExport]:
        """These cases (some hundreds at most), in the order of `ids`."""
        histories = self._assessments.histories(ids)
        reads = reads_of(self._session, ids)
        acts = case_acts_of(self._session, ids)
        for case in self._cases.load(ids):
            yield CaseExport.of(case, histories[case.id], reads[case.id], acts[case.id])

    def _ids(self, domain: str, after: str) -> list[str]:
        query = select(CaseRow.id).where(CaseRow.domain == domain, CaseRow.id > after)
        return list(self._session.scalars(query.order_by(CaseRow.id).limit(EXPORT_BATCH)))


def _streams(filter: WorklistFilter) -> list[Stream]:
    """Queries whose rows together are the filter's: each has one index that is in order."""
    return [_narrowed(select(*_COLUMNS).where(state), filter) for state in _states(filter)]


def _states(filter: WorklistFilter) -> list[ColumnElement[bool]]:
    """All open statuses are one equality for each queue (held or not: the index tells them apart);
    other sets are one ordered stream for each status. Later stages have indexes of their own."""
    if filter.handed_to is not None:
        return [and_(CaseRow.handed_to == filter.handed_to, CaseRow.handed_to.is_not(None))]
    later = (filter.stages or frozenset()) - {Stage.FIRST}
    of_status = CaseRow.status.in_(sorted(filter.statuses))
    states = [and_(CaseRow.stage == x, LATER, of_status) for x in sorted(later)]
    if filter.stages is None or Stage.FIRST in filter.stages:
        first = [CaseRow.stage == Stage.FIRST] if filter.stages is not None else []
        states += [and_(x, *first) for x in _by_status(filter.statuses)]
    return states


def _by_status(statuses: frozenset[CaseStatus]) -> list[ColumnElement[bool]]:
    if statuses != OPEN:
        return [CaseRow.status == status for status in sorted(statuses)]
    ordinary = and_(CaseRow.is_open, CaseRow.for_leads == false())
    return [and_(ordinary, CaseRow.is_held == held) for held in (false(), true())]


def _narrowed(stream: Stream, filter: WorklistFilter) -> Stream:
    if filter.domain is not None:
        stream = stream.where(CaseRow.domain == filter.domain)
    if filter.product is not None:
        stream = stream.where(CaseRow.product == filter.product)
    if filter.search:
        stream = stream.where(CaseRow.title.icontains(filter.search, autoescape=True))
    return stream


def _after(stream: Stream, cursor: Cursor | None) -> Stream:
    if cursor is not None:
        place = tuple_(CaseRow.priority, CaseRow.turn, CaseRow.id)
        stream = stream.where(place < tuple_(cursor.priority, cursor.turn, cursor.id))
    return stream.order_by(CaseRow.priority.desc(), CaseRow.turn.desc(), CaseRow.id.desc())


def _merged(streams: list[Stream]) -> Subquery:
    if not streams:
        raise StoreError("Tried to list cases of no status. Choose at least one.")
    if len(streams) == 1:
        return streams[0].subquery("listed")
    return union_all(*(select(stream.subquery()) for stream in streams)).subquery("listed")


def _with_holders(listed: Subquery, limit: int) -> Stream:
    held = and_(LeaseRow.case_id == listed.c.id, LeaseRow.until > clock.now())
    columns = (*listed.c, LeaseRow.reviewer.label("held_by"), LeaseRow.until.label("held_until"))
    ordered = (listed.c.priority.desc(), listed.c.turn.desc(), listed.c.id.desc())
    return select(*columns).outerjoin(LeaseRow, held).order_by(*ordered).limit(limit)


def _summary(row: Row[*tuple[Any, ...]]) -> CaseSummary:
    return CaseSummary(**row._mapping)
