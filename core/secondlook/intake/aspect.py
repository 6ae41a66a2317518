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

    if spacing is None or abs(spacing[0] / spacing[1] - 1) <= SAME:
        return picture
    finest = min(spacing)
    if not max(spacing) / finest <= WRONG:
        return picture
    sides = [n * x / finest for n, x in zip(picture.shape, spacing, strict=False)]
    longest = max(LONGEST, *picture.shape[:2])
    height, width = (max(1, round(x * min(1.0, longest / max(sides)))) for x in sides)
    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized)
