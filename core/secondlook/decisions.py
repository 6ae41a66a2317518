"""What a reviewer decides about a case, and who holds it meanwhile. Plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    """What a reviewer did with one finding."""

    AGREE = "agree"
    EDIT = "edit"
    REJECT = "reject"
    ADD = "add"


@dataclass(frozen=True, kw_only=True)
class FindingAct:
    """A reviewer's act on one finding."""

    label: str
    act: Act


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A reviewer's signed act on a case. Decisions are appended and amended, never edited."""

    id: str
    case_id: str
    reviewer: str
    disposition: str
    decided_at: datetime
    assessment_id: str | None = None
    acts: tuple[FindingAct, ...] = ()
    reason: str = ""
    amends: str | None = None
    """The decision that this one replaces."""


@dataclass(frozen=True, kw_only=True)
class Prioritisation:
    """A person's act of putting an open case into a band. Appended, never edited."""

    id: str
    case_id: str
    reviewer: str
    band: str
    """Code of the band."""
    priority: int
    """Where that band stood then."""
    before: int
    """The priority that the case had."""
    at: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who holds a case until when. `fence` grows with every new holder."""

    case_id: str
    reviewer: str
    until: datetime
    fence: int
