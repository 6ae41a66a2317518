"""What judging cases again came to."""

from collections import Counter
from dataclasses import dataclass, field

Counted = Counter[tuple[str | None, str | None]]
"""How many cases by their recommended dispositions before and after."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """How many cases are recommended something else than before; None is no recommendation."""

    before: str | None
    after: str | None
    cases: int


@dataclass(kw_only=True)
class RejudgeReport:
    """What became of the cases."""

    rejudged: int = 0
    changes: list[Change] = field(default_factory=list)
    """The most frequent first; cases that keep their recommendation are not among them."""
    up_to_date: int = 0
    waiting: int = 0
    """Judged again only by a new look: `secondlook assess` takes it."""
    failed: dict[str, str] = field(default_factory=dict)
    """Reason by case id."""
    left: dict[str, str] = field(default_factory=dict)
    """Why a case that was asked for is none to judge again, by id."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Reason by domain whose plugin is not loaded."""
    dry_run: bool = False
    """Nothing of this was stored."""
    interrupted: bool = False

    @property
    def changed(self) -> int:
        """Cases that are recommended something else than before."""
        return sum(x.cases for x in self.changes)

    def count(self, counted: Counted) -> None:
        """Take in how many cases changed from what to what."""
        changed = [(x, n) for x, n in counted.most_common() if x[0] != x[1]]
        self.changes = [Change(before=x, after=y, cases=n) for (x, y), n in changed]
