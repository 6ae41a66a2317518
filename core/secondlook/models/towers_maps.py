"""Tokens of pictures as maps, and pictures as rows of patches."""

import math

import torch
from torch import Tensor


def as_map(state: Tensor, pixels: Tensor) -> Tensor:
    """Tokens (B, N, D) without their prefix (class, registers) as a map; maps stay as they are.

    The map is as wide for its height as `pixels` (B, 3, H, W) are.
    """
    if state.ndim == 4:
        return state
    tokens, ratio = state.shape[1], pixels.shape[-2] / pixels.shape[-1]
    height = math.isqrt(int(tokens * ratio))
    width = round(height / ratio)
    grid = state[:, tokens - height * width :]
    return grid.transpose(1, 2).reshape(len(state), -1, height, width)


def naflex_inputs(pixels: Tensor, patch: int) -> dict[str, Tensor]:
    """Pictures (B, 3, H, W) as SigLIP2 NaFlex wants them: patches in rows, all of them real."""
    count, _, height, width = pixels.shape
    rows, columns = height // patch, width // patch
    cut = pixels[..., : rows * patch, : columns * patch]
    cut = cut.reshape(count, 3, rows, patch, columns, patch).permute(0, 2, 4, 3, 5, 1)
    places = torch.ones(count, rows * columns, dtype=torch.long, device=pixels.device)
    shapes = torch.tensor([[rows, columns]] * count, device=pixels.device)
    return {
        "pixel_values": cut.reshape(count, rows * columns, -1),
        "pixel_attention_mask": places,
        "spatial_shapes": shapes,
    }
