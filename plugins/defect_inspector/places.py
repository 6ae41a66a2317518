"""The places of a case with their measures, as evidence and back.

What is stored is enough to judge by another manual without the picture: every measure in pixels,
and by how much a border may lie off. Measures in millimetres are made from those at judging.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

from defect_inspector.naming import ratio
from secondlook import Attachment, Case, Evidence, ImageOutputs, Measurement, Region

if TYPE_CHECKING:
    from defect_inspector.outlining import Found
    from defect_inspector.spots import Outline

MOST_KEPT = "places found"
SPECKS = "smaller marks beside them"
LENGTH, WIDTH, DIAMETER, AREA = "length", "width", "diameter", "area"
APART, EDGE, BLUR = "distance to the nearest place", "distance to the edge", "border uncertainty"
FURTHER = "length that may lie beyond the border"
PIXELS, SQUARE = "px", "px2"
IN_MM = {PIXELS: "mm", SQUARE: "mm2"}
SHARE = 0.07
"""A measure may be off by this share of its value, however sharp the border."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place that was found, in pixels of its picture."""

    region: Region
    values: dict[str, float]
    """By name of the measure."""

    @property
    def name(self) -> str:
        """As it is called on the picture."""
        return self.region.name or ""

    def value(self, name: str) -> float | None:
        """A measure in pixels or square pixels; None where it was not taken."""
        return self.values.get(name)

    def unsure(self, name: str) -> float:
        """By how much a measure may be off, on either side; inf where no border was found.

        Each side of a place may lie off by the uncertainty of its border; on the ground and in
        the light of real goods a measure is never nearer than 7 % (tests/benchmarks/measuring.py).
        """
        blur, value = self.values.get(BLUR, inf), self.values[name]
        if name == AREA:
            around = 2 * (self.values[LENGTH] + self.values[WIDTH])
            return max(blur * around, SHARE * value)
        return max(2 * blur, SHARE * value)

    def least(self, name: str) -> float:
        """The least that a measure may be."""
        return max(self.values[name] - self.unsure(name), 0.0)

    def most(self, name: str) -> float:
        """The most that a measure may be, with what of its spot lies outside of its border."""
        further, most = self.values.get(FURTHER, 0.0), self.values[name] + self.unsure(name)
        if name in (LENGTH, DIAMETER):
            return most + further
        if name == AREA and further:
            return most * ((self.values[LENGTH] + further) / max(self.values[LENGTH], 1.0)) ** 2
        return most


@dataclass(frozen=True, kw_only=True)
class Places:
    """All places of a case."""

    known: tuple[Place, ...]
    found: int
    """How many there are; more than are known where the limit of settings was reached."""
    specks: int = 0
    """Marks beside them that are too small to be measured; they count where places are counted."""

    @property
    def left_out(self) -> int:
        """How many were found and not measured."""
        return max(0, self.found - len(self.known))


def find_places(case: Case, images: Iterable[ImageOutputs], most: int) -> tuple[Evidence, ...]:
    """Regions with their measures, the worst first, and how many places there are in all.

    Places of a picture whose size is not known are counted alone. `most` is for the case as a
    whole.
    """
    attachments = {x.sha256: x for x in case.attachments}
    evidence: list[Evidence] = []
    kept = left = specks = 0
    for image in sorted(images, key=ratio, reverse=True):
        found, step = _outlined(image, attachments[image.attachment], most - kept)
        taken = found.places[: most - kept]
        left, specks = left + found.left_out + len(found.places) - len(taken), specks + found.specks
        evidence += _told(taken, step, attachments[image.attachment], first=kept + 1)
        kept += len(taken)
    beside = [Measurement(name=SPECKS, value=specks, unit="")] if specks else []
    return (*evidence, Measurement(name=MOST_KEPT, value=kept + left, unit=""), *beside)


