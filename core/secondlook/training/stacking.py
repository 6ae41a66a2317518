"""How much each modality counts beside the others: one number each, never below 0.

Breiman, "Stacked regressions", Machine Learning 24, 1996: weights of what was said about unseen
cases, held at 0 or above. A modality of a thousand numbers that tells nothing costs a joint
regression of few cases a thousand chances to be fooled, and stacking a single one.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, softmax

from secondlook.models.calibration.temperature import negative_log_likelihood
from secondlook.training.folds import Labels

PENALTY = 1.0
"""What a weight of 1, of logits of spread 1, has to be worth in loss summed over groups."""
OFFSET_SPREAD = 1.0
"""Standard deviation of the prior of an offset, in logits."""
NOTHING = 1e-6
"""A weight below this is 0: a search ends near the end that it ran into. So is that of what does
not vary by more."""
Floats = NDArray[np.float64]


def stacked(said: Mapping[str, Floats], labels: Labels, groups: int) -> dict[str, float]:
    """The weight of each modality, at least 0.

    Args:
        said: by modality the logits (N, C) for unseen cases.
        groups: how many of the cases are independent.
    """
    varied = {x: y - y.mean(0) for x, y in said.items()}  # the offsets say the rest
    spreads = {x: float(y.std()) for x, y in varied.items() if y.std() > NOTHING}
    if not spreads:
        return dict.fromkeys(said, 0.0)
    logits = np.stack([varied[x] / spread for x, spread in spreads.items()])  # (M, N, C)
    count, classes = logits.shape[0], logits.shape[2]
    truth = np.eye(classes)[labels] if labels.ndim == 1 else labels.astype(np.float64)
    # The mean over labels that may hold together: a case counts once, however many there are.
    each = groups / len(truth) / (1 if labels.ndim == 1 else classes)

    def loss(values: Floats) -> tuple[float, Floats]:
        weights, offsets = values[:count], values[count:]
        total = np.tensordot(weights, logits, axes=1) + offsets
        claimed = softmax(total, axis=1) if labels.ndim == 1 else expit(total)
        wrong = (claimed - truth) * each
        cost = groups * float(negative_log_likelihood(total, labels).mean())
        cost += PENALTY * weights.sum() + float((offsets**2).sum()) / (2 * OFFSET_SPREAD**2)
        slopes = np.tensordot(logits, wrong, axes=2) + PENALTY
        return cost, np.append(slopes, wrong.sum(0) + offsets / OFFSET_SPREAD**2)

    bounds = [(0.0, None)] * count + [(None, None)] * classes
    start = np.append(np.full(count, 0.5), np.zeros(classes))
    # L-BFGS-B ends far from the least loss where two modalities say the same.
    found = minimize(loss, start, jac=True, method="SLSQP", bounds=bounds)
    weights = zip(spreads.items(), found.x[:count].tolist(), strict=True)
    told = {x: w / spread for (x, spread), w in weights if w >= NOTHING}
    return {x: told.get(x, 0.0) for x in said}
