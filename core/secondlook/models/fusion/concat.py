"""Concatenation: every modality, or its missing token, side by side into one linear layer."""

import torch
from torch import nn

from secondlook.models.fusion.states import Fused, States


class ConcatFusion(nn.Module):
    """A linear layer over all modalities; weights are the shares that each adds to its output."""

    def __init__(self, modalities: int, hidden: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            nn.Linear(hidden, hidden, bias=i == 0) for i in range(modalities)
        )

    def forward(self, states: States) -> Fused:
        """A linear layer over a concatenation is the sum of one linear layer for each part."""
        columns = zip(self.parts, states.vectors.unbind(1), strict=True)
        parts = torch.stack([part(x) for part, x in columns], dim=1)  # (B, M, H)
        size = torch.where(states.present, parts.norm(dim=2), 0)
        return Fused(parts.sum(1), size / size.sum(1, keepdim=True).clamp(min=1e-12))
