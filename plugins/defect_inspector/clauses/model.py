"""What is read from a manual: clauses, what could not be read, synonyms and contradictions.

A clause is one rule: when this defect, measured so, lies in this range, in this zone, then this
disposition. All values are plain, so that `dataclasses.asdict` gives JSON.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import Quantity

STRICTNESS = ("accept", "rework", "hold", "scrap")
"""Dispositions, the strictest last."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A range of numbers, each end open or closed; without any end it is every number."""

    more_than: float | None = None
    at_least: float | None = None
    less_than: float | None = None
    at_most: float | None = None

    @property
    def lower(self) -> tuple[float, bool] | None:
        """The lower end, and whether it belongs to the range; None where there is none."""
        if self.more_than is not None:
            return self.more_than, False
        return None if self.at_least is None else (self.at_least, True)

    @property
    def upper(self) -> tuple[float, bool] | None:
        """The upper end, and whether it belongs to the range; None where there is none."""
        if self.less_than is not None:
            return self.less_than, False
        return None if self.at_most is None else (self.at_most, True)

    def beyond(self) -> "Bounds | None":
        """What lies above the upper end; None where there is no upper end."""
        if self.upper is None:
            return None
        value, inside = self.upper
        return Bounds(more_than=value) if inside else Bounds(at_least=value)

    def below(self) -> "Bounds | None":
        """What lies under the lower end; None where there is no lower end."""
        if self.lower is None:
            return None
        value, inside = self.lower
        return Bounds(less_than=value) if inside else Bounds(at_most=value)

    def holds(self, value: float) -> bool:
        """Whether a number lies in the range."""
        low, high = self.lower, self.upper
        above = low is None or value > low[0] or (low[1] and value == low[0])
        under = high is None or value < high[0] or (high[1] and value == high[0])
        return above and under

    @property
    def empty(self) -> bool:
        """Whether no number lies in the range."""
        low, high = self.lower, self.upper
        if low is None or high is None:
            return False
        return low[0] > high[0] or (low[0] == high[0] and not (low[1] and high[1]))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something stands: `record.text[start:end] == quote`."""

    quote: str
    passage: int
    """Ordinal of the passage in which it begins."""
    start: int
    end: int
    page: int | None
    line: int
    """In the record's text, from 1."""


@dataclass(frozen=True, kw_only=True)
class Clause(Bounds, Place):
    """One rule of a manual, with the place it was read from."""

    number: str | None
    terms: tuple[str, ...]
    measure: str
    """length, width, depth, height, diameter, area, count, distance, or `any` where there is no limit."""
    unit: str | None
    per: str | None
    """What a count is over: part, zone, `100 cm2`, or the manual's word."""
    zone: str | None
    severity: str | None
    disposition: str
    together: int | None = None
    """Clauses with the same number were stated as limits that hold together: what they accept must
    keep all of them; of what they forbid each is applied alone, which is never milder."""

    @property
    def bounds(self) -> Bounds:
        """The range alone."""
        return Bounds(
            more_than=self.more_than,
            at_least=self.at_least,
            less_than=self.less_than,
            at_most=self.at_most,
        )

    def applies(self, measured: "Quantity[float]") -> bool:
        """Whether a measurement (a pint quantity) lies in the range of the clause.

        False where the measurement has another dimension. For lengths out of pixels, multiply by
        the pitch first: `12 * unit("mm") * 0.05`.
        """
        from defect_inspector.clauses.units import in_unit

        value = None if self.unit is None else in_unit(measured, self.unit)
        return self.unit is None or (value is not None and self.holds(value))

    def limits(self) -> "tuple[Quantity[float] | None, Quantity[float] | None]":
        """Lower and upper end as pint quantities."""
        from defect_inspector.clauses.units import quantity

        ends = (self.lower, self.upper)
        low, high = (None if x is None else quantity(x[0], self.unit) for x in ends)
        return low, high


@dataclass(frozen=True, kw_only=True)
class Unread(Place):
    """What looks like a rule but could not be read, and why."""

    reason: str
    aside: bool = False
    """It names no defect and stands where the manual speaks of something else (records, storage):
    for a person to see, but no part is judged by it."""


@dataclass(frozen=True, kw_only=True)
class Synonym(Place):
    """A term that the manual itself calls by other names too."""

    term: str
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Two clauses that give the same part different dispositions; positions in the clauses."""

    first: int
    second: int
    stricter: int
    """Which of the two asks for more; for a part in both ranges it wins."""


@dataclass(frozen=True, kw_only=True)
class ReadManual:
    """All that was read from one manual."""

    clauses: tuple[Clause, ...] = ()
    unread: tuple[Unread, ...] = ()
    synonyms: tuple[Synonym, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
