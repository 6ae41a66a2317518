"""Weighted sum: one learned weight for each modality, the same for every case."""

import torch
from torch import nn

from secondlook.models.fusion.states import Fused, States, softmax_over, weighted_sum


class WeightedFusion(nn.Module):
    """Sum of the modalities present; their weights are renewed to add up to 1."""

    def __init__(self, modalities: int, hidden: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(modalities))

    def forward(self, states: States) -> Fused:
        """The weights depend only on what is present."""
        weights = softmax_over(self.scores.expand(len(states.present), -1), states.present)
        return Fused(weighted_sum(states.vectors, weights), weights)
