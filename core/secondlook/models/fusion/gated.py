"""Gated late fusion: how much each modality counts is decided case by case.

After the Gated Multimodal Unit (Arevalo et al. 2017, arXiv 1702.01992), with one gate for each
modality instead of one for each coordinate, so that a gate can be shown to a person.
"""

from torch import nn

from secondlook.models.fusion.states import Fused, States, softmax_over, weighted_sum


class GatedFusion(nn.Module):
    """Sum of the modalities, weighted by a softmax over those present."""

    def __init__(self, modalities: int, hidden: int) -> None:
        super().__init__()
        self.gate = nn.Linear(modalities * hidden, modalities)

    def forward(self, states: States) -> Fused:
        """The gate sees every modality, or its missing token."""
        scores = self.gate(states.vectors.flatten(1))
        weights = softmax_over(scores, states.present)
        return Fused(weighted_sum(states.vectors, weights), weights)
