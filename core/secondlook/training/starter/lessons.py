"""What the student sees at one step: episodes of a surface and scenes with captions."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from secondlook.errors import ModelError
from secondlook.training.defects import paint
from secondlook.training.starter.library import Library
from secondlook.training.starter.scenes import LEARNED

SIDE = 160
SUPPORT = 3
QUERIES = 2
OTHERS = 512
"""Pictures of one surface: three that fill the bank, two with a defect to be found in.
`OTHERS` captions of other scenes stand beside the right one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """One step's pictures (B, 3, SIDE, SIDE), RGB from 0 to 1: episodes first, then scenes."""

    pictures: Tensor
    masks: Tensor
    """(episodes * QUERIES, 1, SIDE, SIDE) what was painted."""
    episodes: int
    scenes: NDArray[np.int64]
    """Numbers of the scenes in the library."""
    others: NDArray[np.int64]
    """Numbers of scenes whose captions are wrong for these."""


class Lessons:
    """Draws lessons from a library; the same seed gives the same ones."""

    def __init__(self, library: Library, *, episodes: int, scenes: int, seed: int) -> None:
        self._library = library
        self._episodes, self._scenes = episodes, scenes
        self._seed = seed

    def __call__(self, step: int) -> Lesson:
        """The lesson of step number `step`."""
        random = np.random.default_rng([self._seed, 3, step])
        crops, masks = zip(*(self._episode(random) for _ in range(self._episodes)), strict=True)
        known = len(self._library.scenes)
        chosen = random.choice(known, min(known, self._scenes + OTHERS), replace=False)
        numbers, others = np.sort(chosen[: self._scenes]), np.sort(chosen[self._scenes :])
        scenes = _resized(self._library.scenes[numbers], random)
        pictures = [_jittered(_to_tensor(np.stack(x)), random) for x in crops]
        return Lesson(
            pictures=torch.cat([*pictures, scenes]),
            masks=torch.from_numpy(np.concatenate(masks).astype(np.float32))[:, None],
            episodes=self._episodes,
            scenes=numbers,
            others=others,
        )

    def _episode(
        self, random: np.random.Generator
    ) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]:
        """SUPPORT good pictures and QUERIES painted ones: of one surface, or of one scene."""
        one_scene = random.random() < 0.4
        views = (
            _views(*self._scene(random)) if one_scene else _quarters(self._surface(random), random)
        )
        donor = np.ascontiguousarray(self._surface(random)[:SIDE, :SIDE])
        masks = []
        for number in range(SUPPORT, SUPPORT + QUERIES):
            try:
                painted = paint(views[number], random, donor=donor, kinds=LEARNED)
            except ModelError:  # on black nothing shows: then there is nothing to be found
                masks.append(np.zeros((SIDE, SIDE), dtype=np.bool_))
                continue
            views[number] = painted.pixels
            masks.append(painted.mask)
        return views, np.stack(masks)

    def _surface(self, random: np.random.Generator) -> NDArray[np.uint8]:
        return np.asarray(self._library.surfaces[int(random.integers(len(self._library.surfaces)))])

    def _scene(self, random: np.random.Generator) -> tuple[NDArray[np.uint8], np.random.Generator]:
        number = int(random.integers(len(self._library.scenes)))
        return np.asarray(self._library.scenes[number]), random


def _quarters(surface: NDArray[np.uint8], random: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Pictures of a surface that do not overlap: three good quarters, and the fourth twice."""
    places = [(0, 0), (0, 1), (1, 0), (1, 1)]
    order = random.permutation(4)
    cut = [
        surface[y * SIDE : (y + 1) * SIDE, x * SIDE : (x + 1) * SIDE]
        for y, x in (places[i] for i in order)
    ]
    return [np.ascontiguousarray(x) for x in (*cut[:SUPPORT], *[cut[SUPPORT]] * QUERIES)]


def _views(scene: NDArray[np.uint8], random: np.random.Generator) -> list[NDArray[np.uint8]]:
    """The same scene from nearly the same place, as parts lie under a camera."""
    room = scene.shape[0] - SIDE
    views = []
    for _ in range(SUPPORT + QUERIES):
        y, x = np.clip(random.normal(room / 2, 3, 2).round(), 0, room).astype(int)
        views.append(np.ascontiguousarray(scene[y : y + SIDE, x : x + SIDE]))
    if random.random() < 0.5:
        grey = [x.mean(axis=2, keepdims=True).astype(np.uint8) for x in views]
        views = [np.repeat(x, 3, axis=2) for x in grey]
    return views


def _to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def _resized(scenes: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    batch = functional.interpolate(
        _to_tensor(scenes), (SIDE, SIDE), mode="bilinear", antialias=True
    )
    if random.random() < 0.5:
        batch = batch.flip(3)
    return _lit(batch, random, 0.15)


def _jittered(episode: Tensor, random: np.random.Generator) -> Tensor:
    """Another light and focus for every picture of an episode, stronger in some episodes."""
    lit = _lit(episode, random, float(random.uniform(0.02, 0.25)))
    noise = torch.from_numpy(random.standard_normal(lit.shape, dtype=np.float32))
    return (lit + noise * float(random.choice([0, 0.005, 0.02]))).clamp(0, 1)


def _lit(batch: Tensor, random: np.random.Generator, strength: float) -> Tensor:
    """Brightness, contrast, gamma and a slope of light, drawn for each picture (B, 3, H, W)."""
    count = len(batch)

    def draw(spread: float) -> Tensor:
        return torch.from_numpy(random.normal(0, spread, (count, 1, 1, 1)).astype(np.float32))

    axis = torch.linspace(-1, 1, batch.shape[-1])
    slope = draw(strength) * axis + draw(strength) * axis[:, None]
    bright = batch * (1 + draw(strength)).clamp(0.3, 2) * (1 + slope * 0.5) + draw(strength * 0.3)
    return bright.clamp(1e-4, 1) ** draw(strength).exp()
