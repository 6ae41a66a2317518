"""Batches of goods with and without a painted defect: what a dense head learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.training.defects import KINDS, paint
from secondlook.training.defects.finish import other_finish
from secondlook.training.defects.masks import Random
from secondlook.training.starter.surfaces import surface

DONORS = 64
"""Made-up surfaces that foreign matter is taken from (DRAEM takes photographs of textures)."""

FINISHED = 0.15
"""Share of the pictures that get a region of another good part. With it, textures of real steel put
onto held-out goods were told better: AUROC of both looks .844 to .854, of wide ones .767 to .795."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """B pictures (B, H, W, 3) uint8 and what was painted on them: masks (B, H, W)."""

    pixels: NDArray[np.uint8]
    masks: NDArray[np.bool_]


class Painter:
    """Draws batches from goods of one size; the same seed draws the same ones."""

    def __init__(
        self,
        goods: Sequence[NDArray[np.uint8]],
        *,
        seed: int,
        painted: float = 0.6,
        kinds: Sequence[str] | None = None,
    ) -> None:
        """`painted` is the share of pictures that get a defect, of one of `kinds`.

        Where no kinds are named, regions of other goods are among what is painted.
        """
        self._goods = goods
        self._painted = painted
        self._kinds = tuple(kinds or KINDS)
        self._finishes = kinds is None
        self._random = np.random.default_rng([seed, 4])
        side = max(goods[0].shape[:2])
        self._donors = [surface(side, np.random.default_rng([seed, 5, i])) for i in range(DONORS)]

    @property
    def state(self) -> Any:
        """From where on it draws, as JSON takes it; to be set on another one like it."""
        return self._random.bit_generator.state

    @state.setter
    def state(self, value: Any) -> None:
        self._random.bit_generator.state = value

    def __call__(self, count: int) -> Sheet:
        """`count` pictures, mirrored at random, in slightly different light."""
        pixels, masks = zip(*(self._one() for _ in range(count)), strict=True)
        return Sheet(np.stack(pixels), np.stack(masks))

    def _one(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        random = self._random
        good = self._goods[int(random.integers(len(self._goods)))]
        picture = _lit(good[:, ::-1] if random.random() < 0.5 else good, random)
        if self._finishes and random.random() < FINISHED:
            other = self._goods[int(random.integers(len(self._goods)))]
            finished = other_finish(picture, other, random)
            if finished is not None:
                return finished.pixels, finished.mask
        if random.random() < self._painted:
            try:
                donor = self._donors[int(random.integers(DONORS))]
                height, width = picture.shape[:2]
                kind = self._kinds[int(random.integers(len(self._kinds)))]
                painted = paint(picture, random, donor=donor[:height, :width], kinds=(kind,))
                return painted.pixels, painted.mask
            except ModelError:  # nothing of this kind shows on this picture
                pass
        return picture, np.zeros(picture.shape[:2], dtype=np.bool_)


def _lit(picture: NDArray[np.uint8], random: Random) -> NDArray[np.uint8]:
    """Brighter or darker by about a tenth, as from one exposure to the next."""
    bright = picture.astype(np.float32) * np.float32(random.normal(1, 0.1))
    return np.asarray(np.clip(bright, 0, 255), dtype=np.uint8)
