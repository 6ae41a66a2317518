"""Slices of a volume as pictures that a backbone for photographs can take (2.5-D).

CT: one slice through three windows (lung, soft tissue, bone) as the three colours, in Hounsfield
units, so that a shade means the same in every picture. Everything else has no units of its own:
three neighbouring slices are the colours, stretched together between two percentiles.

A volume is read slice by slice: no more than three of them and the pictures made are in memory.
MONAI's Orientationd and Spacingd take whole volumes, two copies of them in float32: their work is
done while slices are read. `volume_slices` hangs NIfTI in RAS, stacks of DICOM are ordered along
the normal, and pixels are made square. Slices stay as far apart as they were taken: between those
that are looked at lie many others, and what is resampled there would be seen by nobody.
"""

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import Attachment
from secondlook.errors import IntakeError
from secondlook.intake.aspect import spacing_within, square
from secondlook.intake.series import Stack

WINDOWS = {"lung": (-1350, 150), "soft": (-160, 240), "bone": (-500, 1300)}
"""Hounsfield units from black to white, red to blue: the usual 1500/-600, 400/40 and 1800/400."""
CLIP = (0.5, 99.5)
"""Percentiles from black to white, where there are no units."""
SIDE = 512
"""Larger slices are brought to this, which no backbone sees more of."""
Transform = Callable[[NDArray[np.float32]], NDArray[np.uint8]]


def slice_pictures(
    stack: Stack, locate: Callable[[Attachment], Path], places: Sequence[int]
) -> NDArray[np.uint8]:
    """(S, H, W, 3) of the slices at these places, in rising order.

    Raises IntakeError where one cannot be read, or the volume has not as many.
    """
    from secondlook.intake.series_pixels import slices

    first = stack.attachments[0]
    windowed, spacing = first.facts.get("modality") == "CT", spacing_within(first)
    planes = pictures_of(slices(stack, locate), places, windowed=windowed)
    made = [square(x, spacing) for x in planes]
    if len(made) != len(places) or not made:
        raise IntakeError(f"a volume of {stack.slices} slices could not be read to its end")
    return np.stack(made)


def pictures_of(
    volume: Iterable[NDArray[np.float32]], places: Sequence[int], *, windowed: bool
) -> Iterator[NDArray[np.uint8]]:
    """(H, W, 3) for each place, of slices (H, W) that come one after the other.

    Args:
        windowed: whether the values are Hounsfield units.
    """
    wanted = frozenset(places)
    transform = hounsfield() if windowed else stretched()
    for place, slab in enumerate(_neighbours(volume)):
        if place in wanted:
            yield transform(slab[1:2] if windowed else slab)


def _neighbours(volume: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """(3, H, W) of every slice: the one before, itself, the one after; at the ends itself twice."""
    near: deque[NDArray[np.float32]] = deque(maxlen=3)
    for one in chain(volume, [None]):
        if one is not None and not near:
            near.append(one)
        near.append(near[-1] if one is None else one)
        if len(near) == 3:
            yield np.stack(near)


@cache
def hounsfield() -> Transform:
    """From (1, H, W) in Hounsfield units to a picture with a window for each colour."""
    monai, names = _monai(), list(WINDOWS)
    windows = [
        monai.ScaleIntensityRanged(x, low, high, b_min=0, b_max=255, clip=True)
        for x, (low, high) in WINDOWS.items()
    ]
    compose = monai.Compose(
        [
            monai.CopyItemsd(keys="slab", times=len(names), names=names),
            *windows,
            monai.ConcatItemsd(keys=names, name="slab"),
        ]
    )
    return lambda slab: _picture(compose({"slab": _finite(slab)})["slab"])


def stretched() -> Transform:
    """From three neighbours (3, H, W) in any units to a picture with one for each colour."""
    monai = _monai()

    def transform(slab: NDArray[np.float32]) -> NDArray[np.uint8]:
        low, high = np.percentile(_finite(slab), CLIP)
        if high <= low:  # a few bright places on nothing
            low, high = slab.min(), slab.max()
        if high <= low:
            return _picture(np.zeros_like(slab))
        return _picture(monai.ScaleIntensityRange(low, high, 0, 255, clip=True)(slab))

    return transform


def _finite(slab: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(slab).all():
        raise IntakeError("a slice holds values that are no numbers: export the series again")
    return slab


def _picture(planes: Any) -> NDArray[np.uint8]:
    """(H, W, 3) of three planes from 0 to 255, no larger than a backbone sees."""
    if max(planes.shape[1:]) > SIDE:
        planes = _monai().Resize(SIDE, size_mode="longest", mode="area")(planes)
    values = np.asarray(planes, dtype=np.float32)
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8).transpose(1, 2, 0).copy()


@cache
def _monai() -> Any:
    """Its transforms; it is large, and it remarks on what is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai import transforms
    return transforms
