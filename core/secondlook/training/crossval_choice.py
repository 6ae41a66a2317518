"""Which of several heads is taken by their answers to unseen cases, and which are as good."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.models.fusion.head import FusionName

DEFAULT: FusionName = "gated"
Losses = Mapping[str, NDArray[np.float64]]
"""By name, (N,) of each case."""


def choose(losses: Losses, groups: NDArray[np.int64], simplest: Sequence[str] = (DEFAULT,)) -> str:
    """The name of the kind with the least loss on unseen cases, or a simpler one as good.

    The best of the `simplest` kinds gives way only to one that is better by more than one standard
    error of the paired difference over groups (the one-standard-error rule of Breiman et al. 1984).
    """
    best = min(losses, key=lambda x: float(losses[x].mean()))
    simple = [x for x in losses if x in simplest]
    if not simple or best in simple:
        return best
    plain = min(simple, key=lambda x: float(losses[x].mean()))
    return plain if plain in as_good(losses, best, groups=groups, among=[plain]) else best


def as_good(
    losses: Losses,
    best: str | None = None,
    *,
    groups: NDArray[np.int64],
    among: Sequence[str] | None = None,
) -> list[str]:
    """Those that are worse than the best by no more than one standard error over groups."""
    best = best or min(losses, key=lambda x: float(losses[x].mean()))
    inverse = np.unique(groups, return_inverse=True)[1]
    found = []
    for name in losses if among is None else among:
        gain = losses[name] - losses[best]
        sums = np.bincount(inverse, weights=gain - gain.mean())
        error = float(np.sqrt((sums**2).sum())) / len(gain)
        if gain.mean() <= error:
            found.append(name)
    return found
