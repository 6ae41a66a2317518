"""What people do to cases beside deciding them: escalate, hand over, put back, take back."""

import uuid
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from secondlook.decisions import Lease
from secondlook.drafting import draft_of
from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.reviewing import (
    LAST,
    CaseAct,
    Deed,
    Stage,
    check_undone,
    leads_turn,
    stage_without,
)
from secondlook.store import clock
from secondlook.store.audit import Audit
from secondlook.store.audit_digest import case_act_digest
from secondlook.store.base import storable
from secondlook.store.case_act_mapping import case_act, case_acts_of
from secondlook.store.case_mapping import lock_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.decision_mapping import past_of
from secondlook.store.drafts import Drafts
from secondlook.store.leases import Leases
from secondlook.store.recent import recent_ids
from secondlook.store.review_tables import CaseActRow, DecisionRow
from secondlook.store.staging import Staging
from secondlook.store.values import key_taken, named


class CaseActs:
    """Each is one act of one person, stored once whatever is sent twice under one `key`."""

    def __init__(
        self, session: Session, leases: Leases, audit: Audit, staging: Staging, drafts: Drafts
    ) -> None:
        self._session = session
        self._leases = leases
        self._audit = audit
        self._staging = staging
        self._drafts = drafts

    def of(self, case_id: str) -> tuple[CaseAct, ...]:
        """What was done to a case, oldest first."""
        return case_acts_of(self._session, [case_id])[case_id]

    def escalate(
        self,
        case_id: str,
        *,
        reviewer: str,
        reason: str,
        lease: Lease | None = None,
        key: str | None = None,
    ) -> CaseAct:
        """Leave an open case to the leads: out of the ordinary queue, and waiting on as before.

        Raises StoreError without a reason, LeaseLost where somebody else holds it, OthersTurn
        where it is with the leads or with another reader, Conflict where it is decided, NotFound.
        """
        case = lock_case(self._session, case_id)
        if (done := self._by_key(key, case_id, reviewer, Deed.ESCALATED)) is not None:
            return done
        _check_open(case, "escalate")
        if not reason.strip():
            raise StoreError(f"Tried to escalate case {case.id[:12]} without a reason. Say why.")
        self._leases.check(case_id, reviewer, lease)
        self._leases.check_turn(case, reviewer, lead=False)
        first = case.first_reader
        self._staging.put(case, Stage.ESCALATED, first_reader=first, passed_by=reviewer)
        self._leases.free(case_id)
        return self._add(Deed.ESCALATED, case_id, reviewer, key, reason=reason)

    def hand_over(
        self,
        case_id: str,
        *,
        reviewer: str,
        to: str,
        minutes: int,
        reason: str = "",
        lease: Lease | None = None,
        key: str | None = None,
        lead: bool = False,
    ) -> CaseAct:
        """Give an open case to somebody: they hold it from now on, and are offered it first.

        After `minutes` without them it is anybody's again. Raises as `escalate`, OthersTurn where
        `to` may not read it. `lead` says that both are leads.
        """
        case = lock_case(self._session, case_id)
        if (done := self._by_key(key, case_id, reviewer, Deed.HANDED_OVER)) is not None:
            return done
        _check_open(case, "hand over")
        if to == reviewer:
            raise StoreError(f"Tried to hand over case {case.id[:12]} to oneself. Name another.")
        self._leases.check(case_id, reviewer, lease)
        self._leases.check_turn(case, reviewer, lead=lead)
        self._leases.check_turn(case, named(to, "hand over a case"), lead=lead)
        self._leases.pass_on(case_id, to, minutes=minutes, lead=lead)
        return self._add(Deed.HANDED_OVER, case_id, reviewer, key, to=to, reason=reason)

    def put_back(
        self,
        case_id: str,
        *,
        reviewer: str,
        reason: str = "",
        lease: Lease | None = None,
        key: str | None = None,
        lead: bool = False,
    ) -> CaseAct:
        """Give a held case back to everybody; of an escalated one, to the ordinary queue.

        Raises OthersTurn for an escalated case without `lead`, Conflict where a first read of it
        is open (who put it back might have seen it) or nobody holds it, LeaseLost, NotFound.
        """
        case = lock_case(self._session, case_id)
        if (done := self._by_key(key, case_id, reviewer, Deed.PUT_BACK)) is not None:
            return done
        _check_open(case, "put back")
        self._leases.check(case_id, reviewer, lease)
        if case.stage is Stage.ESCALATED:
            self._unescalate(case, lead)
        elif not self._leases.holds(case_id, reviewer):
            raise Conflict(f"Tried to put back case {case.id[:12]}: {reviewer} does not hold it.")
        self._leases.free(case_id)
        return self._add(Deed.PUT_BACK, case_id, reviewer, key, reason=reason)

    def undo(
        self,
        decision_id: str,
        *,
        reviewer: str,
        minutes: int,
        reason: str = "",
        key: str | None = None,
        others: bool = False,
    ) -> tuple[CaseAct, Lease]:
        """Take a decision back: the case is open again and held by whoever does it, their draft
        is what was decided.

        `others` says that they may take back what somebody else decided, or long ago.

        Raises Conflict where a later act stands on it or it is not theirs, LeaseLost where
        somebody else holds the case, NotFound.
        """
        case = lock_case(self._session, self._case_of(decision_id))
        lead = case.for_leads
        if (done := self._by_key(key, case.id, reviewer, Deed.UNDONE)) is not None:
            return done, self._leases.claim(case.id, reviewer, minutes=minutes, lead=lead)
        past = past_of(self._session, case.id)
        decision = next(x for x in past.rows if x.id == decision_id)
        own = decision.reviewer == reviewer
        stage = stage_without(decision, past, own=own)
        check_undone(decision, case.stage, case.is_open)
        if not others:
            self._check_own(decision_id, decision.reviewer, reviewer)
        self._staging.take_back(case, stage, decision, past)
        lease = self._leases.claim(case.id, reviewer, minutes=minutes, lead=stage.for_leads)
        self._drafts.save(case.id, reviewer, draft_of(decision))
        act = self._add(Deed.UNDONE, case.id, reviewer, key, about=decision_id, reason=reason)
        return act, lease

    def _case_of(self, decision_id: str) -> str:
        row = DecisionRow
        case_id = self._session.scalar(select(row.case_id).where(row.id == decision_id))
        if case_id is None:
            raise NotFound(f"There is no decision {decision_id!r}.")
        return case_id

    def _check_own(self, decision_id: str, by: str, reviewer: str) -> None:
        if by != reviewer:
            raise Conflict(
                f"Tried to take back a decision of {by}: that takes a lead's permission."
            )
        if decision_id not in recent_ids(self._session, reviewer, LAST):
            raise Conflict(
                f"Tried to take back a decision that is not among the last {LAST} of {reviewer}: "
                "amend it instead, or ask a lead."
            )

    def _unescalate(self, case: CaseRow, lead: bool) -> None:
        if not lead:
            raise leads_turn(case.id)
        if case.first_reader is not None:
            raise Conflict(
                f"Tried to put back case {case.id[:12]}: a first read of it is open to leads now, "
                "so nobody could be sure of a blind second one. Adjudicate it."
            )
        self._staging.put(case, Stage.FIRST)

    def _by_key(self, key: str | None, case_id: str, reviewer: str, deed: Deed) -> CaseAct | None:
        if key is None:
            return None
        row = self._session.scalars(select(CaseActRow).where(CaseActRow.key == key)).one_or_none()
        if row is not None and (row.case_id, row.reviewer, row.deed) != (case_id, reviewer, deed):
            raise key_taken(case_id, key)
        return None if row is None else case_act(row)

    def _add(
        self, deed: Deed, case_id: str, reviewer: str, key: str | None, **said: Any
    ) -> CaseAct:
        reason = storable(said.pop("reason", ""), "a reason")
        by = named(reviewer, "act on a case")
        made = CaseAct(
            id=uuid.uuid4().hex,
            case_id=case_id,
            deed=deed,
            reviewer=by,
            at=clock.now(),
            reason=reason,
            **said,
        )
        values = vars(made) | {"ordinal": len(self.of(case_id)) + 1, "key": key}
        self._session.execute(insert(CaseActRow).values(values))
        body = {"act": made.id, "digest": case_act_digest(made)}
        self._audit.append(case_id, f"case.{deed}", by, body)
        return made


def _check_open(case: CaseRow, verb: str) -> None:
    if not case.is_open:
        raise Conflict(f"Tried to {verb} case {case.id[:12]}: it is decided.")
