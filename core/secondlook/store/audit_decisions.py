"""Decisions against their audit events: an event names a digest of the decision it is about."""

import hashlib
import json
from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from secondlook.cases import Decision
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.decision_mapping import decisions_of
from secondlook.store.review_tables import AuditEventRow, DecisionRow

DECIDED = "case.decided"
BATCH = 300
"""Cases a statement; older SQLite allows 999 variables."""


def decision_digest(decision: Decision) -> str:
    """Hex sha256 over everything a decision says.

    The random id among the fields keeps a short reason from being guessed from the digest alone.
    """
    fields = (
        decision.id,
        decision.case_id,
        decision.reviewer,
        decision.disposition,
        decision.decided_at.isoformat(timespec="microseconds"),
        decision.assessment_id,
        [[act.label, act.act.value] for act in decision.acts],
        decision.reason,
        decision.amends,
    )
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


class DecidedEvents:
    """Collects `case.decided` events and compares them with the decisions, in batches."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._logged: dict[str, dict[str, tuple[int, str]]] = {}

    def note(self, chain: str, seq: int, body: str) -> Iterator[AuditProblem]:
        """Take one event; yields the problems of a full batch."""
        if len(self._logged) >= BATCH and chain not in self._logged:
            yield from self.compare()
        decision, digest = _names(body)
        self._logged.setdefault(chain, {})[decision] = (seq, digest)

    def compare(self) -> Iterator[AuditProblem]:
        """Decisions of the noted chains that were changed, added or removed."""
        logged, self._logged = self._logged, {}
        for case, decisions in decisions_of(self._session, list(logged)).items():
            for decision in decisions:
                seq, digest = logged[case].pop(decision.id, (0, ""))
                if digest != decision_digest(decision):
                    what = "was changed" if seq else "has no event"
                    yield _problem(case, seq, decision.id, what)
            for lost, (seq, _) in logged[case].items():
                yield _problem(case, seq, lost, "was removed")

    def unlogged(self) -> Iterator[AuditProblem]:
        """Decisions on cases whose chain tells of no decision at all."""
        event = exists().where(
            AuditEventRow.chain == DecisionRow.case_id, AuditEventRow.action == DECIDED
        )
        rows = self._session.execute(select(DecisionRow.case_id, DecisionRow.id).where(~event))
        for case, decision in rows:
            yield _problem(case, 0, decision, "has no event")


def _names(body: str) -> tuple[str, str]:
    """Id and digest of the decision that an event is about; of none, if it cannot be read."""
    try:
        fields = json.loads(body)
        return str(fields["decision"]), str(fields["digest"])
    except (KeyError, TypeError, ValueError):
        return "", ""


def _problem(case: str, seq: int, decision: str, what: str) -> AuditProblem:
    return AuditProblem(chain=case, seq=seq, what=f"decision {decision} {what}")
