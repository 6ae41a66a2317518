"""Where slices lie in the patient: planes, positions along the normal, and what is between them.

Positions are ImagePositionPatient on the normal of ImageOrientationPatient (PS3.3 C.7.6.2.1.1),
in mm. Nothing else in a header says reliably in which order slices lie.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Self

Vector = tuple[float, float, float]
PLANES = ("sagittal", "coronal", "axial")
"""By the axis of the patient that the normal runs along: left, back, head."""
MAINLY = 0.8
"""From this cosine a plane has the name of the axis; between them it is oblique."""
SQUARE = 0.01  # how far direction cosines may be from two perpendicular unit vectors
PARALLEL = 1e-3  # writers round cosines; beyond this it is another orientation
TURNED = 5e-3
"""How far slices of a stack may be turned against each other in all, each a little (0.3 degrees)."""
SAME_PLACE = 0.01  # mm
EVEN = (0.05, 0.02)
"""How far a gap may be from the usual one: mm, and share of it; the larger holds."""
WIDE = 30.0
"""mm; slices that lie further apart than those of any protocol for an organ are no volume."""
SHIFT = 0.5  # mm that origins may drift within the plane before voxels are no upright grid

MISSING = "missing_geometry"
UNEVEN = "uneven_spacing"
DUPLICATE = "duplicate_position"
APART = "far_apart"
MIXED_SIZES = "mixed_sizes"
MIXED_ORIENTATIONS = "mixed_orientations"
SHEARED = "sheared"
CONFLICTING = "conflicting_geometry"
SEVERAL_VOLUMES = "several_volumes"
PROBLEMS = {
    MISSING: "nothing says where its slices lie",
    UNEVEN: "its slices do not lie at even distances: some are missing, or it is no one volume",
    DUPLICATE: "several of its slices lie in the same place",
    APART: f"its slices lie more than {WIDE:g} mm apart, with much between them that none shows",
    MIXED_SIZES: "its slices differ in size or pixel spacing",
    MIXED_ORIENTATIONS: "its slices are turned against each other",
    SHEARED: "its slices are shifted against each other, as with a tilted gantry",
    CONFLICTING: "two statements on its orientation contradict each other",
    SEVERAL_VOLUMES: "it holds several volumes, of which the first is looked at",
}
"""What can be wrong with a stack of slices, for people."""


@dataclass(frozen=True)
class Orientation:
    """Unit vectors along the rows and the columns of a slice: to the left, the back, the head."""

    row: Vector
    column: Vector

    @classmethod
    def of(cls, cosines: Sequence[float] | None) -> Self | None:
        """From six direction cosines; None unless they are two perpendicular unit vectors."""
        if cosines is None or len(cosines) != 6 or not all(map(math.isfinite, cosines)):
            return None
        a, b, c, d, e, f = cosines
        row, column = (a, b, c), (d, e, f)
        off = (dot(row, row) - 1, dot(column, column) - 1, dot(row, column))
        return cls(row, column) if max(map(abs, off)) < SQUARE else None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` gave."""
        try:
            return cls.of([float(x) for x in text.split()])
        except ValueError:
            return None

    def __str__(self) -> str:
        return written((*self.row, *self.column), digits=5)

    @property
    def normal(self) -> Vector:
        """The direction in which slices follow each other."""
        (a, b, c), (d, e, f) = self.row, self.column
        return (b * f - c * e, c * d - a * f, a * e - b * d)

    @property
    def plane(self) -> str:
        """axial, coronal, sagittal or oblique."""
        longest, name = max(zip(map(abs, self.normal), PLANES, strict=True))
        return name if longest >= MAINLY else "oblique"

    def is_like(self, other: Self) -> bool:
        """Whether they are the same but for rounding."""
        pairs = zip((*self.row, *self.column), (*other.row, *other.column), strict=True)
        return all(abs(x - y) <= PARALLEL for x, y in pairs)


@dataclass(frozen=True)
class Place:
    """Where one slice lies."""

    orientation: Orientation
    origin: Vector
    """The centre of its first pixel."""

    @property
    def position(self) -> float:
        """Along the normal, in mm."""
        return dot(self.orientation.normal, self.origin)


def dot(one: Iterable[float], other: Iterable[float]) -> float:
    """The scalar product."""
    return sum(x * y for x, y in zip(one, other, strict=True))


def written(values: Iterable[float], digits: int) -> str:
    """Numbers as a short text, the same for what is the same when rounded."""
    return " ".join(f"{round(x, digits) + 0.0:g}" for x in values)


def spacing_of(positions: Iterable[float]) -> tuple[float | None, tuple[str, ...]]:
    """The distance between slices, where there is one; UNEVEN, APART and DUPLICATE where they hold.

    Of two slices, which are always even, only the distance itself can tell that one is missing.
    """
    distinct: list[float] = []
    repeated = False
    for position in sorted(positions):
        if distinct and position - distinct[-1] <= SAME_PLACE:
            repeated = True
        else:
            distinct.append(position)
    gaps = [after - before for before, after in pairwise(distinct)]
    problems = (DUPLICATE,) if repeated else ()
    if not gaps:
        return None, problems
    usual = median(gaps)
    if max(abs(x - usual) for x in gaps) > max(EVEN[0], EVEN[1] * usual):
        return None, (UNEVEN, *problems)
    if usual > WIDE:
        problems = (APART, *problems)
    return round((distinct[-1] - distinct[0]) / len(gaps), 4), problems


def is_sheared(orientation: Orientation, origins: Sequence[Vector]) -> bool:
    """Whether slices are shifted within their plane against the first one."""
    first = origins[0]
    for origin in origins[1:]:
        step = [x - y for x, y in zip(origin, first, strict=True)]
        if math.hypot(dot(step, orientation.row), dot(step, orientation.column)) > SHIFT:
            return True
    return False
