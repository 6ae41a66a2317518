"""Large pictures as overlapping tiles, so that a small defect does not shrink out of sight.

A picture is brought to the size of a canvas that a few windows of the backbone's input cover, and
each window is looked at by itself. What the windows say is joined by weights that fade towards
their edges, so that no seam shows. Tiles lie at the same fractions of any picture, as patches do.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from secondlook.assessments import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.pictures import Preprocessing

MOST = 64
"""Tiles of one picture at most; of a larger picture each covers more pixels."""
SHARED = 0.25
"""The share of a tile that its neighbour sees too, about."""
WHOLE_UP_TO = 2.0
"""Goods up to so many times the backbone's input are looked at whole."""
ZOOM = 1.5
"""Pixels of a tile for each pixel of the backbone's input: with 1 small defects are told hardly
better, and looking takes twice as long."""
BATCH = 16
BLANK = np.zeros((8, 8, 3), dtype=np.uint8)

Pixels = NDArray[np.uint8]
See = Callable[[list[Pixels]], NDArray[np.float32]]
"""What is seen in each of B windows, as (B, h, w, D)."""


class TilePlan(BaseModel):
    """How every picture of a product is cut into tiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    overlap: tuple[float, float]
    """The share of a tile's height and width that its neighbour sees too."""
    usual: tuple[int, int]
    """Height and width that the goods usually had."""

    @model_validator(mode="after")
    def _fits(self) -> "TilePlan":
        if not 2 <= self.count <= MOST or not all(0 <= x <= 0.5 for x in self.overlap):
            raise ValueError(f"{self.rows} x {self.columns} tiles that share {self.overlap}")
        return self

    @property
    def count(self) -> int:
        """How many tiles a picture has."""
        return self.rows * self.columns

    @property
    def pixels(self) -> tuple[int, int]:
        """Height and width of a tile on a picture of the usual size."""
        height, width = (
            round(whole / _reach(count, share))
            for whole, count, share in zip(
                self.usual, (self.rows, self.columns), self.overlap, strict=True
            )
        )
        return height, width

    @property
    def words(self) -> str:
        """What a person should know of it."""
        return (
            f"Pictures are looked at in {self.count} overlapping tiles of about "
            f"{self.pixels[1]} x {self.pixels[0]} pixels each, so that small defects stay in sight."
        )

    def canvas(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width that windows of this size cover."""
        height, width = (
            starts[-1] + side for starts, side in zip(self._starts(size), size, strict=True)
        )
        return height, width

    def starts(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        """Top and left of every window (height, width) on its canvas, row by row."""
        tops, lefts = self._starts(size)
        return [(top, left) for top in tops for left in lefts]

    def _starts(self, size: tuple[int, int]) -> list[list[int]]:
        steps = [side - round(share * side) for side, share in zip(size, self.overlap, strict=True)]
        counts = self.rows, self.columns
        return [[i * step for i in range(n)] for n, step in zip(counts, steps, strict=True)]


def plan_tiles(vision: VisionBackbone, usual: tuple[int, int], side: int | None) -> TilePlan | None:
    """The plan for goods of this usual size (height, width), or None to look at them whole.

    Args:
        side: pixels of a tile on such a picture; 0 never cuts, None decides by the size.
    """
    prepare = prepare_of(vision)
    if prepare is None or side == 0:
        return None
    if side is None and max(usual) <= WHOLE_UP_TO * max(prepare.size):
        return None
    grid = vision.patches([BLANK]).shape[1:3]
    shares = tuple(round(SHARED * x) / x for x in grid)
    wanted = float(side or ZOOM * max(prepare.size))
    rows, columns = _counts(usual, wanted, shares)
    while rows * columns > MOST:
        wanted *= 1.01
        rows, columns = _counts(usual, wanted, shares)
    if rows * columns == 1:
        return None
    return TilePlan(rows=rows, columns=columns, overlap=(shares[0], shares[1]), usual=usual)


def prepare_of(vision: VisionBackbone) -> Preprocessing | None:
    """How a backbone makes pictures ready; None where it does not say."""
    prepare = getattr(vision, "prepare", None)
    return prepare if isinstance(prepare, Preprocessing) else None


@dataclass(frozen=True, eq=False)
class Tiled:
    """A vision backbone that looks at pictures in tiles; its grid covers the whole picture."""

    vision: VisionBackbone
    plan: TilePlan

    @property
    def ref(self) -> BackboneRef:
        """Which backbone looks at each tile."""
        return self.vision.ref

    @property
    def preprocessing(self) -> str:
        """As of the backbone."""
        return self.vision.preprocessing

    @property
    def prepare(self) -> Preprocessing:
        """Makes pictures as large as the canvas. Raises AdapterError where no size is known."""
        inner = prepare_of(self.vision)
        if inner is None:
            raise AdapterError(
                f"backbone {self.ref.name} does not say how large a picture it reads, so it cannot "
                "look at tiles: learn again with --tile 0"
            )
        height, width = self.plan.canvas(inner.size)
        return replace(inner, side=height, width=width)

    def patches(self, images: Sequence[Pixels]) -> NDArray[np.float32]:
        """Features (B, h, w, D) of B pictures (H, W, 3), which may differ in size."""
        joined = [self.joined(x, self.vision.patches) for x in images]
        return np.stack(joined) if joined else np.zeros((0, 0, 0, 0), dtype=np.float32)

    def windows(self, image: Pixels) -> Iterator[Pixels]:
        """The tiles of one picture (H, W, 3), each of the size that the backbone takes."""
        canvas = self.prepare.resized(image)
        height, width = self._input
        for top, left in self.plan.starts((height, width)):
            yield canvas[top : top + height, left : left + width]

    def joined(self, image: Pixels, see: See) -> NDArray[np.float32]:
        """What `see` says of the tiles of one picture, as one (h, w, D)."""
        windows = list(self.windows(image))
        sheet: _Sheet | None = None
        for start in range(0, len(windows), BATCH):
            for number, seen in enumerate(see(windows[start : start + BATCH]), start):
                sheet = sheet or _Sheet(self.plan, seen.shape)
                sheet.add(number, seen)
        assert sheet is not None  # a plan has two tiles at least
        return sheet.mean()

    @property
    def _input(self) -> tuple[int, int]:
        inner = prepare_of(self.vision)
        assert inner is not None  # `prepare` has looked
        return inner.size


def sight(vision: VisionBackbone, plan: TilePlan | None) -> VisionBackbone:
    """The backbone as it looks by this plan: as it is where there is none."""
    return vision if plan is None else Tiled(vision, plan)


class _Sheet:
    """The weighted mean of what overlapping tiles say."""

    def __init__(self, plan: TilePlan, shape: tuple[int, ...]) -> None:
        height, width, size = shape
        self._tile = (height, width)
        self._starts = plan.starts(self._tile)
        rows, columns = plan.canvas(self._tile)
        self._total: NDArray[np.float32] = np.zeros((rows, columns, size), dtype=np.float32)
        self._weights: NDArray[np.float32] = np.zeros((rows, columns, 1), dtype=np.float32)
        ramps = [_ramp(n, round(x * n)) for n, x in zip(self._tile, plan.overlap, strict=True)]
        self._weight = (ramps[0][:, None] * ramps[1][None, :])[..., None]

    def add(self, number: int, seen: NDArray[np.float32]) -> None:
        (top, left), (height, width) = self._starts[number], self._tile
        place = slice(top, top + height), slice(left, left + width)
        self._total[place] += self._weight * seen
        self._weights[place] += self._weight

    def mean(self) -> NDArray[np.float32]:
        self._total /= self._weights
        return self._total


def _ramp(length: int, overlap: int) -> NDArray[np.float32]:
    """(length,) 1 in the middle; falls towards both ends over the overlap, and stays above 0."""
    place = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
    return np.minimum(place / np.float32(overlap + 1), 1).astype(np.float32)


def _counts(usual: tuple[int, int], side: float, shares: Sequence[float]) -> tuple[int, int]:
    rows, columns = (
        max(1, math.ceil((whole / side - share) / (1 - share) - 1e-6))
        for whole, share in zip(usual, shares, strict=True)
    )
    return rows, columns


def _reach(count: int, share: float) -> float:
    """How many tiles long so many overlapping ones are."""
    return count - (count - 1) * share
