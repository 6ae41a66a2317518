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
class Area:
    """A rectangle that a person drew, in pixels of the attachment it names."""

    attachment: str
    """sha256 of the attachment."""
    left: int
    top: int
    width: int
    height: int
    frame: int | None = None
    """Slice or frame, from 0; None where the attachment has one picture."""


@dataclass(frozen=True, kw_only=True)
class FindingAct:
    """A reviewer's act on one finding."""

    label: str
    """Code of the finding as the machine named it; of an added one, what it is."""
    act: Act
    becomes: str | None = None
    """Of an edit: the label that it is instead; None where the label stays."""
    severity: str | None = None
    """Code in the domain's scale."""
    site: str | None = None
    area: Area | None = None
    comment: str = ""

    @property
    def held(self) -> str | None:
        """The label that holds by this act; None where it was rejected."""
        return None if self.act is Act.REJECT else (self.becomes or self.label)


class How(StrEnum):
    """How a decision came about."""

    ALONE = "alone"
    """By one reader, and nobody else was asked."""
    FIRST = "first"
    """A first read; the case waits for a second one."""
    SECOND = "second"
    """A second read that differs from the first; the case waits for a lead."""
    AGREED = "agreed"
    """By a second reader, who came to the same as the first without having seen it."""
    ADJUDICATED = "adjudicated"
    """By a lead, who saw everything."""

    @property
    def closes(self) -> bool:
        """Whether the case is decided by it."""
        return self not in (How.FIRST, How.SECOND)


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
    how: How = How.ALONE
    severity: str | None = None
    """Of the whole case, where the domain has a scale."""
    reason_codes: tuple[str, ...] = ()
    """From the domain's closed list; `reason` is the comment beside them."""
    second_to: str | None = None
    """Of a second read: the first read that it was compared with."""

    @property
    def held(self) -> frozenset[str]:
        """The labels that hold by what was said of the findings."""
        return frozenset(x.held for x in self.acts if x.held is not None)


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
