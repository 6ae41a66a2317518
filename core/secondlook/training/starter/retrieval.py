"""How well pictures find their captions among others, on scenes that were never trained on."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from secondlook.training.starter.library import SCENE_SIDE
from secondlook.training.starter.scenes import Scene, scene

HELD_OUT = 999_983
"""Seed of the scenes kept for measuring; training must not use it."""


class Aligned(Protocol):
    """What can be measured: both halves give vectors of unit length in one space."""

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (B, P)."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (N, P)."""


def caption_retrieval(
    backbone: Aligned, *, pools: int = 10, candidates: int = 100
) -> dict[str, float]:
    """Share of pictures whose own caption comes first (R@1) or among the first five (R@5).

    Each of `pools` sets holds `candidates` pictures with captions of which no two are the same.
    """
    ranks = np.concatenate([_ranks(backbone, i, candidates) for i in range(pools)])
    return {
        "r_at_1": float((ranks == 0).mean()),
        "r_at_5": float((ranks < 5).mean()),
        "candidates": float(candidates),
        "pictures": float(len(ranks)),
    }


def _ranks(backbone: Aligned, pool: int, candidates: int) -> NDArray[np.int64]:
    """(candidates,) how many captions lie nearer to each picture than its own."""
    scenes = _different(pool, candidates)
    pictures = backbone.embed_images([x.pixels for x in scenes])
    similarity = pictures @ backbone.embed([x.caption for x in scenes]).T
    own = np.diagonal(similarity)[:, None]
    better: NDArray[np.int64] = (similarity > own).sum(axis=1)
    return better


def _different(pool: int, count: int) -> list[Scene]:
    scenes: dict[str, Scene] = {}
    number = 0
    while len(scenes) < count:
        made = scene(SCENE_SIDE, np.random.default_rng([HELD_OUT, pool, number]))
        scenes.setdefault(made.caption, made)
        number += 1
    return list(scenes.values())
