"""Assessments: what the machine says about a case, kept in full and shown in the worklist."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from secondlook.assessments import Assessment
from secondlook.cases import CaseStatus
from secondlook.errors import Conflict
from secondlook.store.assessment_mapping import (
    assessment_row,
    assessments_of,
    evidence_row,
    finding_row,
)
from secondlook.store.assessment_tables import AssessmentRow, EvidenceRow, FindingRow
from secondlook.store.audit import Audit
from secondlook.store.audit_contents import ASSESSED
from secondlook.store.audit_digest import assessment_digest
from secondlook.store.base import storable, table_of
from secondlook.store.case_mapping import lock_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.placing import failed, looked
from secondlook.store.priorities import Priorities

_ASSESSMENT, _FINDING, _EVIDENCE = (
    insert(table_of(x)) for x in (AssessmentRow, FindingRow, EvidenceRow)
)
_CASES = table_of(CaseRow)
_CASE = update(_CASES).where(_CASES.c.id == bindparam("of")).values(version=bindparam("next"))


class Assessments:
    """The machine's answers. The one added last stands; the others stay as history."""

    def __init__(self, session: Session, audit: Audit, priorities: Priorities) -> None:
        self._session = session
        self._audit = audit
        self._queue = priorities.queue

    def add(
        self,
        assessment: Assessment,
        *,
        actor: str,
        seen: int | None = None,
        of: str | None = None,
    ) -> bool:
        """Store an assessment and put it into the worklist.

        False when this adapter has given one for the same inputs before: then that one stands
        (again, if another or a failure came between). What was judged again takes no new look's
        place. From its first look on the priority of the case never falls, and a decided case stays
        decided.

        `seen` is the version of the case that was assessed: Conflict if it has changed since.
        `of` is the id of the assessment that was judged again, where no model was asked.
        """
        case = self._seen(assessment.case_id, seen)
        known = self._same(assessment)
        if known is None:
            self._insert(assessment)
        elif self._stands(known, case):
            return False
        else:
            assessment = self._stand_again(known)
        self._show(case, assessment)
        body = {
            "assessment": assessment.id,
            "digest": assessment_digest(assessment),
            "adapter": assessment.provenance.adapter,
        }
        if of is not None:
            body["rejudged"] = of
        self._audit.append(case.id, ASSESSED, actor, body)
        return known is None

    def latest(self, case_id: str) -> Assessment | None:
        """The assessment that stands, or None."""
        return next(reversed(self.history(case_id)), None)

    def history(self, case_id: str) -> tuple[Assessment, ...]:
        """All assessments of a case; the last one stands."""
        return assessments_of(self._session, [case_id])[case_id]

    def histories(self, cases: Sequence[str]) -> dict[str, tuple[Assessment, ...]]:
        """All assessments of each of these cases; the last one stands."""
        return assessments_of(self._session, cases)

    def latest_of(self, cases: Sequence[str]) -> dict[str, Assessment | None]:
        """The standing assessment of each of these cases."""
        histories = assessments_of(self._session, cases)
        return {case: history[-1] if history else None for case, history in histories.items()}

    def fail(self, case_id: str, reason: str, *, actor: str, seen: int | None = None) -> None:
        """Say that a case could not be assessed. `reason` must not quote what the case holds.

        `seen`: as in `add`.
        """
        case = self._seen(case_id, seen)
        if case.status != CaseStatus.DECIDED:
            said = {"status": CaseStatus.FAILED, "failure": storable(reason, "a reason")}
            self._update(case, **said, **failed(case, self._queue(case.domain)))
        self._audit.append(case_id, "case.failed", actor, {"version": case.version + 1})

    def wait(self, case_id: str, *, actor: str, seen: int | None = None) -> bool:
        """Say that a case waits for a new look while the last one stands; False if it did before.

        A decided case waits for none. `seen`: as in `add`.
        """
        case = self._seen(case_id, seen)
        if case.status != CaseStatus.ASSESSED:
            return False
        self._update(case, status=CaseStatus.NEW)
        self._audit.append(case_id, "case.waits", actor, {"version": case.version + 1})
        return True

    def _seen(self, case_id: str, version: int | None) -> CaseRow:
        case = lock_case(self._session, case_id)
        if version is not None and case.version != version:
            raise Conflict(
                f"Tried to store what was said of case {case_id[:12]}: it changed meanwhile. Read "
                "it again, then repeat."
            )
        return case

    def _same(self, assessment: Assessment) -> AssessmentRow | None:
        """What was judged again is the same as the look itself, where that had these inputs."""
        row, made_by = AssessmentRow, assessment.provenance
        same_kind = row.rejudged == (made_by.rejudged or "")
        return self._session.scalars(
            select(row).where(
                row.case_id == assessment.case_id,
                row.adapter == (made_by.adapter or ""),
                row.inputs == made_by.inputs,
                or_(same_kind, row.id == made_by.rejudged) if made_by.rejudged else same_kind,
            )
        ).one_or_none()

    def _stands(self, row: AssessmentRow, case: CaseRow) -> bool:
        done = (CaseStatus.ASSESSED, CaseStatus.DECIDED)
        return case.status in done and row.ordinal == self._last(row.case_id)

    def _last(self, case_id: str) -> int:
        highest = select(func.max(AssessmentRow.ordinal)).where(AssessmentRow.case_id == case_id)
        return self._session.scalar(highest) or 0

    def _insert(self, assessment: Assessment) -> None:
        ordinal = self._last(assessment.case_id) + 1
        connection = self._session.connection()
        connection.execute(_ASSESSMENT, assessment_row(assessment, ordinal))
        findings = [finding_row(assessment, i) for i in range(len(assessment.findings))]
        numbers = count()
        whole = [evidence_row(assessment.id, next(numbers), None, e) for e in assessment.evidence]
        of_findings = [
            evidence_row(assessment.id, next(numbers), i, evidence)
            for i, finding in enumerate(assessment.findings)
            for evidence in finding.evidence
        ]
        if findings:
            connection.execute(_FINDING, findings)
        if whole or of_findings:
            connection.execute(_EVIDENCE, whole + of_findings)

    def _stand_again(self, row: AssessmentRow) -> Assessment:
        self._session.execute(
            update(AssessmentRow)
            .where(AssessmentRow.id == row.id)
            .values(ordinal=self._last(row.case_id) + 1)
        )
        return self.history(row.case_id)[-1]

    def _show(self, case: CaseRow, assessment: Assessment) -> None:
        decided = case.status == CaseStatus.DECIDED
        abstention = assessment.abstention
        place = looked(case, assessment.priority, assessment.score, self._queue(case.domain))
        if decided:
            place |= {"promote_at": None}
        self._update(
            case,
            status=CaseStatus.DECIDED if decided else CaseStatus.ASSESSED,
            score=assessment.score,
            recommended=assessment.disposition,
            headline=assessment.findings[0].title if assessment.findings else None,
            abstained=abstention.reason if abstention else None,
            assessed_by=assessment.provenance.adapter or "",
            failure=None,
            **place,
        )

    def _update(self, case: CaseRow, **values: Any) -> None:
        of_case = {"of": case.id, "next": case.version + 1}  # the row is locked
        self._session.connection().execute(_CASE, values | of_case)
