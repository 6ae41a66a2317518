"""NIfTI slices for a viewer: axial, from feet to head, hung as `volume_slices` does."""

from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from secondlook.intake.views import Lie, View, found_window, packed, photo_view
from secondlook.intake.volume_facts import orientations, upward
from secondlook.intake.volume_slices import axial, opened

VOLUMES = 2
"""Kept open: a packed one has to be unpacked as a whole before any slice of it is seen."""
TO_MM = {"meter": 1000.0, "micron": 0.001}


class _Open:
    """A volume that stays open while it is looked at; its file has one place to read at."""

    def __init__(self, path: Path) -> None:
        self._manager: AbstractContextManager[Any] = opened(path, whole=True)
        self.image = self._manager.__enter__()
        self.lock = Lock()


@lru_cache(maxsize=VOLUMES)
def _open(path: Path) -> _Open:
    return _Open(path)


def volume_view(path: Path, index: int) -> View:
    """Axial slice `index`. Raises whatever readers raise."""
    volume = _open(path)
    with volume.lock:
        values = axial(volume.image, index)
    lie = _lie(volume.image, index)
    if values.dtype.names:  # RGB voxels
        return photo_view(np.stack([values[x] for x in values.dtype.names[:3]], axis=-1), lie)
    values = np.nan_to_num(values)
    codes, slope, intercept, exact = packed(values)
    return View(
        codes=codes,
        slope=slope,
        intercept=intercept,
        exact=exact,
        window=found_window(values),
        lie=lie,
    )


def _lie(image: Any, index: int) -> Lie:
    to_ras, up = orientations.io_orientation(image.affine), upward(image.affine)
    unit = TO_MM.get(image.header.get_xyzt_units()[0], 1.0)
    zooms = [float(x) * unit for x in (*image.header.get_zooms(), 1.0, 1.0)[:3]]
    beside = [axis for axis in range(3) if axis != up]
    down = next((x for x in beside if to_ras[x, 0] == 1), beside[1])
    across = next(x for x in beside if x != down)
    pitch = (zooms[down], zooms[across]) if min(zooms[down], zooms[across]) > 0 else None
    return Lie(
        pitch=pitch,
        aspect=pitch[0] / pitch[1] if pitch else 1.0,
        letters=("L", "P") if _placed(image) else None,
        position=_position(image, index, up, to_ras[up, 1] > 0),
    )


def _placed(image: Any) -> bool:
    """Without either statement readers assume an orientation, not all of them the same."""
    header = image.header
    return int(header["qform_code"]) > 0 or int(header["sform_code"]) > 0


def _position(image: Any, index: int, up: int, rising: bool) -> float | None:
    if not _placed(image):
        return None
    shape = (*image.shape, 1, 1)[:3]
    centre = [(n - 1) / 2 for n in shape]
    centre[up] = index if rising else shape[up] - 1 - index
    return round(float((image.affine @ np.array([*centre, 1.0]))[2]), 3)
