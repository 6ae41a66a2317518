"""One clause held against one place: does its range hold what was measured, for certain?

Every measure is a span, from the least to the most that it may be. A clause applies where the
whole span lies in its range, does not where none of it does, and else that cannot be told. The
same way says what a limit that cannot be measured (a depth) or compared (millimetres without a
pitch) means: its span is everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import floor, inf, log10

from defect_inspector.clauses import Bounds, Clause
from defect_inspector.places import APART, AREA, EDGE, Place, Places, usable
from defect_inspector.rules import Rule
from defect_inspector.zones import lies_in, zones_named
from secondlook import Zone

ANYTHING = "any"
EDGES = ("edge", "edges", "rim", "kante", "rand", "边缘", "边")
WHOLE = (None, "part", "parts", "side", "face", "component", "piece")
"""What a count over all that the pictures show is over."""
BLURRED = "its border does not stand out of the surface, so its size is only known roughly"
ENDS = (("more_than", "above"), ("at_least", "from"), ("less_than", "below"), ("at_most", "up to"))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What places are held against besides clauses."""

    places: Places
    pitch: float | None
    """Millimetres per pixel."""
    zones: tuple[Zone, ...]
    sizes: dict[str, tuple[int, int] | None]
    """(height, width) of each picture."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What one rule says about one place."""

    rule: Rule
    place: Place | None
    """None for a count, or where nothing was measured."""
    applies: bool | None
    outside: bool = False
    """The place is not where the clause holds, so it says nothing about it."""
    measured: str = ""
    note: str = ""
    room: float = inf
    """How far from the limit, as a share of it."""

    @property
    def disposition(self) -> str:
        """What the rule asks for."""
        return self.rule.disposition


@dataclass(frozen=True)
class Span:
    """The least and the most that a measure may be, in the unit of the clause."""

    low: float
    high: float
    said: str = ""
    note: str = ""


def compare(rule: Rule, place: Place | None, scene: Scene) -> Compared:
    """Hold a rule against a place; against the case as a whole where nothing was measured."""
    clause = rule.clause
    if clause is None:
        reason = rule.unread.reason if rule.unread else ""
        return Compared(rule=rule, place=place, applies=None, note=f"could not be read: {reason}")
    inside, where = _where(clause, place, scene)
    if inside is False:
        return Compared(rule=rule, place=place, applies=False, outside=True, note=where)
    if clause.measure == ANYTHING:
        return Compared(rule=rule, place=place, applies=inside, note=where)
    span = _span(clause, place, scene, sure=inside is True)
    if span is None:
        return Compared(rule=rule, place=place, applies=False, outside=True)
    applies = _certain(clause.bounds, span)
    if inside is None and applies is not None and clause.measure != "count":
        applies = None if applies else False
        return Compared(
            rule=rule, place=place, applies=applies, outside=applies is False, note=where
        )
    note = "; ".join(x for x in (span.note, _doubt(applies, span), where) if x)
    return Compared(
        rule=rule,
        place=None if clause.measure == "count" else place,
        applies=applies,
        measured=f"{clause.measure} {span.said}" if span.said else "",
        note=note,
        room=_room(clause.bounds, span),
    )


def limit_of(clause: Clause) -> str:
    """`length above 5 mm`, `count up to 3 per part`; empty where there is no limit."""
    if clause.measure == ANYTHING:
        return ""
    unit = "" if clause.unit in (None, "count") else f" {shown_unit(clause.unit or '')}"
    ends = [
        f"{word} {value:g}{unit}"
        for field, word in ENDS
        if (value := getattr(clause, field)) is not None
    ]
    per = f" per {clause.per}" if clause.per else ""
    zone = f", zone {clause.zone}" if clause.zone else ""
    return f"{clause.measure} {' and '.join(ends)}{per}{zone}"


def shown_unit(unit: str) -> str:
    """A unit as people write it."""
    return {"um": "µm", "um2": "µm²"}.get(unit, unit.replace("2", "²"))


def _certain(bounds: Bounds, span: Span) -> bool | None:
    if bounds.holds(span.low) and bounds.holds(span.high):
        return True
    low, high = bounds.lower, bounds.upper
    over = high is not None and (span.low > high[0] or (span.low == high[0] and not high[1]))
    under = low is not None and (span.high < low[0] or (span.high == low[0] and not low[1]))
    return False if over or under else None


def _doubt(applies: bool | None, span: Span) -> str:
    measured = applies is None and span.high < inf and not span.note
    return "the limit lies within the measuring uncertainty" if measured else ""


def _room(bounds: Bounds, span: Span) -> float:
    middle = (span.low + span.high) / 2
    ends = [x[0] for x in (bounds.lower, bounds.upper) if x is not None]
    return min((abs(middle - x) / max(abs(x), 1e-9) for x in ends), default=inf)


