"""The head of a dense model: several hidden states of a backbone to one map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 64


class DenseHead(nn.Module):
    """Hidden states (B, Di, hi, wi) to logits (B, h, w) on the finest of their grids."""

    def __init__(self, sizes: Sequence[int], width: int = WIDTH) -> None:
        """`sizes` are the channels Di of the states, finest first."""
        super().__init__()
        self.enter = nn.ModuleList(
            nn.Sequential(nn.Conv2d(size, width, 1), nn.GroupNorm(8, width)) for size in sizes
        )
        self.mix = nn.Sequential(
            nn.GELU(), nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(8, width), nn.GELU()
        )
        self.leave = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """Logits (B, h, w): above 0 is more likely a defect than not, on painted pictures."""
        grid = states[0].shape[-2:]
        parts = [
            functional.interpolate(enter(x), grid, mode="bilinear")
            for enter, x in zip(self.enter, states, strict=True)
        ]
        total = torch.stack(parts).sum(dim=0)
        logits: Tensor = self.leave(self.mix(total)).squeeze(1)
        return logits


def dense_levels(count: int, convolutional: bool) -> tuple[int, ...]:
    """Which of `count` hidden states are read, finest first; state 0 is the embedding.

    Convolutional nets: all stages but the last. ViTs: blocks at a quarter, half and three
    quarters of the depth.
    """
    if convolutional:
        return tuple(range(1, max(count - 1, 2)))
    return tuple(sorted({max(1, round((count - 1) * x)) for x in (0.25, 0.5, 0.75)}))
