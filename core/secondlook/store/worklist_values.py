"""What the worklist is asked and what it answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from secondlook.assessments import Assessment
from secondlook.cases import Case, CaseStatus
from secondlook.decisions import Decision
from secondlook.errors import StoreError
from secondlook.products import outdated
from secondlook.reviewing import CaseAct, Past, Stage

OPEN = frozenset(CaseStatus) - {CaseStatus.DECIDED}
"""The statuses of a case that awaits a decision."""


@dataclass(frozen=True, kw_only=True)
class CaseSummary:
    """A case as one line of the worklist."""

    id: str
    domain: str
    product: str | None
    title: str
    status: CaseStatus
    priority: int
    human_priority: int | None
    """What a person set last."""
    machine_priority: int | None
    """The highest that a first look gave."""
    promote_at: datetime | None
    """When waiting promotes it."""
    promoted_at: datetime | None
    """When waiting put it where it is; None where a person or a machine did."""
    turn: float
    """Orders it inside its priority; larger is sooner."""
    score: float
    recommended: str | None
    """Code of the disposition that the standing assessment recommends."""
    headline: str | None
    """Title of its first finding."""
    abstained: str | None
    """Reason code, where the machine declined to judge."""
    decided: str | None
    """Code of the disposition that was decided; None while the case is open."""
    opened_at: datetime
    reopened_at: datetime | None
    """When it came back after a decision; since then it waits."""
    held_by: str | None
    held_until: datetime | None
    picture: str | None
    """sha256 of the first image or volume."""
    failure: str | None
    """Why the case could not be assessed."""
    stage: Stage | None = Stage.FIRST
    """What it waits for, `first` once it is decided; None where that is not told."""
    handed_to: str | None = None
    """To whom it was handed over, who holds it now."""

    @property
    def since(self) -> datetime:
        """From when its waiting counts."""
        return self.reopened_at or self.opened_at

    @property
    def waited(self) -> timedelta | None:
        """How long it had waited when that promoted it; None where that is not why it stands so."""
        return None if self.promoted_at is None else self.promoted_at - self.since


@dataclass(frozen=True)
class Cursor:
    """A place in the worklist: the next page begins after it."""

    priority: int
    turn: float
    id: str

    def to_text(self) -> str:
        """For a URL: nothing in it needs quoting, and the turn comes back exactly."""
        return f"{self.priority}~{self.turn!r}~{self.id}".replace("+", "")

    @classmethod
    def from_text(cls, text: str) -> "Cursor":
        """The cursor that `to_text` wrote; StoreError for anything else."""
        try:
            priority, turn, case_id = text.split("~")
            cursor = cls(int(priority), float(turn), case_id)
        except ValueError:
            cursor = None
        if cursor is None or not math.isfinite(cursor.turn) or not _fits(cursor):
            raise StoreError("Tried to read a place in the worklist: it is none. Start at page 1.")
        return cursor


def _fits(cursor: Cursor) -> bool:
    return abs(cursor.priority) < 2**31 and cursor.id.isascii() and "\x00" not in cursor.id


@dataclass(frozen=True, kw_only=True)
class WorklistFilter:
    """Which cases to list; None leaves a field open."""

    domain: str | None = None
    product: str | None = None
    statuses: frozenset[CaseStatus] = OPEN
    search: str | None = None
    """Part of the title, without regard to case."""
    stages: frozenset[Stage] | None = None
    """What open cases wait for; None leaves out those for leads where only open ones are asked
    for, and nothing where others are as well."""
    handed_to: str | None = None
    """Only what was handed over to this reviewer, whatever it waits for."""


@dataclass(frozen=True, kw_only=True)
class WorklistPage:
    """Some lines of the worklist, and where the next ones begin (None: these were the last)."""

    rows: tuple[CaseSummary, ...]
    next: Cursor | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many cases there are by status and, of the open ones, by stage (each is a key), how many
    are held, and how many of each status wait for a lead."""

    by_status: Mapping[CaseStatus, int]
    held: int
    by_stage: Mapping[Stage, int] = field(default_factory=dict)
    for_leads: Mapping[CaseStatus, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CaseExport:
    """Everything about one case.

    Attributes:
        assessment: the standing first look; of a decided case the one that it was decided on.
        decisions: the last one stands; none where it was taken back, and no open read.
        later: of a decided case, the look that stands now, where it is another one.
        reads: of a decided case, the reads that it came about by and what was taken back.
        acts: what people did to it beside deciding, of a decided case.
    """

    case: Case
    assessment: Assessment | None
    decisions: tuple[Decision, ...]
    later: Assessment | None = None
    reads: tuple[Decision, ...] = ()
    acts: tuple[CaseAct, ...] = ()

    @classmethod
    def of(
        cls,
        case: Case,
        history: Sequence[Assessment],
        rows: Sequence[Decision],
        acts: Sequence[CaseAct] = (),
    ) -> "CaseExport":
        """A case, from all its first looks and reads, the last of each standing."""
        standing = history[-1] if history else None
        past = Past(tuple(rows), frozenset(x.about for x in acts if x.about is not None))
        closing = past.closing
        if case.status is not CaseStatus.DECIDED or not closing:
            kept = () if closing and closing[-1].id in past.undone else closing
            return cls(case=case, assessment=standing, decisions=kept)
        decisions = tuple(x for x in closing if x.id not in past.undone)
        reads = tuple(x for x in past.rows if x not in decisions)
        basis = decisions[-1].assessment_id
        seen = next((x for x in history if x.id == basis), None)
        later = standing if standing is not seen else None
        return cls(
            case=case,
            assessment=seen,
            decisions=decisions,
            later=later,
            reads=reads,
            acts=tuple(acts),
        )

    @property
    def decision(self) -> Decision | None:
        """The one that stands; None while the case is open."""
        decided = self.case.status is CaseStatus.DECIDED
        return self.decisions[-1] if decided and self.decisions else None

    @property
    def outdated(self) -> str | None:
        """In words, that the look was made under another description of the product than holds."""
        return outdated(self.case, self.assessment) if self.assessment else None
