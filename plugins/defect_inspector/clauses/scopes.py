"""What each limit of a sentence is about: defects, places, severity, and what came before."""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.clauses.chunks import Span, inside
from defect_inspector.clauses.context import Context
from defect_inspector.clauses.dispositions import find_dispositions
from defect_inspector.clauses.limits import find_limits
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.ranges import Limit
from defect_inspector.clauses.subjects import beside, find_subjects
from defect_inspector.clauses.terms import Term, find_terms
from defect_inspector.clauses.zones import find_zones

LEADING = 4  # marks within which a sentence below a heading names another defect


class Scope:
    """The parts of one sentence, and what its earlier stretches leave to the later ones."""

    def __init__(self, marks: Sequence[Mark], around: Context) -> None:
        self.marks, self.around = marks, around
        self.limits = find_limits(marks)
        self.said = find_dispositions(marks)
        self.zones = find_zones(marks, sure=bool(around.zones))
        self.terms = find_terms(marks)
        self.terms = sorted(self.terms + beside(marks, [x[0] for x in self.terms]))
        self.unknown = (not self.terms or self._vague()) and self._named()
        named = around.carried or ((around.title,) if around.title and not around.topic else ())
        if not self.terms and not around.terms:
            self.around = around = replace(around, terms=named)
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

    def _named(self) -> bool:
        """Whether the sentence names a defect that no list has; it is a term from here on."""
        places = {x[0] for x in self.zones}
        found = find_subjects(self.marks, self.limits, self.said, places)
        if self.terms:  # `core shift over 1 mm is a major defect`
            found = [x for x in found if x[0] < self.terms[0][0]]
            self.terms = found or self.terms
            return bool(found)
        if self.around.terms:
            found = [x for x in found if x[0] < LEADING and not self._colon(x[0])]
        self.terms = [] if self.around.row and self.around.terms else found
        return bool(self.terms)

    def _vague(self) -> bool:
        """Whether only `defects` are named, behind a limit."""
        generic = all(self.marks[x[0]].get("term") == "generic" for x in self.terms)
        return generic and any(x.bounds and x.last < self.terms[0][0] for x in self.limits)

    def _colon(self, at: int) -> bool:
        return self.marks[at + 1].text == ":" if at + 1 < len(self.marks) else False

    def terms_of(self, limit: Limit, limits: Sequence[Limit], span: Span) -> tuple[str, ...]:
        """The defects that a limit is about: named since the limit before, else right behind."""
        number = limits.index(limit)
        start = limits[number - 1].last if number else span[0]
        stop = limits[number + 1].first if number + 1 < len(limits) else span[1]
        before = [x for x in self.terms if start <= x[0] <= limit.last and x[0] >= span[0]]
        before = before if number == 0 else self._listed(before, last=True)
        after = self._listed([x for x in self.terms if limit.last < x[0] < stop])
        if limit.value is None and self.marks[limit.first].get("beyond") == "other":
            after = []  # `otherwise lap`
        own = before or (after if number == 0 or limit.unit == "count" else [])
        if not before and after and number == 0:
            own = (
                after if not self.about or limit.unit == "count" or self.near(limit, after) else []
            )
        if own:
            if self.about and not self._same(own[-1][1]):
                self.measure = self.around.measure
            self.about = tuple(own)
        names = (
            tuple(x[1] for x in self.about) or self.around.terms or tuple(x[1] for x in self.terms)
        )
        return names

    def _listed(self, terms: list[Term], *, last: bool = False) -> list[Term]:
        """The first (or last) defect, and those that are listed with it."""
        groups: list[list[Term]] = []
        for term in terms:
            between = self.marks[groups[-1][-1][0] + 1 : term[0]] if groups else ()
            words = [x for x in between if not x.get("joiner") and x.senses]
            if groups and not words and any(x.get("joiner") for x in between):
                groups[-1].append(term)
            else:
                groups.append([term])
        return groups[-1 if last else 0] if groups else []

    def _same(self, word: str) -> bool:
        """Whether a term is what was spoken of before: `gate residue`, then `residue`."""
        return any(x[1] == word or x[1].endswith(f" {word}") for x in self.about)

    def near(self, limit: Limit, after: Sequence[Term]) -> bool:
        """Whether a defect is named right behind a limit."""
        return after[0][0] - limit.last <= 3

    def round(self, terms: Sequence[str]) -> bool:
        """Whether the defects that are spoken of are round."""
        return self.about[0][2] if self.about else self.around.round

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

    def all_zones(self, span: Span, zones: Sequence[str]) -> Sequence[str]:
        """All places that a stretch names, else those that hold."""
        here = [name for at, names in self.zones if inside(span, at) for name in names]
        return list(dict.fromkeys(here)) or zones

    def find_severity(self, span: Span) -> str | None:
        """The severity that a stretch says."""
        found = (x.get("severity") for x in self.marks[slice(*span)])
        return next((x for x in found if x), None)

    def beyond(self, start: int, end: int) -> list[int]:
        """The marks that stand for what lies beyond a limit before."""
        return [i for i in range(start, end) if self.marks[i].get("beyond")]
