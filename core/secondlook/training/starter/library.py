"""The made-up pictures of one training run, rendered once and kept in memory-mapped files."""

import json
import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondlook.training.starter.scenes import scene
from secondlook.training.starter.surfaces import surface

SURFACE_SIDE, SCENE_SIDE = 320, 192
CHUNK = 64
Progress = Callable[[int, int], None]
Work = tuple[int, int, int]
"""Seed, first number and the number after the last."""
Rendered = tuple[NDArray[np.uint8], list[str]]


@dataclass(frozen=True, eq=False)
class Library:
    """Surfaces (N, 320, 320, 3), scenes (M, 192, 192, 3) and their M captions."""

    surfaces: NDArray[np.uint8]
    scenes: NDArray[np.uint8]
    captions: tuple[str, ...]


def library(
    folder: Path, *, surfaces: int, scenes: int, seed: int, workers: int, progress: Progress
) -> Library:
    """Render into `folder`, or take what an earlier call with the same numbers left there."""
    home = folder / f"{seed}-{surfaces}-{scenes}"
    done = home / "captions.json"
    if not done.is_file():
        _render(home, surfaces, scenes, seed, workers, progress)
    return Library(
        surfaces=np.load(home / "surfaces.npy", mmap_mode="r"),
        scenes=np.load(home / "scenes.npy", mmap_mode="r"),
        captions=tuple(json.loads(done.read_text(encoding="utf-8"))),
    )


def _render(
    home: Path, surfaces: int, scenes: int, seed: int, workers: int, progress: Progress
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    total = surfaces + scenes
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        parts = pool.imap(_surfaces, _chunks(surfaces, seed))
        _fill(home / "surfaces.npy", (surfaces, SURFACE_SIDE), parts, 0, total, progress)
        parts = pool.imap(_scenes, _chunks(scenes, seed))
        captions = _fill(
            home / "scenes.npy", (scenes, SCENE_SIDE), parts, surfaces, total, progress
        )
    part = home / "captions.part"  # the captions are there when all is there
    part.write_text(json.dumps(captions), encoding="utf-8")
    part.replace(home / "captions.json")


def _fill(
    path: Path,
    size: tuple[int, int],
    parts: Iterable[Rendered],
    before: int,
    total: int,
    progress: Progress,
) -> list[str]:
    count, side = size
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, side, side, 3))
    captions: list[str] = []
    start = 0
    for pictures, words in parts:
        file[start : start + len(pictures)] = pictures
        start += len(pictures)
        captions += words
        progress(before + start, total)
    file.flush()
    return captions


def _chunks(count: int, seed: int) -> list[Work]:
    return [(seed, i, min(i + CHUNK, count)) for i in range(0, count, CHUNK)]


def _surfaces(work: Work) -> Rendered:
    seed, start, stop = work
    randoms = (np.random.default_rng([seed, 1, i]) for i in range(start, stop))
    return np.stack([surface(SURFACE_SIDE, x) for x in randoms]), []


def _scenes(work: Work) -> Rendered:
    seed, start, stop = work
    scenes = [scene(SCENE_SIDE, np.random.default_rng([seed, 2, i])) for i in range(start, stop)]
    return np.stack([x.pixels for x in scenes]), [x.caption for x in scenes]
