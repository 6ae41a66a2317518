"""The hidden states of a vision network that patch features are made of."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def join_levels(maps: Sequence[Tensor]) -> Tensor:
    """Maps (B, Di, hi, wi) as one (B, sum of Di, h, w) on the finest grid.

    Each is averaged over 3 x 3 places and brought to unit length at every place.
    """
    # with channels side by side the same takes a fifth of the time
    laid = [x.contiguous(memory_format=torch.channels_last) for x in maps]
    smooth = [functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False) for x in laid]
    grid = max((x.shape[-2:] for x in smooth), key=math.prod)
    same = [
        x if x.shape[-2:] == grid else functional.interpolate(x, grid, mode="bilinear")
        for x in smooth
    ]
    return torch.cat([functional.normalize(x, dim=1) for x in same], dim=1)


def middle_levels(count: int, convolutional: bool) -> tuple[int, int]:
    """Which two of `count` hidden states are used; state 0 is the embedding.

    Convolutional nets: the two stages before the last (PatchCore's second and third of four).
    ViTs: the blocks at one half and three quarters of the depth.
    """
    if convolutional:
        return max(count - 3, 0), max(count - 2, 0)
    return round((count - 1) * 0.5), round((count - 1) * 0.75)
