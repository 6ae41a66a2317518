"""Pictures with square pixels: what is round in the patient is round for models and people.

Scanners and reformats space rows and columns differently (PixelSpacing, the zooms of NIfTI). The
finer of both is kept, and the coarser one brought to it. MONAI's Spacingd does the same of whole
volumes in memory; slices are read one at a time here, and an axis between them is not resampled.
"""

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import Attachment

SAME = 0.01
"""Share by which the spacings may differ: less is half a pixel in a hundred."""
WRONG = 100.0
"""Times as far apart as no scanner or reformat leaves rows and columns: what says so is no
spacing, and would squash the picture to a line."""
LONGEST = 2048
"""Pixels to which a side is enlarged at most; else the other one is made smaller."""


def spacing_within(attachment: Attachment) -> tuple[float, float] | None:
    """The distances of its rows and of its columns in mm, where it says both."""
    said = attachment.facts.get("spacing_mm")
    try:
        rows, columns = (float(x) for x in str(said).split(" x "))
    except ValueError:
        return None
    return (rows, columns) if 0 < rows < np.inf and 0 < columns < np.inf else None


def square(picture: NDArray[np.uint8], spacing: tuple[float, float] | None) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with as many pixels to a millimetre in both directions."""
    from PIL import Image

    height, width = square_size((picture.shape[0], picture.shape[1]), spacing)
    if (height, width) == picture.shape[:2]:
        return picture
    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized)


def square_size(size: tuple[int, int], spacing: tuple[float, float] | None) -> tuple[int, int]:
    """Height and width of what `square` makes of a picture of this size."""
    if spacing is None or abs(spacing[0] / spacing[1] - 1) <= SAME or not possible(spacing):
        return size
    finest = min(spacing)
    sides = [n * x / finest for n, x in zip(size, spacing, strict=True)]
    share = min(1.0, max(LONGEST, *size) / max(sides))
    return max(1, round(sides[0] * share)), max(1, round(sides[1] * share))


def pitch_of(attachment: Attachment) -> tuple[float, float] | None:
    """Millimetres from row to row and from column to column of what `square` makes of its picture."""
    spacing = spacing_within(attachment)
    sides = [attachment.facts.get(x) for x in ("rows", "columns")]
    if spacing is None or not possible(spacing) or not all(isinstance(x, int) for x in sides):
        return None
    rows, columns = (int(x or 0) for x in sides)
    height, width = square_size((rows, columns), spacing)
    return spacing[0] * rows / height, spacing[1] * columns / width


def possible(spacing: tuple[float, float]) -> bool:
    """Whether rows and columns of one picture can lie as far apart as this."""
    return max(spacing) / min(spacing) <= WRONG
