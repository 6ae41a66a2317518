"""Decisions: a reviewer's act on a case, taken once, amended and never edited.

A case is decided by one read, or by two readers who do not see what the other one said, and a lead
where they differ: the rules are in `secondlook.reviewing`.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from secondlook.assessments import Assessment
from secondlook.decisions import Decision, FindingAct, Lease
from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.reviewing import Past, how_decided
from secondlook.second_reads import SecondReads
from secondlook.store import clock
from secondlook.store.assessment_mapping import assessments_of
from secondlook.store.audit import Audit
from secondlook.store.audit_contents import DECIDED, READ
from secondlook.store.audit_digest import decision_digest
from secondlook.store.base import storable
from secondlook.store.case_mapping import lock_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.decision_mapping import act_rows, decision_row, decisions_of, past_of
from secondlook.store.leases import Leases
from secondlook.store.read_pairs import Pair, pairs_of
from secondlook.store.review_tables import DecisionRow, FindingActRow
from secondlook.store.staging import Staging
from secondlook.store.values import key_taken, named


class Decisions:
    """The reviewers' acts."""

    def __init__(
        self,
        session: Session,
        leases: Leases,
        audit: Audit,
        staging: Staging,
        second_reads: SecondReads,
    ) -> None:
        self._session = session
        self._leases = leases
        self._audit = audit
        self._staging = staging
        self._second_reads = second_reads

    def add(
        self,
        case_id: str,
        *,
        reviewer: str,
        disposition: str,
        acts: Sequence[FindingAct] = (),
        reason: str = "",
        severity: str | None = None,
        reason_codes: Sequence[str] = (),
        assessment_id: str | None = None,
        lease: Lease | None = None,
        amends: str | None = None,
        key: str | None = None,
        lead: bool = False,
    ) -> Decision:
        """Decide a case, and free it. What comes back says how: it may wait for another reader.

        `key` names the act: the same key again gives the decision it made the first time.
        `amends` is the id of the latest decision, where there is one. `lead` says that the caller
        has made sure that the reviewer is one; a case that waits for a lead takes no other.

        Raises LeaseLost when `lease` is over or somebody else holds the case, OthersTurn when the
        case waits for somebody else or a lead has had their say on it, Conflict when it was decided
        meanwhile or `key` names another act, NotFound.
        """
        case = lock_case(self._session, case_id)
        past = past_of(self._session, case_id)
        earlier = self._by_key(key, case_id, reviewer, past)
        if earlier is not None:
            return earlier
        self._leases.check(case_id, reviewer, lease)
        if lead:
            self._leases.check_turn(case, reviewer, lead=True)
        hidden = case.is_open and case.first_reader is not None
        _check_amends(case_id, amends, past.closing, hidden=hidden)
        said = Decision(
            id=uuid.uuid4().hex,
            case_id=case_id,
            reviewer=named(reviewer, "decide"),
            disposition=_chosen(disposition),
            decided_at=clock.now(),
            assessment_id=assessment_id,
            acts=tuple(acts),
            reason=storable(reason, "the reason of a decision"),
            severity=severity,
            reason_codes=tuple(reason_codes),
        )
        look = self._assessment(case_id, assessment_id)
        wanted = self._second_reads.wanted(case.domain, said, look)
        return self._take(said, case, past, amends, key, wanted=wanted, lead=lead)

    def of(self, case_id: str) -> tuple[Decision, ...]:
        """The decisions on a case, oldest first; of a decided case the last one stands.

        Reads that wait for another one are not among them: see `Views`.
        """
        return decisions_of(self._session, [case_id])[case_id]

    def past(self, case_id: str) -> Past:
        """Every read of a case and what was taken back. Not for who may read it blind."""
        return past_of(self._session, case_id)

    def pairs(self, domain: str, since: datetime | None = None) -> Iterator[Pair]:
        """First and second reads of a domain, to compare readers. Not for who may read blind."""
        return pairs_of(self._session, domain, since)

    def _take(
        self,
        said: Decision,
        case: CaseRow,
        past: Past,
        amends: str | None,
        key: str | None,
        *,
        wanted: bool,
        lead: bool,
    ) -> Decision:
        how, second_to = how_decided(said, case.stage, case.is_open, past, wanted=wanted, lead=lead)
        replaces = amends if how.closes else None
        taken = replace(said, how=how, second_to=second_to, amends=replaces)
        row = decision_row(taken, ordinal=len(past.rows) + 1, key=key)
        self._session.execute(insert(DecisionRow).values(row))
        if acts := act_rows(taken):
            self._session.execute(insert(FindingActRow), acts)
        told: dict[str, str | int | None] = {}
        if how.closes:
            told = self._staging.close(case, taken)
        else:
            self._staging.wait(case, taken)
        self._leases.free(case.id)
        self._staging.drop_draft(case.id, taken.reviewer)
        body = {"decision": taken.id, "digest": decision_digest(taken), **told}
        self._audit.append(case.id, DECIDED if how.closes else READ, taken.reviewer, body)
        return taken

    def _by_key(self, key: str | None, case_id: str, reviewer: str, past: Past) -> Decision | None:
        if key is None:
            return None
        row = self._session.execute(
            select(DecisionRow.id, DecisionRow.case_id, DecisionRow.reviewer).where(
                DecisionRow.key == key
            )
        ).one_or_none()
        if row is None:
            return None
        if (row.case_id, row.reviewer) != (case_id, reviewer):
            raise key_taken(case_id, key)
        return next(decision for decision in past.rows if decision.id == row.id)

    def _assessment(self, case_id: str, assessment_id: str | None) -> Assessment | None:
        if assessment_id is None:
            return None
        history = assessments_of(self._session, [case_id])[case_id]
        found = next((x for x in history if x.id == assessment_id), None)
        if found is None:
            raise NotFound(f"Case {case_id[:12]} has no assessment {assessment_id!r}.")
        return found


def _chosen(disposition: str) -> str:
    if not disposition.strip():
        raise StoreError("Tried to decide without a disposition. Choose one of the domain's.")
    return storable(disposition, "a disposition")


def _check_amends(
    case_id: str, amends: str | None, before: Sequence[Decision], *, hidden: bool
) -> None:
    latest = before[-1].id if before else None
    if amends == latest:
        return
    if hidden:
        raise Conflict(f"Tried to decide case {case_id[:12]} as it was before. Open it again.")
    if latest is None:
        raise Conflict(
            f"Tried to amend decision {amends!r} of case {case_id[:12]}: it has none yet. Decide "
            "without `amends`."
        )
    raise Conflict(
        f"Tried to decide case {case_id[:12]}: {before[-1].reviewer} decided "
        f"{before[-1].disposition!r} meanwhile. Read it, and amend decision {latest} if need be."
    )
