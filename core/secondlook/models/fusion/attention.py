"""Which of many pictures count: a weighted mean whose weights are learned with the head.

Ilse, Tomczak and Welling, "Attention-based Deep Multiple Instance Learning", ICML 2018, arXiv
1802.04712, with the gate of its section 2.4. It begins as the plain mean and departs from it only
where that serves.
"""

import torch
from torch import Tensor, nn

WIDTH = 64


class AttentionPool(nn.Module):
    """Weights for the tokens of a modality, which add up to 1 over those that are there."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.seen = nn.Linear(size, WIDTH)
        self.gate = nn.Linear(size, WIDTH)
        self.score = nn.Linear(WIDTH, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, T) weights of tokens (B, T, D), by mask (B, T) bool; all 0 where none is there."""
        scores = self.score(torch.tanh(self.seen(tokens)) * torch.sigmoid(self.gate(tokens)))
        scores = scores.squeeze(-1).masked_fill(~mask, -torch.inf)
        alone = ~mask.any(dim=1, keepdim=True)
        weights = torch.softmax(scores.masked_fill(alone, 0.0), dim=1)
        return torch.where(mask, weights, 0.0)
