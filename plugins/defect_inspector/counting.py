"""How many places there are in what a clause counts over."""

from collections import Counter
from dataclasses import replace
from math import inf

from defect_inspector.clauses import Clause
from defect_inspector.scene import COUNT, Scene, inside
from defect_inspector.spans import Span
from defect_inspector.zones import zones_named
from secondlook import Zone

ZONE = "zone"
WHOLE = (None, "part", "parts", "side", "face", "component", "piece")
"""What a count over all that the pictures show is over."""
SPECKS = "with {} marks that are too small to be measured"


def count_of(clause: Clause, scene: Scene, *, sure: bool) -> Span | None:
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
        there = inside(place, zones, scene)
        pictures[place.region.attachment] += there is True
        every += there is not False
    return max(pictures.values(), default=0), every
