"""Measures of places in the unit of a clause: of one, of all together, and between places."""

from dataclasses import replace
from functools import cache
from math import inf

from defect_inspector.clauses import Clause
from defect_inspector.places import APART, AREA, EDGE, Place, usable
from defect_inspector.scene import Scene, inside
from defect_inspector.spans import Span
from defect_inspector.telling import shown_unit, with_uncertainty
from defect_inspector.wordings import of_each_other, of_edge
from defect_inspector.zones import zones_named

BLURRED = "its border does not stand out of the surface, so its size is only known roughly"
NO_EDGE = "where the edge of the part is, is not known"
UNCLEAR = "what the distance is to, is not clear"
FAINT = "the map flags more than its border holds, so it may be larger"
NOT_ADDED = "what all places come to is not known for certain"


def distance_of(clause: Clause, place: Place | None, scene: Scene) -> Span | None:
    """To the nearest other place; to an edge of the part, which may lie anywhere, it is unknown."""
    if place is None:
        return unmeasured(clause)
    edge, other = of_edge(clause.quote), of_each_other(clause.quote)
    if edge and not other:
        value = place.value(EDGE)
        shown = None if value is None else length_in(clause, place, EDGE, scene).said
        picture = f"; to the edge of the picture it is {shown}" if shown else ""
        return Span(0, inf, note=NO_EDGE + picture)
    if other and not edge and place.value(APART) is None:
        return Span(0, inf, note="not all places were measured") if scene.places.left_out else None
    if place.value(APART) is None:
        return Span(0, inf, note=UNCLEAR)
    span = length_in(clause, place, APART, scene)
    left_out = scene.places.left_out > 0  # one of them may lie nearer
    least = span if other and not edge and not left_out else replace(span, low=0.0, doubt=UNCLEAR)
    return replace(least, doubt="not all places were measured") if left_out else least


def total_of(clause: Clause, scene: Scene, *, sure: bool) -> Span:
    """From the largest place to what all of them come to."""
    places = scene.places
    zones = zones_named(clause.zone, scene.zones) if clause.zone else ()
    there = {x.name: inside(x, zones, scene) for x in places.known}
    spans = {
        x.name: length_in(clause, x, clause.measure, scene)
        for x in places.known
        if there[x.name] is not False and x.value(clause.measure) is not None
    }
    least = max((x.low for k, x in spans.items() if sure and there[k]), default=0.0)
    most = sum(x.high for x in spans.values())
    missed = (
        places.left_out or places.specks or len(spans) < sum(x is not False for x in there.values())
    )
    if len(spans) == 1 and not missed:
        return replace(next(iter(spans.values())), low=least)
    high = inf if missed else most
    said = f"{least:.3g} to {most:.3g} {shown_unit(clause.unit or '')}" if high < inf else ""
    why = next((x.note for x in spans.values() if x.note), NOT_ADDED)
    return Span(least, high, said, why if high == inf else "", NOT_ADDED)


def length_in(clause: Clause, place: Place, name: str, scene: Scene) -> Span:
    """One measure of one place; everything where it cannot be compared with the limit."""
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


def unmeasured(clause: Clause) -> Span:
    """Of what a picture does not tell, such as a depth."""
    return Span(0, inf, note=f"a {clause.measure} was not measured on the picture")