def read_places(evidence: Iterable[Evidence]) -> Places | None:
    """What `find_places` said; None where it was not asked, as in assessments of long ago."""
    told = list(evidence)
    regions = {x.name: x for x in told if isinstance(x, Region) and x.name is not None}
    values: dict[str | None, dict[str, float]] = {}
    for item in told:
        if isinstance(item, Measurement) and (item.region is None or item.unit in IN_MM):
            values.setdefault(item.region, {})[item.name] = item.value
    found = values.get(None, {}).get(MOST_KEPT)
    if found is None:
        return None
    known = tuple(Place(region=x, values=values.get(name, {})) for name, x in regions.items())
    return Places(known=known, found=int(found), specks=int(values[None].get(SPECKS, 0)))


def in_millimetres(places: Places, pitch: float | None) -> tuple[Measurement, ...]:
    """The measures of all places in millimetres; none without a pitch."""
    if not usable(pitch):
        return ()
    assert pitch is not None
    return tuple(
        Measurement(
            name=name,
            value=value * (pitch * pitch if name == AREA else pitch),
            unit=IN_MM[SQUARE if name == AREA else PIXELS],
            region=place.name,
        )
        for place in places.known
        for name, value in place.values.items()
    )


def usable(pitch: float | None) -> bool:
    """Whether a pitch is one: a number above 0."""
    return pitch is not None and isfinite(pitch) and pitch > 0


def size_of(attachment: Attachment) -> tuple[int, int] | None:
    """(height, width) in pixels, as intake wrote it."""
    for height, width in (("height", "width"), ("rows", "columns")):
        sides = attachment.facts.get(height), attachment.facts.get(width)
        if isinstance(sides[0], int) and isinstance(sides[1], int):
            return sides[0], sides[1]
    return None


def _outlined(image: ImageOutputs, attachment: Attachment, most: int) -> tuple["Found", float]:
    """The places of one picture, and the pixels of the file per pixel that was looked at."""
    from defect_inspector.outlining import Found, outlines
    from defect_inspector.spots import coarse, find_spots

    size = size_of(attachment)
    if image.pixels is not None:
        found = outlines(image.pixels, image.anomaly_map, image.threshold, most)
        return found, size[1] / image.pixels.shape[1] if size else 1.0
    spots, left = find_spots(image.anomaly_map, image.threshold, max(0, most))
    if size is None:  # nothing to measure by, but a person has to know of them
        return Found([], left + len(spots)), 1.0
    return Found([coarse(image.anomaly_map, x, size) for x in spots], left), 1.0


def _told(
    places: "Sequence[Outline]", step: float, attachment: Attachment, first: int
) -> list[Evidence]:
    from defect_inspector.measuring import gaps, measure

    evidence: list[Evidence] = []
    apart = gaps(places)
    for number, (place, gap) in enumerate(zip(places, apart, strict=True), start=first):
        region, size = _region(place, step, attachment.sha256, str(number)), size_of(attachment)
        found = measure(place)
        values = {
            LENGTH: found.length,
            WIDTH: found.width,
            DIAMETER: found.diameter,
            AREA: found.area,
        }
        values |= {BLUR: place.blur} if isfinite(place.blur) else {}
        values |= {FURTHER: place.further} if place.further else {}
        values |= {} if gap is None else {APART: gap}
        values = {x: v * (step**2 if x == AREA else step) for x, v in values.items()}
        values |= {EDGE: _edge(region, size)} if size else {}
        evidence.append(region)
        evidence += (
            Measurement(name=x, value=v, unit=SQUARE if x == AREA else PIXELS, region=str(number))
            for x, v in values.items()
        )
    return evidence


def _region(place: "Outline", step: float, attachment: str, name: str) -> Region:
    top, bottom, left, right = (round(x * step) for x in place.box)
    return Region(
        attachment=attachment,
        left=left,
        top=top,
        width=max(1, right - left),
        height=max(1, bottom - top),
        score=place.score,
        name=name,
    )


def _edge(region: Region, size: tuple[int, int]) -> float:
    """From a region to the nearest side of its picture."""
    right, bottom = region.left + region.width, region.top + region.height
    return float(max(0, min(region.left, region.top, size[1] - right, size[0] - bottom)))
