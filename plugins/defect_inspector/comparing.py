"""One clause held against one place: does its range hold what was measured, for certain?

Every measure is a span, from the least to the most that it may be. A clause applies where the
whole span lies in its range, does not where none of it does, and else that cannot be told. The
same way says what a limit that cannot be measured (a depth) or compared (millimetres without a
pitch) means: its span is everything.
"""

from dataclasses import dataclass, replace
from math import inf

from defect_inspector.clauses import STRICTNESS, Clause
from defect_inspector.counting import ZONE, count_of
from defect_inspector.lengths import distance_of, length_in, total_of, unmeasured
from defect_inspector.places import Place
from defect_inspector.rules import Rule
from defect_inspector.scene import COUNT, Scene, of_all, where
from defect_inspector.spans import Span, certain, doubt_of, room_in
from defect_inspector.telling import ANYTHING

ACCEPT = STRICTNESS[0]
NO_ZONE = "what was found lies in no zone of the product"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What one rule says about one place."""

    rule: Rule
    place: Place | None
    """None for a count, or where nothing was measured."""
    applies: bool | None
    outside: bool = False
    """The place is not where the clause holds, so it says nothing about it."""
    allows: bool = False
    """It accepts what was found, if it holds there at all: no reason against passing."""
    measured: str = ""
    note: str = ""
    room: float = inf
    """How far from the limit, as a share of it."""

    @property
    def disposition(self) -> str:
        """What the rule asks for."""
        return self.rule.disposition


def compare(rule: Rule, place: Place | None, scene: Scene) -> Compared:
    """Hold a rule against a place; against the case as a whole where nothing was measured."""
    clause = rule.clause
    if clause is None:
        reason = rule.unread.reason if rule.unread else ""
        return Compared(rule=rule, place=place, applies=None, note=f"could not be read: {reason}")
    inside, said = where(clause, place, scene)
    if inside is False:
        return Compared(rule=rule, place=place, applies=False, outside=True, note=said)
    if clause.measure == ANYTHING:
        accepted = inside is None and clause.disposition == ACCEPT
        return Compared(rule=rule, place=place, applies=inside, note=said, allows=accepted)
    span = _span(clause, place, scene, sure=inside is True)
    if span is None:
        note = NO_ZONE if clause.per == ZONE else ""
        return Compared(rule=rule, place=place, applies=False, outside=True, note=note)
    applies = certain(clause.bounds, span)
    if inside is None and applies is not None and not of_all(clause):
        return _perhaps_there(Compared(rule=rule, place=place, applies=applies, note=said))
    note = "; ".join(x for x in (span.note, doubt_of(applies, span), said) if x)
    return Compared(
        rule=rule,
        place=None if of_all(clause) else place,
        applies=applies,
        measured=f"{clause.measure} {span.said}" if span.said else "",
        note=note,
        room=room_in(clause.bounds, span),
    )


def _perhaps_there(compared: Compared) -> Compared:
    """What a clause says of a place that may lie where it holds, or not."""
    if compared.disposition == ACCEPT:  # what it accepts may pass by it, what it does not may not
        return replace(compared, applies=None, allows=bool(compared.applies))
    applies = None if compared.applies else False
    return replace(compared, applies=applies, outside=applies is False)


def _span(clause: Clause, place: Place | None, scene: Scene, *, sure: bool) -> Span | None:
    """What was measured for a clause; None where it speaks of something that is not there."""
    if clause.measure == COUNT:
        return count_of(clause, scene, sure=sure)
    if of_all(clause) and scene.places.found:
        return total_of(clause, scene, sure=sure)
    if clause.measure == "distance":
        return distance_of(clause, place, scene)
    if place is None or place.value(clause.measure) is None:
        return unmeasured(clause)
    return length_in(clause, place, clause.measure, scene)
