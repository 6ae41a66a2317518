"""Assessments, decisions, priorities and descriptions of products against their audit events."""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from secondlook.assessments import Assessment
from secondlook.decisions import Decision, Prioritisation
from secondlook.products import ProductVersion
from secondlook.reviewing import CaseAct
from secondlook.store.assessment_mapping import assessments_of
from secondlook.store.assessment_tables import AssessmentRow
from secondlook.store.audit_digest import (
    assessment_digest,
    case_act_digest,
    decision_digest,
    priority_digest,
    product_digest,
)
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.case_act_mapping import (
    ESCALATED,
    HANDED_OVER,
    PUT_BACK,
    UNDONE,
    case_acts_of,
)
from secondlook.store.decision_mapping import reads_of
from secondlook.store.priority_mapping import priorities_of
from secondlook.store.product_mapping import versions_of
from secondlook.store.product_tables import ProductVersionRow
from secondlook.store.review_tables import AuditEventRow, CaseActRow, DecisionRow, PriorityActRow

T = TypeVar("T", Assessment, Decision, CaseAct, Prioritisation, ProductVersion)
ASSESSED = "case.assessed"
DECIDED = "case.decided"
READ = "case.read"
"""A read that waits for another one. Its event says nothing of what was read."""
PRIORITISED = "case.prioritised"
DESCRIBED = "product.described"
REDESCRIBED = "product.changed"
BATCH = 300
"""Cases a statement; older SQLite allows 999 variables."""

Told = dict[str, list[tuple[int, str]]]
"""To the id of each thing: number of the event, and the digest it names, for all its events."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """What one kind of event is about."""

    noun: str
    of: str
    """What a chain with such events is of: a case, a product."""
    actions: tuple[str, ...]
    chain: InstrumentedAttribute[str]
    id: InstrumentedAttribute[str]
    load: Callable[[Session, Sequence[str]], Mapping[str, tuple[T, ...]]]
    """The things of each chain in order; the last one stands."""
    digest: Callable[[T], str]

    @property
    def nouns(self) -> str:
        """Several of them."""
        return "priorities" if self.noun == "priority" else f"{self.noun}s"


ASSESSMENTS = Kind(
    "assessment",
    "case",
    (ASSESSED,),
    AssessmentRow.case_id,
    AssessmentRow.id,
    assessments_of,
    assessment_digest,
)
DECISIONS = Kind(
    "decision",
    "case",
    (DECIDED, READ),
    DecisionRow.case_id,
    DecisionRow.id,
    reads_of,
    decision_digest,
)
CASE_ACTS = Kind(
    "act",
    "case",
    (ESCALATED, HANDED_OVER, PUT_BACK, UNDONE),
    CaseActRow.case_id,
    CaseActRow.id,
    case_acts_of,
    case_act_digest,
)
PRIORITIES = Kind(
    "priority",
    "case",
    (PRIORITISED,),
    PriorityActRow.case_id,
    PriorityActRow.id,
    priorities_of,
    priority_digest,
)
PRODUCTS = Kind(
    "description",
    "product",
    (DESCRIBED, REDESCRIBED),
    ProductVersionRow.product_id,
    ProductVersionRow.id,
    versions_of,
    product_digest,
)


class Contents(Generic[T]):
    """Collects the events of one kind and compares them with the rows, in batches."""

    def __init__(self, session: Session, kind: Kind[T], apart: Container[str] = ()) -> None:
        """`apart` holds the ids of those that another chain tells of."""
        self._session = session
        self._apart = apart
        self._kind: Kind[T] = kind
        self._told: dict[str, Told] = {}

    def note(self, chain: str, seq: int, action: str, body: str) -> Iterator[AuditProblem]:
        """Take one event, of any kind; yields the problems of a full batch."""
        if action not in self._kind.actions:
            return
        if len(self._told) >= BATCH and chain not in self._told:
            yield from self.compare()
        name, digest = _names(body, self._kind.noun)
        self._told.setdefault(chain, {}).setdefault(name, []).append((seq, digest))

    def compare(self) -> Iterator[AuditProblem]:
        """Rows of the noted chains that were changed, added, removed or put in another order."""
        told, self._told = self._told, {}
        for case, things in self._load(list(told)):
            if things is None:
                first = min(events[0][0] for events in told[case].values())
                things_of = f"the {self._kind.nouns} of the {self._kind.of}"
                what = f"{things_of} cannot be read: they were changed"
                yield AuditProblem(chain=case, seq=first, what=what)
            else:
                yield from self._compare(case, things, told[case])

    def unlogged(self) -> Iterator[AuditProblem]:
        """Rows of chains that tell of nothing of the kind."""
        chain, id = self._kind.chain, self._kind.id
        event = exists().where(
            AuditEventRow.chain == chain, AuditEventRow.action.in_(self._kind.actions)
        )
        for case, thing in self._session.execute(select(chain, id).where(~event)):
            if thing not in self._apart:
                yield self._problem(case, 0, thing, "has no event")

    def _compare(self, case: str, things: Sequence[T], told: Told) -> Iterator[AuditProblem]:
        for thing in things:
            if thing.id not in told:
                if thing.id not in self._apart:
                    yield self._problem(case, 0, thing.id, "has no event")
                continue
            actual = self._digest(thing)
            for seq in [seq for seq, digest in told[thing.id] if digest != actual][:1]:
                yield self._problem(case, seq, thing.id, "was changed")
        present = [thing.id for thing in things if thing.id in told]
        for lost in told.keys() - set(present):
            what = "was removed" if lost else "that the event is about cannot be read"
            yield self._problem(case, told[lost][0][0], lost or "(unnamed)", what)
        if present != sorted(present, key=lambda name: told[name][-1][0]):
            last = max(told[name][-1][0] for name in present)
            what = f"the {self._kind.nouns} are in another order, so that another one stands"
            yield AuditProblem(chain=case, seq=last, what=what)

    def _load(self, cases: Sequence[str]) -> Iterator[tuple[str, Sequence[T] | None]]:
        """What is stored of each case; None where a value was made unreadable."""
        try:
            yield from self._kind.load(self._session, cases).items()
        except (ValueError, TypeError, LookupError):
            if len(cases) == 1:
                yield cases[0], None
            else:
                for case in cases:
                    yield from self._load([case])

    def _digest(self, thing: T) -> str:
        try:
            digest: str = self._kind.digest(thing)
            return digest
        except (ValueError, TypeError):  # SQLite keeps a value of any type in any column
            return ""

    def _problem(self, case: str, seq: int, name: str, what: str) -> AuditProblem:
        return AuditProblem(chain=case, seq=seq, what=f"{self._kind.noun} {name} {what}")


def _names(body: str, noun: str) -> tuple[str, str]:
    """Id and digest of what an event is about; of nothing, if it cannot be read."""
    try:
        fields = json.loads(body)
        return str(fields[noun]), str(fields["digest"])
    except (KeyError, TypeError, ValueError):
        return "", ""
