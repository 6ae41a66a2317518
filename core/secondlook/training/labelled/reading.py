"""Reads every case once with the frozen backbones."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from secondlook.errors import ModelError, SecondlookError
from secondlook.models.backbones import TextBackbone
from secondlook.models.case_vectors import look_of, passages_vector, spread_out
from secondlook.models.dense import dense_levels
from secondlook.models.features import ImageFeatures
from secondlook.models.prefetch import prefetched
from secondlook.models.recipe import Recipe, mean_and_spread
from secondlook.models.region import RegionFinder, RegionRecipe
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled.cases import LabelledCase, Picture, Pixels
from secondlook.training.labelled.readings import Readings

PROBE = 8
"""Pictures after which it is foreseen how long all of them take."""
SHARE = 0.8
"""Of the whole time, that reading may take at most."""


def everything(vision: PatchNetwork) -> Recipe:
    """All that may go into the vector of a picture."""
    sizes = vision.level_sizes
    return Recipe(levels=dense_levels(len(sizes), convolutional=len(set(sizes)) > 1))


def load_picture(vision: PatchNetwork, picture: Picture) -> Pixels:
    """The picture at the size that the backbone takes."""
    return vision.prepare.resized(_whole(picture))


def _whole(picture: Picture) -> Pixels:
    return picture() if callable(picture) else picture


def read_cases(
    cases: Sequence[LabelledCase],
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    *,
    seconds: float,
    progress: Callable[[float], None],
    finder: RegionFinder | None = None,
) -> Readings:
    """Read all cases; a picture that cannot be read is counted and left out.

    Args:
        finder: finds the most unusual place of each picture.

    Raises ModelError where the time will not do.
    """
    started = time.monotonic()
    work = _Pictures(vision, finder, seconds, progress)
    for i, pictures in enumerate(prefetched(work.loaded(cases))):
        work.case(i, pictures, len(cases))
    rows, has_text = _texts(cases, text)
    return Readings(
        vectors=_stacked(work.vectors),
        looks=_stacked(work.looks),
        owner=np.array(work.owner, dtype=np.int64),
        number=np.array(work.number, dtype=np.int64),
        digests=tuple(work.digests),
        text=rows,
        has_text=has_text,
        unread=work.unread,
        seconds=time.monotonic() - started - work.found,
        regions=_stacked(work.regions),
        ratios=np.array(work.ratios, dtype=np.float64),
    )


def _stacked(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.stack(rows) if rows else np.zeros((0, 0), np.float32)


UNREADABLE = (OSError, SecondlookError, ValueError)
"""What a picture raises that is missing, damaged, or none."""


class _Pictures:
    """Reads pictures one by one, so that no vector depends on a batch."""

    def __init__(
        self,
        vision: PatchNetwork | None,
        finder: RegionFinder | None,
        seconds: float,
        progress: Callable[[float], None],
    ) -> None:
        self._vision, self._seconds, self._progress = vision, seconds, progress
        self._recipe = None if vision is None else everything(vision)
        self._finder = finder
        self._region = None if vision is None or finder is None else RegionRecipe.of(vision)
        self._started = time.monotonic()
        self.vectors: list[NDArray[np.float32]] = []
        self.looks: list[NDArray[np.float32]] = []
        self.owner: list[int] = []
        self.number: list[int] = []
        self.digests: list[str] = []
        self.regions: list[NDArray[np.float32]] = []
        self.ratios: list[float] = []
        self.found = 0.0  # seconds that finding regions took
        self.unread = 0

    def loaded(self, cases: Sequence[LabelledCase]) -> "Iterator[list[_Loaded]]":
        """The pictures of each case that can be read."""
        for case in cases:
            yield list(self._loaded(case))

    def case(self, index: int, pictures: "Sequence[_Loaded]", total: int) -> None:
        if self._vision is None or self._recipe is None:
            return
        for loaded in pictures:
            with torch.inference_mode():
                features = self._vision.image_features([loaded.pixels])
            self.vectors.append(_vector(features, self._recipe))
            self.looks.append(look_of(self._vision, features))
            self._find(loaded, features)
            self.owner.append(index)
            self.number.append(loaded.number)
            self.digests.append(_digest(loaded, index))
        self._progress((index + 1) / total)
        self._foresee(index + 1, total)

    def _find(self, loaded: "_Loaded", features: ImageFeatures) -> None:
        """The most unusual place of one picture, where a goods part finds it."""
        if self._vision is None or self._finder is None or self._region is None:
            return
        started = time.monotonic()
        found = self._finder.map(self._vision, loaded.whole)
        self.regions.append(self._region(features.levels, found, self._finder.threshold))
        self.ratios.append(self._finder.ratio(found))
        self.found += time.monotonic() - started

    def _loaded(self, case: LabelledCase) -> "Iterator[_Loaded]":
        if self._vision is None:
            return
        for number, picture in self._pictures(case):
            try:
                whole = _whole(picture)
                pixels = self._vision.prepare.resized(whole)
            except UNREADABLE:
                self.unread += 1
                continue
            # The goods part may look closer than the backbone takes a whole picture.
            yield _Loaded(number, pixels, pixels if self._finder is None else whole, case.slices)

    def _pictures(self, case: LabelledCase) -> list[tuple[int, Picture]]:
        try:
            return spread_out(list(enumerate(case.pictures())))
        except UNREADABLE:
            self.unread += 1
            return []

    def _foresee(self, done: int, total: int) -> None:
        needed = (time.monotonic() - self._started) / done * total
        if len(self.vectors) >= PROBE and needed > SHARE * self._seconds:
            raise ModelError(
                f"reading {total} cases takes about {needed:.0f} s, and learning may take "
                f"{self._seconds:.0f} s in all: give it at least {needed / SHARE / 60:.1f} "
                "minutes, or fewer cases"
            )


class _Loaded(NamedTuple):
    """One picture of a case."""

    number: int
    """Which of the case's."""
    pixels: Pixels
    """At the size that the backbone takes."""
    whole: Pixels
    """As the goods part looks at it."""
    slice: bool
    """Whether it is one of a volume."""


def _digest(loaded: _Loaded, case: int) -> str:
    """sha256 of a picture. Blank slices, as beyond the ends of a body, are no copies of each other."""
    pixels = loaded.pixels
    blank = loaded.slice and bool((pixels == pixels[0, 0]).all())
    told = f"blank {case} {loaded.number}".encode() if blank else pixels.tobytes()
    return hashlib.sha256(told).hexdigest()


def _vector(features: ImageFeatures, recipe: Recipe) -> NDArray[np.float32]:
    with torch.inference_mode():
        levels = [mean_and_spread(x) for x in features.levels]
        vector: NDArray[np.float32] = recipe.join(features.pooled, levels)[0].numpy()
    return vector


def _texts(
    cases: Sequence[LabelledCase], text: TextBackbone | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    there = np.array([text is not None and bool(x.passages) for x in cases])
    if text is None or not there.any():
        return np.zeros((len(cases), 0), np.float32), np.zeros(len(cases), bool)
    vectors = [passages_vector(text, x.passages) if x.passages else None for x in cases]
    size = next(len(x) for x in vectors if x is not None)
    rows = [np.zeros(size, np.float32) if x is None else x for x in vectors]
    return np.stack(rows).astype(np.float32), there
