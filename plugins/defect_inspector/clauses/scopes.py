"""What each limit of a sentence is about: defects, places, severity, and what came before."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from defect_inspector.clauses.chunks import Span, inside
from defect_inspector.clauses.context import Before, Context
from defect_inspector.clauses.dispositions import find_dispositions
from defect_inspector.clauses.limits import Limit, find_limits
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.terms import Term, find_terms, leading
from defect_inspector.clauses.zones import find_zones


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A clause before it has a place."""

    terms: tuple[str, ...]
    measure: str
    bounds: Bounds
    unit: str | None
    per: str | None
    zone: str | None
    severity: str | None
    disposition: str


@dataclass
class Reading:
    """What one sentence gave."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    last: Before | None = None


class Scope:
    """The parts of one sentence, and what its earlier stretches leave to the later ones."""

    def __init__(self, marks: Sequence[Mark], around: Context) -> None:
        self.marks, self.around = marks, around
        self.limits = find_limits(marks)
        self.said = find_dispositions(marks)
        self.terms = find_terms(marks)
        self.zones = find_zones(marks)
        self.about: tuple[Term, ...] = ()
        self.within: tuple[str, ...] = around.zones
        before = around.before
        if before and not self.terms and self.beyond(0, len(marks)):
            self.around = around = replace(around, terms=before.terms, round=before.round)
            self.within = before.zones
        self.severity = around.severity
        self.measure = around.measure
        self.unit: str | None = None
        self.per: str | None = around.per
        self.read_so_far: list[tuple[Bounds, str, str]] = []
        self.last_code: str | None = None

    def terms_of(self, limit: Limit, limits: Sequence[Limit], span: Span) -> tuple[str, ...]:
        """The defects that a limit is about: named since the limit before, else right behind."""
        number = limits.index(limit)
        start = limits[number - 1].last if number else span[0]
        stop = limits[number + 1].first if number + 1 < len(limits) else span[1]
        before = [x for x in self.terms if start <= x[0] <= limit.last and x[0] >= span[0]]
        after = [x for x in self.terms if limit.last < x[0] < stop]
        own = before or (after if number == 0 or limit.unit == "count" else [])
        if not before and after and number == 0:
            own = (
                after if not self.about or limit.unit == "count" or self.near(limit, after) else []
            )
        if own:
            if self.about and self.about != tuple(own):
                self.measure = self.around.measure
            self.about = tuple(own)
        names = (
            tuple(x[1] for x in self.about) or self.around.terms or tuple(x[1] for x in self.terms)
        )
        if names:
            return names
        unknown = leading(self.marks)
        return (unknown,) if unknown and limit.bounds else ()

    def near(self, limit: Limit, after: Sequence[Term]) -> bool:
        """Whether a defect is named right behind a limit."""
        return after[0][0] - limit.last <= 3

    def round(self, terms: Sequence[str]) -> bool:
        """Whether the defects that are spoken of are round."""
        kinds = [x[2] for x in self.about]
        return any(kinds) if kinds else self.around.round

    def zones_of(self, limit: Limit | None, limits: Sequence[Limit], span: Span) -> tuple[str, ...]:
        """The places that a limit holds in; the nearest, where each limit has its own."""
        here = [x for x in self.zones if inside(span, x[0])]
        if not here:
            return self.within
        if limit is None:
            return here[-1][1]
        if len(limits) < 2 or len(here) < 2:
            return tuple(dict.fromkeys(name for _, names in here for name in names))
        first = here[0][0] < limits[0].first
        before = [x for x in here if x[0] < limit.first]
        after = [x for x in here if x[0] > limit.first]
        return (before[-1] if (first and before) or not after else after[0])[1]

    def all_zones(self, span: Span, zones: Sequence[str | None]) -> Sequence[str | None]:
        """All places that a stretch names, else those that hold."""
        here = [name for at, names in self.zones if inside(span, at) for name in names]
        return list(dict.fromkeys(here)) or zones

    def find_severity(self, span: Span) -> str | None:
        """The severity that a stretch says."""
        found = (x.get("severity") for x in self.marks[slice(*span)])
        return next((x for x in found if x), None)

    def limits_in(self, span: Span, reading: Reading) -> list[Limit]:
        """The limits of a stretch: written ones, and `longer ones` from those before."""
        found = [x for x in self.limits if inside(span, x.first)]
        covered = {i for x in found for i in range(x.first, x.last + 1)}
        for i in self.beyond(*span):
            if i in covered:
                continue
            implied = self.implied(i, found)
            if implied is not None:
                found.append(implied)
            elif self.marks[i].get("beyond") != "other" and not found:
                reading.problems.append(f"a comparison without a number ({self.marks[i].text})")
        return sorted(found, key=lambda x: x.first)

    def beyond(self, start: int, end: int) -> list[int]:
        """The marks that stand for what lies beyond a limit before."""
        return [i for i in range(start, end) if self.marks[i].get("beyond")]

    def implied(self, i: int, found: Sequence[Limit]) -> Limit | None:
        """The limit that `longer ones` stands for."""
        here = [(x.bounds, x.unit or "", "") for x in found if x.bounds and x.last < i]
        known = [*self.read_so_far, *here]
        if not known and self.around.before is not None:
            last = self.around.before
            known = [(last.bounds, last.unit, last.measure)]
        kind = self.marks[i].get("beyond")
        for bounds, unit, measure in reversed(known):
            other = bounds.below() if kind == "down" else bounds.beyond()
            if other is None and kind == "other":
                other = bounds.below()
            if other is not None:
                return Limit(
                    first=i,
                    last=i,
                    value=None,
                    bounds=other,
                    unit=unit or None,
                    hint=measure or None,
                )
        return None

    def narrowed(self, bounds: Bounds, unit: str, measure: str, code: str) -> Bounds:
        """`up to 2 mm accept, up to 5 mm rework`: the second begins where the first ends."""
        if not self.read_so_far or bounds.lower is not None or bounds.upper is None:
            return bounds
        last, last_unit, last_measure = self.read_so_far[-1]
        same = (last_unit, last_measure) == (unit, measure) and self.last_code != code
        if not same or last.upper is None or last.upper[0] >= bounds.upper[0]:
            return bounds
        beyond = last.beyond() or Bounds()
        return replace(bounds, more_than=beyond.more_than, at_least=beyond.at_least)
