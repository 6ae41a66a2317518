"""What rules are held against: the places of a part, its pitch and its zones."""

from dataclasses import dataclass

from defect_inspector.clauses import Clause
from defect_inspector.places import Place, Places
from defect_inspector.wordings import of_all_together
from defect_inspector.zones import lies_in, zones_named
from secondlook import Zone

COUNT = "count"
MEASURED = frozenset(("length", "width", "diameter", "area"))
"""Measures that places can have a total of."""


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


def of_all(clause: Clause) -> bool:
    """Whether a clause limits all places together: how many there are, or what they come to."""
    total = clause.measure in MEASURED and of_all_together(clause.quote)
    return clause.measure == COUNT or total


def where(clause: Clause, place: Place | None, scene: Scene) -> tuple[bool | None, str]:
    """Whether a place is where a clause holds, and what there is to say about that."""
    if not clause.zone:
        return True, ""
    zones = zones_named(clause.zone, scene.zones)
    if not zones:
        return None, f"the product has no zone called {clause.zone!r}"
    if of_all(clause):
        there = [lies_in(x, zones, size_in(x, scene)) for x in scene.places.known]
    else:
        there = [None if place is None else lies_in(place, zones, size_in(place, scene))]
    if any(there):
        return True, ""
    unknown = None in there or not there
    return (None if unknown else False), "" if unknown else f"nothing was found in {clause.zone}"


def inside(place: Place, zones: tuple[Zone, ...], scene: Scene) -> bool | None:
    """Whether a place lies in one of the zones; in the whole without zones."""
    return lies_in(place, zones, size_in(place, scene)) if zones else True


def size_in(place: Place, scene: Scene) -> tuple[int, int] | None:
    """(height, width) of the picture that a place is on."""
    return scene.sizes.get(place.region.attachment)
