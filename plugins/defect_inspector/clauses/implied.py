"""Limits that a sentence does not write: `longer ones`, `if exceeded`, `beyond these limits`."""

from collections.abc import Sequence

from defect_inspector.clauses.chunks import Span, inside
from defect_inspector.clauses.drafts import Reading
from defect_inspector.clauses.ranges import Limit
from defect_inspector.clauses.scopes import Scope

UNIT = 3  # letters that may be a unit no list has


class Implied(Scope):
    """Reads what is beyond or below the limits before."""

    def limits_in(self, span: Span, reading: Reading) -> list[Limit]:
        """The limits of a stretch: written ones, and `longer ones` from those before."""
        found = [x for x in self.limits if inside(span, x.first)]
        covered = {i for x in found for i in range(x.first, x.last + 1)}
        for i in self.beyond(*span):
            if i in covered:
                continue
            implied = self.implied(i, found) or self._exceeded(i, reading)
            if implied is not None:
                found.append(implied)
            elif self.marks[i].get("beyond") != "other" and not found:
                self._of_all(i, span, reading)
        return sorted(found, key=lambda x: x.first)

    def counted(self, limit: Limit) -> str | None:
        """`at most 6 gloops`: a number of what the sentence is about, though no list has it."""
        named = any(
            limit.last < at <= limit.last + 3 and len(word) > UNIT for at, word, _ in self.terms
        )
        return "count" if self.unknown and named and limit.unit is None else None

    def _exceeded(self, i: int, reading: Reading) -> Limit | None:
        """`must not exceed 2 mm; if exceeded, hold`: says what happens to what is not permitted."""
        if not reading.drafts or self.marks[i].get("beyond") == "down":
            return None
        last = reading.drafts[-1]
        if last.disposition != "scrap" or last.bounds.lower is None or last.bounds.upper:
            return None
        reading.drafts = [x for x in reading.drafts if x.bounds != last.bounds]
        return Limit(
            first=i, last=i, value=None, bounds=last.bounds, unit=last.unit, hint=last.measure
        )

    def _of_all(self, i: int, span: Span, reading: Reading) -> None:
        """`Anything beyond these limits is reworked`: of all limits above that said no more."""
        codes = {x.code for x in self.said if inside(span, x.at)}
        if len(codes) == 1 and None not in codes and (self.unknown or not self.terms):
            reading.beyond = codes.pop()
            reading.beyond_all = any(
                x in self.marks[i].text.lower() for x in ("limit", "gren", "限")
            )
        reading.problems.append(f"a comparison without a number ({self.marks[i].text})")

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
                    first=i, last=i, value=None, bounds=other, unit=unit or None, hint=measure or None
                )  # fmt: skip
        return None
