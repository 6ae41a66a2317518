"""Decisions: a reviewer's act on a case, taken once, amended and never edited."""

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from secondlook.cases import CaseStatus
from secondlook.decisions import Decision, FindingAct, Lease
from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.store import clock
from secondlook.store.assessment_tables import AssessmentRow
from secondlook.store.audit import Audit
from secondlook.store.audit_contents import DECIDED
from secondlook.store.audit_digest import decision_digest
from secondlook.store.base import storable
from secondlook.store.case_mapping import lock_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.decision_mapping import decisions_of
from secondlook.store.leases import Leases
from secondlook.store.product_mapping import product_id
from secondlook.store.product_tables import ProductVersionRow
from secondlook.store.review_tables import DecisionRow, DraftRow, FindingActRow


class Decisions:
    """The reviewers' acts."""

    def __init__(self, session: Session, leases: Leases, audit: Audit) -> None:
        self._session = session
        self._leases = leases
        self._audit = audit

    def add(
        self,
        case_id: str,
        *,
        reviewer: str,
        disposition: str,
        acts: Sequence[FindingAct] = (),
        reason: str = "",
        assessment_id: str | None = None,
        lease: Lease | None = None,
        amends: str | None = None,
        key: str | None = None,
    ) -> Decision:
        """Decide a case, and free it.

        `key` names the act: the same key again gives the decision it made the first time.
        `amends` is the id of the latest decision, where there is one.

        Raises LeaseLost when `lease` is over or somebody else holds the case, Conflict when the
        case was decided meanwhile or `key` was used on another case, NotFound.
        """
        case = lock_case(self._session, case_id)
        earlier = self._by_key(key, case_id)
        if earlier is not None:
            return earlier
        self._leases.check(case_id, reviewer, lease)
        before = self.of(case_id)
        _check_amends(case_id, amends, before)
        self._check_assessment(case_id, assessment_id)
        decision = Decision(
            id=uuid.uuid4().hex,
            case_id=case_id,
            reviewer=_named(reviewer),
            disposition=_chosen(disposition),
            decided_at=clock.now(),
            assessment_id=assessment_id,
            acts=tuple(acts),
            reason=storable(reason, "the reason of a decision"),
            amends=amends,
        )
        self._insert(decision, ordinal=len(before) + 1, key=key)
        self._close(decision, *self._described(case))
        return decision

    def of(self, case_id: str) -> tuple[Decision, ...]:
        """The decisions on a case, oldest first; the last one stands."""
        return decisions_of(self._session, [case_id])[case_id]

    def _by_key(self, key: str | None, case_id: str) -> Decision | None:
        if key is None:
            return None
        row = self._session.execute(
            select(DecisionRow.id, DecisionRow.case_id).where(DecisionRow.key == key)
        ).one_or_none()
        if row is None:
            return None
        if row.case_id != case_id:
            raise Conflict(
                f"Tried to decide case {case_id[:12]} under the key {key!r}: it decided case "
                f"{row.case_id[:12]}. Use a new key for each act."
            )
        return next(decision for decision in self.of(case_id) if decision.id == row.id)

    def _check_assessment(self, case_id: str, assessment_id: str | None) -> None:
        if assessment_id is None:
            return
        found = self._session.scalar(
            select(AssessmentRow.id).where(
                AssessmentRow.id == assessment_id, AssessmentRow.case_id == case_id
            )
        )
        if found is None:
            raise NotFound(f"Case {case_id[:12]} has no assessment {assessment_id!r}.")

    def _insert(self, decision: Decision, *, ordinal: int, key: str | None) -> None:
        self._session.execute(
            insert(DecisionRow).values(
                id=decision.id,
                case_id=decision.case_id,
                ordinal=ordinal,
                reviewer=decision.reviewer,
                disposition=decision.disposition,
                decided_at=decision.decided_at,
                assessment_id=decision.assessment_id,
                reason=decision.reason,
                amends=decision.amends,
                key=key,
            )
        )
        acts = [
            {"decision_id": decision.id, "ordinal": i, "label": act.label, "act": act.act}
            for i, act in enumerate(decision.acts)
        ]
        if acts:
            self._session.execute(insert(FindingActRow), acts)

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

    def _close(self, decision: Decision, described: int | None, description: str | None) -> None:
        self._session.execute(
            update(CaseRow)
            .where(CaseRow.id == decision.case_id)
            .values(
                status=CaseStatus.DECIDED,
                is_open=False,
                decided=decision.disposition,
                described=described,
                promote_at=None,
                version=CaseRow.version + 1,
            )
        )
        self._leases.free(decision.case_id)
        self._session.execute(
            delete(DraftRow).where(
                DraftRow.case_id == decision.case_id, DraftRow.reviewer == decision.reviewer
            )
        )
        body = {
            "decision": decision.id,
            "digest": decision_digest(decision),
            "disposition": decision.disposition,
            "amends": decision.amends,
            "described": described,
            "description": description,
        }
        self._audit.append(decision.case_id, DECIDED, decision.reviewer, body)


def _named(reviewer: str) -> str:
    if not reviewer.strip():
        raise StoreError("Tried to decide without a reviewer. Name who decides.")
    return storable(reviewer, "a reviewer's name")


def _chosen(disposition: str) -> str:
    if not disposition.strip():
        raise StoreError("Tried to decide without a disposition. Choose one of the domain's.")
    return storable(disposition, "a disposition")


def _check_amends(case_id: str, amends: str | None, before: Sequence[Decision]) -> None:
    latest = before[-1].id if before else None
    if amends == latest:
        return
    if latest is None:
        raise Conflict(
            f"Tried to amend decision {amends!r} of case {case_id[:12]}: it has none yet. Decide "
            "without `amends`."
        )
    raise Conflict(
        f"Tried to decide case {case_id[:12]}: {before[-1].reviewer} decided "
        f"{before[-1].disposition!r} meanwhile. Read it, and amend decision {latest} if need be."
    )
