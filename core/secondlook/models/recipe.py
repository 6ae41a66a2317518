"""What makes the vector of one picture: which of the features that a backbone has of it."""

from collections.abc import Sequence

import torch
from pydantic import BaseModel, ConfigDict, model_validator
from torch import Tensor

from secondlook.models.features import ImageFeatures


class Recipe(BaseModel):
    """What of a picture's features makes its vector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pooled: bool = True
    """The vector that the backbone pools."""
    levels: tuple[int, ...] = ()
    """Hidden states whose mean and spread over space are taken."""

    @model_validator(mode="after")
    def _something(self) -> "Recipe":
        if not self.pooled and not self.levels or min(self.levels, default=0) < 0:
            raise ValueError(f"a picture needs a pooled vector or levels from 0 on, got {self}")
        return self

    def join(self, pooled: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """(B, V) from pooled vectors (B, P) and mean and spread (B, 2 Di) of every level."""
        parts = [pooled] if self.pooled else []
        return torch.cat([*parts, *(levels[i] for i in self.levels)], dim=1).float()

    def __call__(self, features: ImageFeatures) -> Tensor:
        """(B, V) from what the backbone says about B pictures."""
        return self.join(features.pooled, [mean_and_spread(x) for x in features.levels])


def mean_and_spread(maps: Tensor) -> Tensor:
    """(B, 2 D) mean and standard deviation over space of maps (B, D, h, w)."""
    places = maps.flatten(2)
    # The root of nothing has no slope, so that a constant map would end training.
    spread = (places.var(dim=2, correction=0) + 1e-6).sqrt()
    return torch.cat([places.mean(dim=2), spread], dim=1)
