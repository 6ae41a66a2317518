"""What the header of a DICOM object says about where its slices lie, as facts of an attachment."""

from pydicom import Dataset

from secondlook.cases import Scalar
from secondlook.intake.series_frames import numbers, pixel_spacings, places_of
from secondlook.intake.series_geometry import (
    MISSING,
    MIXED_ORIENTATIONS,
    MIXED_SIZES,
    SHEARED,
    Place,
    is_sheared,
    spacing_of,
    written,
)

SLICED = frozenset({"CT", "MR", "PT", "NM", "RTDOSE"})
"""Modalities whose pictures are slices of a volume: without a place they mean little."""
PHASES = ("EchoNumbers", "TemporalPositionIdentifier", "DiffusionBValue")
"""What tells apart the volumes that one series may hold. They are numbers and name nobody."""


def series_facts(header: Dataset, frames: int) -> dict[str, Scalar]:
    """Orientation, plane, position, pixel spacing; of many frames also their distance.

    `problems` holds the codes of what is wrong within this one object. None is an unknown fact.
    """
    places = places_of(header, frames)
    spacings = pixel_spacings(header, frames)
    problems = [MIXED_SIZES] if len(spacings) > 1 else []
    facts: dict[str, Scalar] = {"spacing_mm": _spacing(spacings), "phase": _phase(header)}
    known = [x for x in places if x is not None]
    if len(known) == len(places):
        facts |= _placed(known, problems)
    elif header.get("Modality") in SLICED:
        problems.append(MISSING)
    return facts | {"problems": " ".join(problems) or None}


def _placed(places: list[Place], problems: list[str]) -> dict[str, Scalar]:
    first = places[0]
    if not all(x.orientation.is_like(first.orientation) for x in places):
        problems.append(MIXED_ORIENTATIONS)
        return {}
    lowest = min(places, key=lambda x: x.position)
    distance, wrong = spacing_of(x.position for x in places)
    problems.extend(wrong)
    if is_sheared(first.orientation, [x.origin for x in places]):
        problems.append(SHEARED)
    return {
        "orientation": str(first.orientation),
        "plane": first.orientation.plane,
        "position": round(lowest.position, 3),
        "origin": written(lowest.origin, digits=3),
        "slice_mm": distance,
    }


def _spacing(pairs: set[tuple[float, float] | None]) -> str | None:
    """`row x column` in mm, where all frames have the same."""
    pair = next(iter(pairs)) if len(pairs) == 1 else None
    return " x ".join(f"{x:g}" for x in pair) if pair else None


def _phase(header: Dataset) -> str | None:
    found = [(name, numbers(header, name, 1)) for name in PHASES]
    return ", ".join(f"{name} {value[0]:g}" for name, value in found if value) or None
