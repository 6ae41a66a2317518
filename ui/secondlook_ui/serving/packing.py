"""A view as bytes for the viewer: what it says of itself as JSON, then the codes as they are.

    "SLP1"  length of the JSON, uint32  JSON, padded with spaces to 8 bytes  codes  [grey by code]

All little-endian. Codes are rows of uint8, uint16 or three uint8, nothing is compressed: on the
machine itself or in a house that costs more time than it saves. A picture that is too large to be
sent at once comes reduced, and its finer levels as tiles.
"""

import json
import math
import struct
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.intake.views import View

MAGIC = b"SLP1"
MOST_BYTES = 16 * 2**20
"""Of the level that is sent at once: 8 megapixels of 16 bits, 5 of colours."""
LONGEST_SIDE = 8192
"""What every WebGL2 of today takes as a texture."""
TILE = 1024


def base_level(view: View) -> int:
    """How often a picture is halved until it is sent at once; 0 for most pictures."""
    height, width = view.codes.shape[:2]
    level = 0
    while _bytes(view, level) > MOST_BYTES or (max(height, width) >> level) > LONGEST_SIDE:
        level += 1
    return level


def whole(view: View) -> bytes:
    """A view at its base level."""
    level = base_level(view)
    return _packed(view, halved(view.codes, level), {"level": level})


def tile(view: View, level: int, column: int, row: int) -> bytes | None:
    """One tile of a level below the base level; None where there is none."""
    side = TILE << level
    height, width = view.codes.shape[:2]
    if not 0 <= level < base_level(view) or column * side >= width or row * side >= height:
        return None
    part = view.codes[row * side : (row + 1) * side, column * side : (column + 1) * side]
    return _packed(view, halved(part, level), {"level": level, "column": column, "row": row})


def halved(codes: NDArray[Any], times: int) -> NDArray[Any]:
    """The means of blocks of 2**times pixels a side; what is left at the edges is its own block."""
    if times == 0:
        return codes
    step = 1 << times
    height, width = (math.ceil(n / step) for n in codes.shape[:2])
    beyond = [(0, height * step - codes.shape[0]), (0, width * step - codes.shape[1])]
    full = np.pad(codes, [*beyond, *([(0, 0)] * (codes.ndim - 2))], mode="edge")
    blocks = full.reshape(height, step, width, step, *codes.shape[2:])
    means = blocks.mean(axis=(1, 3), dtype=np.float32)
    rounded: NDArray[Any] = np.rint(means).astype(codes.dtype)
    return rounded


def _bytes(view: View, level: int) -> int:
    return view.codes.nbytes >> (2 * level)


def _packed(view: View, codes: NDArray[Any], place: dict[str, int]) -> bytes:
    height, width = view.codes.shape[:2]
    said = {
        "width": width,
        "height": height,
        "columns": codes.shape[1],
        "rows": codes.shape[0],
        "channels": 1 if codes.ndim == 2 else codes.shape[2],
        "bytes": codes.itemsize,
        "slope": view.slope,
        "intercept": view.intercept,
        "exact": view.exact,
        "inverted": view.inverted,
        "unit": view.unit,
        "window": asdict(view.window),
        "table": view.table is not None,
        "lie": asdict(view.lie),
        "seen": view.seen or (height, width),
        "tile": TILE,
        **place,
    }
    text = json.dumps(said, allow_nan=False).encode()
    text += b" " * (-(len(text) + 8) % 8)
    head = MAGIC + struct.pack("<I", len(text)) + text
    body = np.ascontiguousarray(codes, dtype=codes.dtype.newbyteorder("<")).tobytes()
    return head + body + (view.table.tobytes() if view.table is not None else b"")
