"""CLIP's loss where several pictures and texts of one batch may belong together.

Radford et al., CLIP, ICML 2021, arXiv 2103.00020, with the several right answers of Yang et al.,
"Unified Contrastive Learning in Image-Text-Label Space" (UniCL), CVPR 2022, arXiv 2204.03610.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Numbers = NDArray[np.int64]


class Relations(NamedTuple):
    """What N pictures and N texts are to each other: (N, N) bool, rows are pictures."""

    own: Tensor
    """The text, or the picture, is the same as in the picture's own pair."""
    unknown: Tensor
    """Of one group, but another text: it may hold for the picture or not."""


def relations(texts: Numbers, pictures: Numbers, groups: Numbers) -> Relations:
    """From numbers (N,) that are equal where texts, pictures or groups are the same."""
    same_text, same_picture, together = (
        torch.from_numpy(x[:, None] == x[None]) for x in (texts, pictures, groups)
    )
    own = same_text | same_picture
    return Relations(own, together & ~own)


def contrastive_loss(pictures: Tensor, texts: Tensor, scale: Tensor, related: Relations) -> Tensor:
    """Each picture must tell its texts from those of others, and each text its pictures.

    Args:
        pictures: (B, S), and `texts` (B, S), of unit length.
        scale: what cosines are multiplied with.
        related: among these B; what is unknown counts neither as right nor as wrong.
    """
    logits = scale * pictures @ texts.T
    return (_one_way(logits, related) + _one_way(logits.T, Relations(*(x.T for x in related)))) / 2


def _one_way(logits: Tensor, related: Relations) -> Tensor:
    chances = logits.masked_fill(related.unknown, -torch.inf).log_softmax(dim=1)
    right = chances.masked_fill(~related.own, 0).sum(dim=1) / related.own.sum(dim=1)
    return -right.mean()
