"""Modality dropout: cases train with some of their modalities hidden, never with all of them.

Neverova et al., "ModDrop", 2015, arXiv 1501.00102.
"""

import torch
from torch import Tensor


def drop_modalities(present: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Presence (B, M) with each entry dropped at `rate`; a case keeps at least one it had."""
    draw = torch.rand(present.shape, generator=generator)
    kept = present & (draw >= rate)
    best = torch.where(present, draw, -1).argmax(1, keepdim=True)
    rescued = torch.zeros_like(present).scatter(1, best, True) & present
    return torch.where(kept.any(1, keepdim=True), kept, rescued)
