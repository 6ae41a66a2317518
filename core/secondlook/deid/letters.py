"""Whether letters seem to be written into a picture. It finds lettering; it does not read it.

Letters that a machine wrote stand in a row, are about as tall as each other, and differ sharply
from what lies around their strokes. A letter or two, as the marks of the sides are, is no name.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

LONGEST = 2048
"""Pixels; a larger picture is brought down to this, and letters with it."""
LEVELS = (1, 2, 4)
"""By so much the picture is made smaller, for larger letters."""
STROKE = 9
"""Pixels; strokes that are thicker are found at the next level."""
CONTRAST = 48
"""Grey levels between a stroke and what lies around it."""
HEIGHTS = (5, 40)
"""Pixels of a letter at its level."""
WIDEST = 14.0
"""Heights; letters that touch each other are one component."""
FILLED = (0.12, 0.9)
"""Share of a component's box."""
ALIKE = 1.75
"""Heights of letters in a row may differ by this factor: `a` and `l` do."""
GAP = 0.9
"""Heights between two letters of a word."""
STROKES = 5
"""Met by a line through a row of letters, at least: `DOE` has five, `R` two."""
ALONE = 8
"""The same, where all letters touch: tubes and wires cross, too."""
MOST = 5000
"""Components of a picture at one level; with more it is grain, in which nothing can be told."""


@dataclass(frozen=True)
class Mark:
    """A component that may be a letter, or several that touch."""

    top: int
    left: int
    bottom: int
    right: int
    strokes: int
    """How often a line through its middle meets it."""

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left


def has_lettering(picture: NDArray[np.uint8]) -> bool:
    """Whether a picture (H, W) or (H, W, 3) seems to have letters, or is too grainy to tell."""
    grey = picture if picture.ndim == 2 else picture.max(axis=2)
    grey = _smaller(grey, -(-max(grey.shape) // LONGEST))
    return any(_found(_smaller(grey, x)) for x in LEVELS)


def _smaller(grey: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    """Means of blocks of `by` x `by` pixels."""
    if by == 1:
        return grey
    rows, columns = (n // by for n in grey.shape)
    blocks = grey[: rows * by, : columns * by].reshape(rows, by, columns, by)
    means: NDArray[np.uint8] = blocks.mean(axis=(1, 3)).astype(np.uint8)
    return means


def _found(grey: NDArray[np.uint8]) -> bool:
    if min(grey.shape) <= STROKE:
        return False
    size = (STROKE, STROKE)
    bright = grey - ndimage.grey_opening(grey, size)
    dark = ndimage.grey_closing(grey, size) - grey
    for strokes in (bright > CONTRAST, dark > CONTRAST):
        for turned in (strokes, np.rot90(strokes)):
            marks = list(islice(_marks(turned), MOST + 1))
            if len(marks) > MOST or any(map(_is_text, _chains(marks))):
                return True
    return False


def _marks(strokes: NDArray[np.bool_]) -> Iterator[Mark]:
    labels, _ = ndimage.label(strokes, np.ones((3, 3)))
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        height, width = (x.stop - x.start for x in place)
        if HEIGHTS[0] <= height <= HEIGHTS[1] and width <= WIDEST * height:
            own = labels[place] == number
            if FILLED[0] <= own.mean() <= FILLED[1]:
                y, x = place
                yield Mark(y.start, x.start, y.stop, x.stop, _crossed(own))


def _crossed(own: NDArray[np.bool_]) -> int:
    """Strokes that a line from left to right meets, in the middle of the lines."""
    inner = own[len(own) // 4 : max(1, len(own) * 3 // 4)]
    edges = np.diff(inner.astype(np.int8), axis=1, prepend=0) == 1
    return int(np.median(edges.sum(axis=1)))


def _chains(marks: Iterable[Mark]) -> Iterator[list[Mark]]:
    """Marks that follow each other from left to right as letters of a line do."""
    far, ends = GAP * HEIGHTS[1], list[list[Mark]]()
    for mark in sorted(marks, key=lambda x: x.left):
        yield from (x for x in ends if x[-1].right + far < mark.left)
        ends = [x for x in ends if x[-1].right + far >= mark.left]
        home = next((x for x in reversed(ends) if _follows(x[-1], mark)), None)
        if home is None:
            ends.append([mark])
        else:
            home.append(mark)
    yield from ends


def _follows(one: Mark, other: Mark) -> bool:
    low, high = sorted((one.height, other.height))
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = other.left - one.right
    return high <= ALIKE * low and shared >= 0.6 * low and -0.3 * low <= gap <= GAP * high


def _is_text(row: Sequence[Mark]) -> bool:
    return sum(x.strokes for x in row) >= (STROKES if len(row) > 1 else ALONE)
