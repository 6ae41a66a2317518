"""Defects painted on goods that a dense model did not learn from, to judge it by."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from secondlook.errors import ModelError
from secondlook.models.bank import Scored
from secondlook.models.goods import Unit, combined
from secondlook.training.defects import paint
from secondlook.training.pools import Pictures

PAINTED = 100
"""Painted pictures in all that judge the dense model."""
Painted = dict[int, list[NDArray[np.uint8]]]


def painted_on(goods: Pictures, seed: int) -> Painted:
    """About a hundred pictures with a defect each, made from these."""
    random = np.random.default_rng([seed, 8])
    each = -(-PAINTED // max(1, len(goods)))
    return {i: _painted(good, each, random) for i, good in goods.items()}


def auroc_of(
    good: Sequence[tuple[Scored, NDArray[np.float32]]],
    bad: Sequence[tuple[Scored, NDArray[np.float32]]],
    units: tuple[Unit, Unit],
) -> tuple[float, float]:
    """How well the bank alone and both looks tell good from bad."""
    truth = [0] * len(good) + [1] * len(bad)
    alone = [seen.score for seen, _ in (*good, *bad)]
    whole = [combined(seen, logits, units).score for seen, logits in (*good, *bad)]
    return float(roc_auc_score(truth, alone)), float(roc_auc_score(truth, whole))


def _painted(
    good: NDArray[np.uint8], count: int, random: np.random.Generator
) -> list[NDArray[np.uint8]]:
    found = []
    for _ in range(count):
        try:
            found.append(paint(good, random).pixels)
        except ModelError:  # nothing of this kind shows on this picture
            continue
    return found