def _where(clause: Clause, place: Place | None, scene: Scene) -> tuple[bool | None, str]:
    """Whether a place is where a clause holds, and what there is to say about that."""
    if not clause.zone:
        return True, ""
    zones = zones_named(clause.zone, scene.zones)
    if not zones:
        return None, f"the product has no zone called {clause.zone!r}"
    if clause.measure == "count":
        inside = [lies_in(x, zones, _size(x, scene)) for x in scene.places.known]
    else:
        inside = [None if place is None else lies_in(place, zones, _size(place, scene))]
    if any(inside):
        return True, ""
    unknown = None in inside or not inside
    return (None if unknown else False), "" if unknown else f"nothing was found in {clause.zone}"


def _size(place: Place, scene: Scene) -> tuple[int, int] | None:
    return scene.sizes.get(place.region.attachment)


def _span(clause: Clause, place: Place | None, scene: Scene, *, sure: bool) -> Span | None:
    """What was measured for a clause; None where it speaks of something that is not there."""
    if clause.measure == "count":
        return _count(clause, scene, sure=sure)
    name = _name(clause)
    if clause.measure == "distance" and place is not None and place.value(name) is None:
        return Span(0, inf, note="not all places were measured") if scene.places.left_out else None
    if place is None or place.value(name) is None:
        return Span(0, inf, note=f"a {clause.measure} was not measured on the picture")
    return _length(clause, place, name, scene)


def _name(clause: Clause) -> str:
    if clause.measure != "distance":
        return clause.measure
    text = clause.quote.casefold()
    return EDGE if any(x in text for x in EDGES) else APART


def _length(clause: Clause, place: Place, name: str, scene: Scene) -> Span:
    value, unsure = place.values[name], place.unsure(name)
    if not usable(scene.pitch) or scene.pitch is None:
        said = f"{value:.3g} {'px²' if name == AREA else 'px'}"
        return Span(0, inf, said, "how many millimetres a pixel is, is not known for this product")
    ends = [
        _in(clause, x, name, scene.pitch) for x in (max(value - unsure, 0), value, value + unsure)
    ]
    low, middle, high = ends
    if low is None or middle is None or high is None:
        return Span(0, inf, note=f"it cannot be compared with a limit in {clause.unit}")
    unit = shown_unit(clause.unit or "")
    if high == inf:
        return Span(0, inf, f"about {middle:.2g} {unit}", BLURRED)
    note = "to the edge of the picture" if name == EDGE else ""
    return Span(low, high, with_uncertainty(middle, high - middle, unit), note)


def with_uncertainty(value: float, unsure: float, unit: str) -> str:
    """`12.8 mm (± 0.9)`, `0.28 mm (± 0.15)`: no digit that the uncertainty leaves unknown.

    Its first digit counts, and a second one after a leading 1 (Particle Data Group).
    """
    first = floor(log10(unsure)) if unsure > 0 else -3
    digits = max(0, -first + (unsure < 2 * 10.0**first))
    return f"{value:.{digits}f} {unit} (± {unsure:.{digits}f})"


def _in(clause: Clause, value: float, name: str, pitch: float) -> float | None:
    """A measure in pixels in the unit of a clause; None where that measures something else."""
    million = None if clause.unit is None else _in_a_million(clause.unit, area=name == AREA)
    if million is None:
        return None
    # Rounded, so that 0.05 cm is not more than 0.5 mm by a binary digit.
    return round(value * (pitch * pitch if name == AREA else pitch) * million / 1e6, 9)


@cache
def _in_a_million(unit: str, *, area: bool) -> float | None:
    """A million millimetres, or square millimetres, in the unit of a clause."""
    from defect_inspector.clauses.units import in_unit, quantity

    return in_unit(quantity(1e6, "mm2" if area else "mm"), unit)


def _count(clause: Clause, scene: Scene, *, sure: bool) -> Span:
    """How many places there are in what a count is over."""
    if clause.unit not in (None, "count"):
        return Span(0, inf, note=f"a count cannot be compared with a limit in {clause.unit}")
    places, all_known = scene.places, scene.places.left_out == 0
    if not places.found:
        return Span(1, inf, note="how many there are was not counted")
    zones = zones_named(clause.zone, scene.zones) if clause.zone else ()
    if clause.zone and sure:
        counted = _inside(places.known, zones, scene)
        return Span(counted, counted + places.left_out, f"{counted}")
    if not clause.zone and clause.per in WHOLE:
        return Span(places.found, places.found, f"{places.found}")
    if not clause.zone and clause.per == "zone" and scene.zones and all_known:
        most = max(_inside(places.known, (x,), scene) for x in scene.zones)
        return Span(most, most, f"{most}") if most else Span(1, places.found, f"{places.found}")
    note = "" if places.found == 1 else "counted over all pictures of the part"
    return Span(0 if clause.zone else 1, places.found, f"{places.found}", note)


def _inside(places: Sequence[Place], zones: tuple[Zone, ...], scene: Scene) -> int:
    return sum(lies_in(x, zones, _size(x, scene)) is not False for x in places)
