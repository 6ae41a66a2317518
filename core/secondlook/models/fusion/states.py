"""What passes between the parts of a head, and the arithmetic they share."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class States:
    """M modalities of B cases in the width H of the head; missing tokens are in their places."""

    vectors: Tensor
    """(B, M, H)"""
    present: Tensor
    """(B, M) bool."""
    tokens: tuple[Tensor, ...]
    """M of (B, T, H), T of its own for each; may be 0."""
    masks: tuple[Tensor, ...]
    """M of (B, T) bool."""


class Fused(NamedTuple):
    """One vector a case, and what each modality had to do with it."""

    vector: Tensor
    """(B, H)"""
    weights: Tensor
    """(B, M) adds up to 1 over the modalities present; 0 where absent."""


def softmax_over(scores: Tensor, present: Tensor) -> Tensor:
    """Softmax of scores (B, M) over what is present (B, M); all 0 where nothing is."""
    # The smallest number instead of minus infinity: with nothing present that gives no NaN.
    weights = torch.softmax(scores.masked_fill(~present, torch.finfo(scores.dtype).min), dim=1)
    return torch.where(present, weights, 0)


def weighted_sum(vectors: Tensor, weights: Tensor) -> Tensor:
    """(B, H) from vectors (B, M, H) and weights (B, M)."""
    return (vectors * weights.unsqueeze(-1)).sum(1)
