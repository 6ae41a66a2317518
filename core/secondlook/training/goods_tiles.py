"""Goods that are learned in tiles: how their usual size is found, and windows to paint on."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import overload

import numpy as np
from numpy.typing import NDArray

from secondlook.models.backbones import VisionBackbone
from secondlook.models.goods_tiles import Tiled, TilePlan, plan_tiles, prepare_of
from secondlook.training.goods_embed import Picture

PEEK = 16
"""Pictures that tell the usual size; they come in random order."""
PEEK_BYTES = 128 * 2**20
"""No more are looked at ahead when these wait: pictures may be large."""


def planned(
    images: Iterable[Picture], vision: VisionBackbone, side: int | None
) -> tuple[TilePlan | None, Iterable[Picture]]:
    """How these pictures are cut into tiles (None: not at all), and all of them again.

    `side` is as in `plan_tiles`.
    """
    if side == 0 or prepare_of(vision) is None:
        return None, images
    source = iter(images)
    first = list(islice(_within(source), PEEK))
    if not first:
        return None, first
    height, width = (int(np.median([x.shape[axis] for _, x in first])) for axis in (0, 1))
    return plan_tiles(vision, (height, width), side), chain(first, source)


def _within(source: Iterator[Picture]) -> Iterator[Picture]:
    waiting = 0
    for name, pixels in source:
        yield name, pixels
        waiting += pixels.nbytes
        if waiting > PEEK_BYTES:
            return


class Windows(Sequence[NDArray[np.uint8]]):
    """The tiles of pictures, each cut when it is asked for."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], vision: Tiled) -> None:
        """`pictures` are of the size of the canvas."""
        self._pictures = pictures
        self._vision = vision

    def __len__(self) -> int:
        """How many tiles there are."""
        return len(self._pictures) * self._vision.plan.count

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.uint8]]: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Sequence[NDArray[np.uint8]]:
        """One tile, or several."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        picture, tile = divmod(index, self._vision.plan.count)
        return next(islice(self._vision.windows(self._pictures[picture]), tile, None))


def to_paint_on(
    pictures: Sequence[NDArray[np.uint8]], vision: VisionBackbone
) -> Sequence[NDArray[np.uint8]]:
    """What a dense model learns on: the pictures, or their tiles where it looks at tiles."""
    return Windows(pictures, vision) if isinstance(vision, Tiled) else pictures
