"""What a backbone says about a batch of pictures or texts, as tensors."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFeatures:
    """Features of B pictures."""

    levels: tuple[Tensor, ...]
    """Maps (B, Di, hi, wi), first hidden state to last; convolutional stages differ in size."""
    tokens: Tensor
    """(B, N, D) what fusion attends to: the last hidden state without class and register tokens."""
    pooled: Tensor
    """(B, P) one vector a picture; in the shared space where the backbone has one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextFeatures:
    """Features of B texts of at most T tokens."""

    tokens: Tensor
    """(B, T, D)"""
    mask: Tensor
    """(B, T) bool; False is padding."""
    pooled: Tensor
    """(B, P) one vector a text; in the shared space where the backbone has one."""
