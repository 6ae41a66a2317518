"""Which pictures of magnetic_tile show the same tile.

Every tile was taken under several exposures while a camera ran: files are called
exp<exposure>_num_<frame>.jpg, and the frames of one tile follow each other within a few hundred.
Each exposure of a tile shows the same defect at the same place, so figures are much too good where
one exposure is learned from and another one measured. A new tile begins where the frame number
leaps by more than 400.
"""

import re
from collections.abc import Sequence
from pathlib import Path

GAP = 400
"""Frames between two pictures of different tiles at the least."""
NAME = re.compile(r"exp\d+_num_(\d+)$")


def frame(file: Path) -> int:
    """The frame number in a file's name. Raises ValueError where it has none."""
    found = NAME.match(file.stem)
    if found is None:
        raise ValueError(f"{file.name} is not called exp<exposure>_num_<frame>.jpg")
    return int(found.group(1))


def tiles_of(files: Sequence[Path]) -> list[int]:
    """(N,) the number of the tile that each file shows, over all folders together."""
    order = sorted(range(len(files)), key=lambda i: frame(files[i]))
    numbers, tile = [0] * len(files), 0
    for before, i in zip([None, *order], order, strict=False):
        leaps = before is not None and frame(files[i]) - frame(files[before]) > GAP
        tile += int(leaps)
        numbers[i] = tile
    return numbers
