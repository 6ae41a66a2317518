"""One attachment as a slice of a stack: what its facts say about where it lies."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from secondlook.cases import Attachment, Role
from secondlook.intake.series_geometry import MISSING, PROBLEMS, Orientation, Vector

KEY = 16  # hexadecimal digits
SIZES = ("rows", "columns", "spacing_mm")


@dataclass(frozen=True)
class Member:
    """The facts of an attachment in the types that stacks are made with."""

    attachment: Attachment

    @property
    def is_picture(self) -> bool:
        """Whether anything may look at it."""
        pictured = self.attachment.role in (Role.IMAGE, Role.VOLUME)
        return pictured and not self.attachment.facts.get("not_assessed")

    @property
    def series(self) -> tuple[object, ...]:
        """What it has in common with other slices of its stack, apart from the orientation.

        A volume, a photograph and a radiograph without a place stand by themselves.
        """
        facts = self.attachment.facts
        sliced = self.position is not None or MISSING in self.problems
        if self.attachment.role is Role.VOLUME or "series" not in facts or not sliced:
            return (self.attachment.sha256,)
        return (facts.get("study"), facts["series"], facts.get("phase"))

    @property
    def key(self) -> str:
        """Names the stack that it is the first member of: no other of its series is turned so."""
        turned = self._text("orientation")
        return hashlib.sha256(repr((self.series, turned)).encode()).hexdigest()[:KEY]

    @cached_property
    def orientation(self) -> Orientation | None:
        """How it is turned, where it says so."""
        return Orientation.parse(self._text("orientation") or "")

    @property
    def plane(self) -> str | None:
        """axial, coronal, sagittal, oblique or unknown."""
        return self._text("plane")

    @property
    def position(self) -> float | None:
        """In mm along the normal."""
        return self._number("position")

    @property
    def distance(self) -> float | None:
        """Between the slices within it, in mm."""
        return self._number("slice_mm")

    @property
    def origin(self) -> Vector | None:
        """The centre of its first pixel, in mm."""
        values = [float(x) for x in (self._text("origin") or "").split()]
        return (values[0], values[1], values[2]) if len(values) == 3 else None

    @property
    def size(self) -> tuple[object, ...]:
        """Rows, columns and pixel spacing."""
        return tuple(map(self.attachment.facts.get, SIZES))

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong within it."""
        return tuple(x for x in (self._text("problems") or "").split() if x in PROBLEMS)

    @property
    def order(self) -> tuple[float, float, str]:
        """By place; the instance number only orders what lies in one place, or in none."""
        instance = self._number("instance")
        return (self.position or 0.0, instance or 0.0, self.attachment.sha256)

    def is_like(self, other: "Member") -> bool:
        """Whether both are turned alike, so that they can lie in one stack."""
        if (self.position is None) != (other.position is None):
            return False
        if self._text("orientation") == other._text("orientation"):
            return True
        a, b = self.orientation, other.orientation
        return a is not None and b is not None and a.is_like(b)

    def _text(self, name: str) -> str | None:
        value = self.attachment.facts.get(name)
        return value if isinstance(value, str) else None

    def _number(self, name: str) -> float | None:
        value = self.attachment.facts.get(name)
        return float(value) if isinstance(value, (int, float)) else None
