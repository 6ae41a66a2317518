"""One clause held against one place: does its range hold what was measured, for certain?

Every measure is a span, from the least to the most that it may be. A clause applies where the
whole span lies in its range, does not where none of it does, and else that cannot be told. The
same way says what a limit that cannot be measured (a depth) or compared (millimetres without a
pitch) means: its span is everything.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from math import floor, inf, log10

from defect_inspector.clauses import STRICTNESS, Bounds, Clause
from defect_inspector.places import APART, AREA, EDGE, Place, Places, usable
from defect_inspector.rules import Rule
from defect_inspector.wordings import of_all_together, of_each_other, of_edge
from defect_inspector.zones import lies_in, zones_named
from secondlook import Zone

ANYTHING, COUNT, ZONE = "any", "count", "zone"
ACCEPT = STRICTNESS[0]
WHOLE = (None, "part", "parts", "side", "face", "component", "piece")
"""What a count over all that the pictures show is over."""
MEASURED = frozenset(("length", "width", "diameter", "area"))
"""Measures that places can have a total of."""
BLURRED = "its border does not stand out of the surface, so its size is only known roughly"
NO_EDGE = "where the edge of the part is, is not known"
UNCLEAR = "what the distance is to, is not clear"
LIMIT = "the limit lies within the measuring uncertainty"
FAINT = "the map flags more than its border holds, so it may be larger"
SPECKS = "with {} marks that are too small to be measured"
NOT_ADDED = "what all places come to is not known for certain"
NO_ZONE = "what was found lies in no zone of the product"
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
    grade: str | None = None
    """How severe the defect is, where that was learned."""


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


@dataclass(frozen=True)
class Span:
    """The least and the most that a measure may be, in the unit of the clause."""

    low: float
    high: float
    said: str = ""
    note: str = ""
    doubt: str = LIMIT
    """Why, where it cannot be told whether it lies in a range."""


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
        accepted = inside is None and clause.disposition == ACCEPT
        return Compared(rule=rule, place=place, applies=inside, note=where, allows=accepted)
    span = _span(clause, place, scene, sure=inside is True)
    if span is None:
        note = NO_ZONE if clause.per == ZONE else ""
        return Compared(rule=rule, place=place, applies=False, outside=True, note=note)
    applies = _certain(clause.bounds, span)
    if inside is None and applies is not None and not _of_all(clause):
        return _perhaps_there(Compared(rule=rule, place=place, applies=applies, note=where))
    note = "; ".join(x for x in (span.note, _doubt(applies, span), where) if x)
    return Compared(
        rule=rule,
        place=None if _of_all(clause) else place,
        applies=applies,
        measured=f"{clause.measure} {span.said}" if span.said else "",
        note=note,
        room=_room(clause.bounds, span),
    )


def _perhaps_there(compared: Compared) -> Compared:
    """What a clause says of a place that may lie where it holds, or not."""
    if compared.disposition == ACCEPT:  # what it accepts may pass by it, what it does not may not
        return replace(compared, applies=None, allows=bool(compared.applies))
    applies = None if compared.applies else False
    return replace(compared, applies=applies, outside=applies is False)


def _of_all(clause: Clause) -> bool:
    """Whether a clause limits all places together: how many there are, or what they come to."""
    total = clause.measure in MEASURED and of_all_together(clause.quote)
    return clause.measure == COUNT or total


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
    return span.doubt if applies is None and span.high < inf and not span.note else ""


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
    if _of_all(clause):
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
    if clause.measure == COUNT:
        return _count(clause, scene, sure=sure)
    if _of_all(clause) and scene.places.found:
        return _total(clause, scene, sure=sure)
    if clause.measure == "distance":
        return _distance(clause, place, scene)
    if place is None or place.value(clause.measure) is None:
        return _unmeasured(clause)
    return _length(clause, place, clause.measure, scene)


def _unmeasured(clause: Clause) -> Span:
    return Span(0, inf, note=f"a {clause.measure} was not measured on the picture")


def _distance(clause: Clause, place: Place | None, scene: Scene) -> Span | None:
    """To the nearest other place; to an edge of the part, which may lie anywhere, it is unknown."""
    if place is None:
        return _unmeasured(clause)
    edge, other = of_edge(clause.quote), of_each_other(clause.quote)
    if edge and not other:
        value = place.value(EDGE)
        shown = None if value is None else _length(clause, place, EDGE, scene).said
        picture = f"; to the edge of the picture it is {shown}" if shown else ""
        return Span(0, inf, note=NO_EDGE + picture)
    if other and not edge and place.value(APART) is None:
        return Span(0, inf, note="not all places were measured") if scene.places.left_out else None
    if place.value(APART) is None:
        return Span(0, inf, note=UNCLEAR)
    span = _length(clause, place, APART, scene)
    left_out = scene.places.left_out > 0  # one of them may lie nearer
    least = span if other and not edge and not left_out else replace(span, low=0.0, doubt=UNCLEAR)
    return replace(least, doubt="not all places were measured") if left_out else least


def _total(clause: Clause, scene: Scene, *, sure: bool) -> Span:
    """From the largest place to what all of them come to."""
    places = scene.places
    zones = zones_named(clause.zone, scene.zones) if clause.zone else ()
    inside = {x.name: _inside(x, zones, scene) for x in places.known}
    spans = {
        x.name: _length(clause, x, clause.measure, scene)
        for x in places.known
        if inside[x.name] is not False and x.value(clause.measure) is not None
    }
    least = max((x.low for k, x in spans.items() if sure and inside[k]), default=0.0)
    most = sum(x.high for x in spans.values())
    missed = (
        places.left_out
        or places.specks
        or len(spans) < sum(x is not False for x in inside.values())
    )
    if len(spans) == 1 and not missed:
        return replace(next(iter(spans.values())), low=least)
    high = inf if missed else most
    said = f"{least:.3g} to {most:.3g} {shown_unit(clause.unit or '')}" if high < inf else ""
    why = next((x.note for x in spans.values() if x.note), NOT_ADDED)
    return Span(least, high, said, why if high == inf else "", NOT_ADDED)


def _length(clause: Clause, place: Place, name: str, scene: Scene) -> Span:
    value, unsure = place.values[name], place.unsure(name)
    if not usable(scene.pitch) or scene.pitch is None:
        said = f"{value:.3g} {'px²' if name == AREA else 'px'}"
        return Span(0, inf, said, "how many millimetres a pixel is, is not known for this product")
    ends = [
        _in(clause, x, name, scene.pitch)
        for x in (place.least(name), value, value + unsure, place.most(name))
    ]
    low, middle, above, high = ends
    if low is None or middle is None or above is None or high is None:
        return Span(0, inf, note=f"it cannot be compared with a limit in {clause.unit}")
    unit = shown_unit(clause.unit or "")
    if high == inf:
        return Span(0, inf, f"about {middle:.2g} {unit}", BLURRED)
    said = with_uncertainty(middle, above - middle, unit)
    if high > above:
        return Span(low, high, f"{said}, at most {high:.3g} {unit}", doubt=FAINT)
    return Span(low, high, said)


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


def _count(clause: Clause, scene: Scene, *, sure: bool) -> Span | None:
    """How many places there are in what a count is over.

    At least as many as one picture shows: another may show the same ones again. At most all, with
    those that were left out and those too small to be measured.
    """
    if clause.unit not in (None, COUNT):
        return Span(0, inf, note=f"a count cannot be compared with a limit in {clause.unit}")
    places = scene.places
    if not places.found:
        return Span(1, inf, note="how many there are was not counted")
    further = places.left_out + places.specks
    zones = zones_named(clause.zone, scene.zones) if clause.zone else ()
    if clause.zone and sure:
        low, high = _counted(zones, scene)
        return _numbers(low, high + further, scene)
    low, high = _counted((), scene)
    if not clause.zone and clause.per in WHOLE:
        return _numbers(max(low, 1), high + further, scene)
    if not clause.zone and clause.per == ZONE and scene.zones and not places.left_out:
        each = [_counted((x,), scene) for x in scene.zones]
        if not any(x for _, x in each):
            return None
        return _numbers(max(x for x, _ in each), max(x for _, x in each) + further, scene)
    note = "" if high + further == 1 else "counted over all pictures of the part"
    return replace(_numbers(0 if clause.zone else 1, high + further, scene), note=note)


def _numbers(low: int, high: int, scene: Scene) -> Span:
    specks = scene.places.specks
    said = f"{low}" if low == high else f"{low} to {high}"
    why = SPECKS.format(specks) if specks else "another picture may show the same ones again"
    return Span(low, high, said, doubt="not all were measured" if scene.places.left_out else why)


def _counted(zones: tuple[Zone, ...], scene: Scene) -> tuple[int, int]:
    """The most on one picture for certain, and how many on all; in the whole without zones."""
    pictures: Counter[str] = Counter()
    every = 0
    for place in scene.places.known:
        inside = _inside(place, zones, scene)
        pictures[place.region.attachment] += inside is True
        every += inside is not False
    return max(pictures.values(), default=0), every


def _inside(place: Place, zones: tuple[Zone, ...], scene: Scene) -> bool | None:
    return lies_in(place, zones, _size(place, scene)) if zones else True
