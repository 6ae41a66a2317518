"""What each modality says, added up: no hidden layer, and nothing that few cases cannot carry."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LinearSum(nn.Module):
    """Logits that are linear in the standardised vectors of all modalities.

    An absent modality says a constant that is learned, too. This is logistic regression on
    everything at once; its weights come from a convex fit: see `training.linear`. Beside it stands
    a regression for each modality alone: where only one is present, that one answers.
    """

    def __init__(self, sizes: Sequence[int], classes: int) -> None:
        super().__init__()
        self.own = nn.ModuleList(nn.Linear(x, classes, bias=False) for x in sizes)
        self.absent = nn.Parameter(torch.zeros(len(sizes), classes))
        self.bias = nn.Parameter(torch.zeros(classes))
        self.alone = nn.ModuleList(nn.Linear(x, classes) for x in sizes)

    def forward(self, vectors: Sequence[Tensor], present: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C) of all that is present (B, M), and (B, M, C) what each modality says alone."""
        said = _each(self.own, vectors)
        counted = torch.where(present.unsqueeze(-1), said, self.absent)
        return counted.sum(1) + self.bias, _each(self.alone, vectors)


def _each(layers: nn.ModuleList, vectors: Sequence[Tensor]) -> Tensor:
    return torch.stack([layer(x) for layer, x in zip(layers, vectors, strict=True)], dim=1)
