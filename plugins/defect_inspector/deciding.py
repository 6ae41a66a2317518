"""From clauses and places to what is recommended, and which clause says so.

For each place the strictest clause that applies wins. A clause that may apply and asks for more
makes it *hold*, as does a limit of what is accepted that is passed without a word on what then.
A part passes where what was found is accepted, or keeps every limit that the manual sets for it:
of two limits of what is accepted both hold, unless one range goes on where the other ends;
of what the manual does not speak, a person decides. The place that asks for most decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses import STRICTNESS, Clause
from defect_inspector.comparing import Compared, compare
from defect_inspector.grading import graded
from defect_inspector.kinds import ANY
from defect_inspector.rules import Rule
from defect_inspector.scene import Scene
from defect_inspector.telling import ANYTHING

ACCEPT, REWORK, HOLD, SCRAP = STRICTNESS[0], STRICTNESS[1], STRICTNESS[2], STRICTNESS[3]
BEYOND = "more than the manual accepts, and it does not say what follows"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is recommended, and what it rests on; on nothing where the manual is silent."""

    disposition: str
    by: Compared | None = None


def strict(disposition: str) -> int:
    """Place of a disposition among all, the strictest last."""
    return STRICTNESS.index(disposition)


def strictest(outcomes: Iterable[Outcome]) -> Outcome:
    """The one that asks for most; among equals one that rests on a clause."""
    return max(outcomes, key=lambda x: (strict(x.disposition), x.by is not None, _first(x.by)))


@dataclass(frozen=True)
class Table:
    """All rules held against all places, once: what is decided for one kind or another."""

    rows: tuple[tuple[Compared, ...], ...]
    """By place; one row where no place was measured."""
    left_out: int
    grade: str | None = None
    """How severe the defect is, where that was learned."""

    @classmethod
    def of(cls, rules: Sequence[Rule], scene: Scene) -> "Table":
        """Compare each rule with each place."""
        places = scene.places.known or (None,)
        rows = tuple(tuple(compare(rule, place, scene) for rule in rules) for place in places)
        return cls(rows, scene.places.left_out, scene.grade)

    def told(self, kind: str | None) -> list[list[Compared]]:
        """What the rules that speak of a kind say, by place; None is an unknown kind."""
        about = ([x for x in row if x.rule.about(kind)] for row in self.rows)
        return [graded(x, self.grade) for x in about]

    def decide(self, kind: str | None) -> Outcome:
        """The outcome for the case if the defect is of this kind."""
        outcome = strictest(_outcome(x) for x in self.told(kind))
        if self.left_out and strict(outcome.disposition) < strict(HOLD):
            return Outcome(disposition=HOLD)
        return outcome


def _outcome(told: Sequence[Compared]) -> Outcome:
    """For one place."""
    speaking = [x for x in told if not x.outside]
    asks = [x for x in speaking if x.disposition != ACCEPT and x.applies]
    top = _best(asks)
    least = strict(top.disposition) if top else 0
    if top is None or least < strict(HOLD):
        doubt = _best(_doubts(speaking, asks, least))
        if doubt is not None:
            return Outcome(disposition=HOLD, by=doubt)
    if top is not None:
        return Outcome(disposition=top.disposition, by=_against(top, speaking))
    kept = _best([x for x in speaking if x.applies and x.disposition == ACCEPT])
    kept = kept or _nearest([x for x in speaking if x.applies is False])
    if kept is None:
        return Outcome(disposition=HOLD, by=_best([x for x in speaking if x.applies is None]))
    return Outcome(disposition=ACCEPT, by=kept)


def _against(top: Compared, speaking: Sequence[Compared]) -> Compared:
    """The deciding comparison, naming clauses that allow in so many words what it forbids."""
    milder = [
        x.rule
        for x in speaking
        if x.applies
        and strict(x.disposition) < strict(top.disposition)
        and (_measure(x) == _measure(top) or ANYTHING in (_measure(x), _measure(top)))
    ]
    if not milder:
        return top
    said = ", ".join(f"{_called(x)} ({x.disposition})" for x in milder)
    note = f"contradicts {said}: the stricter is taken"
    return replace(top, note="; ".join(x for x in (note, top.note) if x))


def _called(rule: Rule) -> str:
    number = rule.clause.number if rule.clause else None
    return f"clause {number}" if number else f"line {rule.place.line}"


def _doubts(speaking: Sequence[Compared], asks: Sequence[Compared], least: int) -> list[Compared]:
    """What keeps a place from passing: see the head of this module."""
    further = [
        x
        for x in speaking
        if x.disposition != ACCEPT and x.applies is None and strict(x.disposition) > least
    ]
    ruled = {_measure(x) for x in asks}
    accepting: dict[str, list[Compared]] = {}
    for x in speaking:
        if x.disposition == ACCEPT and _measure(x) not in ruled:
            accepting.setdefault(_measure(x), []).append(x)
    for group in accepting.values():
        others = [y for y in group if y.applies]
        passed = [x for x in group if not (x.applies or x.allows)]
        passed = [x for x in passed if not any(_goes_on(x, y) for y in others)]
        further += [x if x.applies is None else replace(x, note=BEYOND) for x in passed]
    return further


def _goes_on(passed: Compared, other: Compared) -> bool:
    """Whether one range begins where another ends: `up to 2 mm`, then `2 to 5 mm`.

    For the same zone, and for no wider a kind: else the stricter limit was meant to hold beside.
    """
    one, next_one = passed.rule.clause, other.rule.clause
    if one is None or next_one is None or (one.zone, one.per) != (next_one.zone, next_one.per):
        return False
    if ANY in other.rule.kinds and ANY not in passed.rule.kinds:
        return False
    return _begins_after(next_one, one) or _begins_after(one, next_one)


def _begins_after(later: Clause, earlier: Clause) -> bool:
    """Whether a range begins where another one ends, or further up."""
    if later.lower is None or earlier.upper is None or later.unit is None or earlier.unit is None:
        return False
    from defect_inspector.clauses.units import in_unit, quantity

    value = in_unit(quantity(later.lower[0], later.unit), earlier.unit)
    return value is not None and round(value - earlier.upper[0], 9) >= 0


def _measure(compared: Compared) -> str:
    return compared.rule.clause.measure if compared.rule.clause else ""


def _best(found: Sequence[Compared]) -> Compared | None:
    """The strictest; among equals the one that stands first in its manual."""
    return max(found, key=lambda x: (strict(x.disposition), _first(x)), default=None)


def _nearest(found: Sequence[Compared]) -> Compared | None:
    """The limit that is kept most narrowly."""
    return max(found, key=lambda x: (-x.room, _first(x)), default=None)


def _first(compared: Compared | None) -> tuple[int, float]:
    """Larger for what stands further ahead."""
    if compared is None:
        return 0, 0.0
    number = compared.place.name if compared.place else ""
    return -compared.rule.place.start, -float(number) if number.isdigit() else 0.0
