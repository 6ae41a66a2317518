"""A small set of rows that covers a large one: greedy k-centre in a random projection.

Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach",
ICLR 2018, arXiv 1708.00489, as used by PatchCore. Greedy selection takes the row that lies
farthest from all chosen ones. Here 32 rows are taken at a time, greedily among the 128 farthest,
which covers about as well in a fifth of the time.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PROJECTED = 128
"""Dimensions of the random projection, which keeps distances (Johnson and Lindenstrauss 1984)."""
AT_ONCE = 32
CANDIDATES = 128


def coreset(
    rows: NDArray[np.float32],
    limit: int,
    seed: int,
    enough: Callable[[int], bool] = lambda _: False,
) -> NDArray[np.int64]:
    """Indices of at most `limit` rows of (N, D), in ascending order; the same for the same seed.

    Fewer are returned where the rest are copies of rows that were chosen, or when `enough`, asked
    now and then with how many there are, says so: those chosen first cover best.
    """
    if len(rows) <= limit:
        return np.arange(len(rows))
    random = np.random.default_rng(seed)
    points = _project(rows, random)
    chosen = [int(random.integers(len(points)))]
    gaps = _squared(points, points[chosen]).squeeze(1)
    while len(chosen) < limit and not enough(len(chosen)):
        new = _farthest(points, gaps, min(AT_ONCE, limit - len(chosen)))
        if not new:
            break
        chosen += new
        gaps = torch.minimum(gaps, _squared(points, points[new]).min(dim=1).values)
        gaps[new] = 0
    return np.sort(np.array(chosen, dtype=np.int64))


def _project(rows: NDArray[np.float32], random: np.random.Generator) -> Tensor:
    points = torch.from_numpy(rows)
    if rows.shape[1] > PROJECTED:
        shape = (rows.shape[1], PROJECTED)
        matrix = random.standard_normal(shape, dtype=np.float32) / np.float32(PROJECTED**0.5)
        points = points @ torch.from_numpy(matrix)
    return points


def _squared(points: Tensor, centres: Tensor) -> Tensor:
    """Squared distances (N, C)."""
    lengths = points.square().sum(dim=1, keepdim=True) + centres.square().sum(dim=1)
    return torch.addmm(lengths, points, centres.T, alpha=-2).clamp(min=0)


def _farthest(points: Tensor, gaps: Tensor, count: int) -> list[int]:
    """Greedy choice of `count` rows among the farthest ones; rows at distance 0 are never new."""
    gap, index = gaps.topk(min(CANDIDATES, len(gaps)))
    between = torch.cdist(points[index], points[index]).square()
    new: list[int] = []
    for _ in range(count):
        best = int(gap.argmax())
        if float(gap[best]) <= 1e-9:
            break
        new.append(int(index[best]))
        gap = torch.minimum(gap, between[best])
        gap[best] = 0
    return new
