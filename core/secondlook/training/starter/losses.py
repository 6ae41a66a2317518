"""The three lessons of the starter, each a loss."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class Distillation(nn.Module):
    """Squared error between the student's and the teacher's maps, channel by channel.

    Every channel is brought to mean 0 and deviation 1 first, or the strong ones would drown the
    others. Mean and deviation are learned as a running average over the first steps.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        for number, size in enumerate(channels):
            self.register_buffer(f"mean{number}", torch.zeros(1, size, 1, 1))
            self.register_buffer(f"square{number}", torch.ones(1, size, 1, 1))
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, taught: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
        """The mean over all maps; grids of the student are resized to the teacher's."""
        if self.training:
            self._observe(wanted)
        return torch.stack(
            [self._one(i, *x) for i, x in enumerate(zip(taught, wanted, strict=True))]
        ).mean()

    def _one(self, number: int, taught: Tensor, wanted: Tensor) -> Tensor:
        mean, square = self.get_buffer(f"mean{number}"), self.get_buffer(f"square{number}")
        deviation = (square - mean.square()).clamp(min=1e-4).sqrt()
        same = functional.interpolate(taught.float(), wanted.shape[-2:], mode="bilinear")
        return functional.mse_loss(same, (wanted.float() - mean) / deviation)

    @torch.no_grad()
    def _observe(self, wanted: Sequence[Tensor]) -> None:
        steps = self.get_buffer("steps")
        rate = 1 / (steps + 1).clamp(max=200)
        steps += 1
        for number, x in enumerate(wanted):
            mean, square = self.get_buffer(f"mean{number}"), self.get_buffer(f"square{number}")
            mean.lerp_(x.float().mean(dim=(0, 2, 3), keepdim=True), rate)
            square.lerp_(x.float().square().mean(dim=(0, 2, 3), keepdim=True), rate)


def bank_loss(query: Tensor, support: Tensor, cover: Tensor, judge: Tensor) -> Tensor:
    """Patches with a defect must lie far from a bank of good ones, all others near.

    The bank of the test is played through in small: the nearest distance of every query patch,
    through a logistic with learned slope and offset, against what was painted. As the score of a
    picture is its largest distance, good patches count by the worst twentieth of each picture.

    Args:
        query: (Q, h, w, D) patches of unit length.
        support: (R, D) good patches of the same surface, of unit length.
        cover: (Q, h, w) painted share of each patch; between 0.02 and 0.25 it does not count.
        judge: (2,) slope and offset of the logistic.
    """
    nearness = query.flatten(0, 2) @ support.T  # (Q*h*w, R)
    distance = (2 - 2 * nearness.amax(dim=1)).clamp(min=1e-6).sqrt().view(cover.shape)
    logits = (judge[0] * distance + judge[1]).float()
    good = functional.softplus(logits).masked_fill(cover > 0.02, 0).flatten(1)
    worst = good.topk(max(1, good.shape[1] // 20), dim=1).values.mean()
    bad = cover >= 0.25
    missed = functional.softplus(-logits)[bad]
    return worst + (missed.mean() if bad.any() else logits.sum() * 0)


def caption_loss(pictures: Tensor, texts: Tensor, others: Tensor, scale: Tensor) -> Tensor:
    """CLIP's loss (Radford et al. 2021, arXiv 2103.00020); pictures choose among more texts.

    Args:
        pictures: (B, D), and `texts` (B, D) their captions, of unit length.
        others: (N, D) captions of other pictures, wrong for all of these.
    """
    target = torch.arange(len(pictures), device=pictures.device)
    by_picture = scale * pictures @ torch.cat([texts, others]).T
    by_text = scale * texts @ pictures.T
    return (
        functional.cross_entropy(by_picture.float(), target)
        + functional.cross_entropy(by_text.float(), target)
    ) / 2
