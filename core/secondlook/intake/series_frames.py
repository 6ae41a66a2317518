"""Where the frames of a DICOM object lie, single or many: functional groups, dose grids, headers."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from pydicom import Dataset
from pydicom.multival import MultiValue

from secondlook.intake.series_geometry import Orientation, Place

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"


def places_of(header: Dataset, frames: int) -> list[Place | None]:
    """For each frame where it lies; None where nothing says so.

    A position in the header itself holds for a single frame, and with offsets for a dose grid
    (PS3.3 C.8.8.3.2). A run of frames without positions of their own is no volume.
    """
    if header.get(PER_FRAME):
        return [_grouped(header, index) for index in range(frames)]
    place = _place([header], [header])
    if frames == 1 or place is None:
        return [place] * frames
    offsets = numbers(header, "GridFrameOffsetVector", frames)
    if offsets is None:
        return [None] * frames
    return [_moved(place, x - offsets[0]) for x in offsets]


def frame_order(header: Dataset, frames: int) -> list[int]:
    """Indices of the frames along the normal; as stored where not every one has a place."""
    known = [x for x in places_of(header, frames) if x is not None]
    if len(known) < frames:
        return list(range(frames))
    return sorted(range(frames), key=lambda index: known[index].position)


def pixel_spacings(header: Dataset, frames: int) -> set[tuple[float, float] | None]:
    """The distances of rows and of columns that the frames have, in mm; None for an unknown one."""
    if not header.get(PER_FRAME):
        return {_pair(header)}
    found = set()
    for index in range(frames):
        scopes = [*items(header, index, "PixelMeasuresSequence"), header]
        found.add(next((pair for x in scopes if (pair := _pair(x))), None))
    return found


def items(header: Dataset, index: int, name: str) -> Iterator[Dataset]:
    """The items of a functional group that hold for a frame, what is its own before what is shared."""
    for groups in (_nth(header, PER_FRAME, index), _nth(header, SHARED, 0)):
        if groups is not None:
            yield from (groups.get(name) or ())[:1]


def numbers(dataset: Dataset, name: str, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers; None where there are not as many, or something else."""
    try:
        value: Any = dataset.get(name)
        several = isinstance(value, (MultiValue, list, tuple))
        found = tuple(float(x) for x in (value if several else [value]))
    except (TypeError, ValueError, OverflowError):
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def _nth(header: Dataset, name: str, index: int) -> Dataset | None:
    groups = header.get(name) or ()
    return groups[index] if index < len(groups) else None


def _grouped(header: Dataset, index: int) -> Place | None:
    turned = [*items(header, index, "PlaneOrientationSequence"), header]
    placed = [*items(header, index, "PlanePositionSequence")]
    return _place(turned, placed)


def _place(turned: Sequence[Dataset], placed: Sequence[Dataset]) -> Place | None:
    """From the first dataset that says how it is turned, and the first that says where it is."""
    found = (Orientation.of(numbers(x, "ImageOrientationPatient", 6)) for x in turned)
    orientation = next((x for x in found if x is not None), None)
    origins = (numbers(x, "ImagePositionPatient", 3) for x in placed)
    origin = next((x for x in origins if x is not None), None)
    if orientation is None or origin is None:
        return None
    x, y, z = origin
    return Place(orientation, (x, y, z))


def _moved(place: Place, way: float) -> Place:
    x, y, z = (a + way * b for a, b in zip(place.origin, place.orientation.normal, strict=True))
    return Place(place.orientation, (x, y, z))


def _pair(dataset: Dataset) -> tuple[float, float] | None:
    found = numbers(dataset, "PixelSpacing", 2)
    return (found[0], found[1]) if found and min(found) > 0 else None
