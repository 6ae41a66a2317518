"""The row of a case as it goes through its readers: decided, waiting for another, taken back."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from secondlook.cases import CaseStatus
from secondlook.decisions import Decision, How
from secondlook.reviewing import Past, Stage, stage_after
from secondlook.store.case_tables import CaseRow
from secondlook.store.placing import waits_since
from secondlook.store.priorities import Priorities
from secondlook.store.product_mapping import product_id
from secondlook.store.product_tables import ProductVersionRow
from secondlook.store.review_tables import DraftRow

Told = dict[str, str | int | None]
WAITS_FIRST = {"stage": Stage.FIRST, "for_leads": False}
UNREAD = {**WAITS_FIRST, "first_reader": None, "passed_by": None}
"""Column values of a case that nobody's read is open on."""


class Staging:
    """Changes rows that the caller has locked."""

    def __init__(self, session: Session, priorities: Priorities) -> None:
        self._session = session
        self._priorities = priorities

    def close(self, case: CaseRow, taken: Decision) -> Told:
        """The case is decided; what the trail tells of that."""
        described, description = self._described(case)
        self._update(
            case,
            status=CaseStatus.DECIDED,
            status_before=case.status if case.is_open else case.status_before,
            is_open=False,
            decided=taken.disposition,
            described=described,
            promote_at=None,
            **(WAITS_FIRST if taken.how is How.ADJUDICATED else UNREAD),
        )
        return {
            "disposition": taken.disposition,
            "amends": taken.amends,
            "how": taken.how,
            "described": described,
            "description": description,
        }

    def wait(self, case: CaseRow, taken: Decision) -> None:
        """The case waits for another reader, where it was decided as well; for a lead, where
        `taken` differs from the first read."""
        if taken.how is How.FIRST:
            self.put(case, Stage.SECOND, first_reader=taken.reviewer)
        else:
            first = case.first_reader
            self.put(case, stage_after(taken.how), first_reader=first, passed_by=taken.reviewer)

    def put(
        self,
        case: CaseRow,
        stage: Stage,
        *,
        first_reader: str | None = None,
        passed_by: str | None = None,
    ) -> None:
        """Into a stage, open: a decided case waits again from when it did, for anybody but these.

        They are whose first read is open, and who brought it to the leads.
        """
        self._update(
            case,
            stage=stage,
            for_leads=stage.for_leads,
            first_reader=first_reader,
            passed_by=passed_by,
            **({} if case.is_open else self._reopened(case)),
        )

    def take_back(self, case: CaseRow, stage: Stage, taken: Decision, past: Past) -> None:
        """The same once `taken` is taken back."""
        first, passed = None, None
        if taken.how in (How.SECOND, How.ADJUDICATED):
            first = case.first_reader
        if taken.how is How.ADJUDICATED:
            passed = case.passed_by
        if taken.how is How.AGREED:
            first = next(x.reviewer for x in past.rows if x.id == taken.second_to)
            passed = taken.reviewer if stage.for_leads else None
        self.put(case, stage, first_reader=first, passed_by=passed)

    def drop_draft(self, case_id: str, reviewer: str) -> None:
        """What they began is done."""
        of_both = (DraftRow.case_id == case_id) & (DraftRow.reviewer == reviewer)
        self._session.execute(delete(DraftRow).where(of_both))

    def _reopened(self, case: CaseRow) -> dict[str, Any]:
        queue = self._priorities.queue(case.domain)
        since = case.promoted_at or waits_since(case)
        return {
            "status": case.status_before or CaseStatus.NEW,
            "status_before": None,
            "is_open": True,
            "decided": None,
            "described": None,
            "promote_at": queue.due(case.priority, since),
        }

    def _described(self, case: CaseRow) -> tuple[int | None, str | None]:
        """Ordinal and id of the product's description that the case is decided under.

        An amendment keeps it. None where the product is not described.
        """
        if case.product is None or (not case.is_open and case.described is None):
            return None, None
        version = ProductVersionRow
        which = version.product_id == product_id(case.domain, case.product)
        if not case.is_open:
            which &= version.ordinal == case.described
        query = select(version.ordinal, version.id).where(which)
        found = self._session.execute(query.order_by(version.ordinal.desc()).limit(1)).one_or_none()
        return (found.ordinal, found.id) if found else (case.described, None)

    def _update(self, case: CaseRow, **values: Any) -> None:
        changed = update(CaseRow).where(CaseRow.id == case.id)
        self._session.execute(changed.values(version=CaseRow.version + 1, **values))
