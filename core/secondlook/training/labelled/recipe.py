"""What of a picture's features is worth taking, by cross-validation of a plain linear probe."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from secondlook.models.calibration.temperature import negative_log_likelihood
from secondlook.models.recipe import Recipe
from secondlook.training.folds import Labels, grouped_folds

SEED_APART = 7919
"""So that the folds here are not those on which the head is judged."""
STRENGTHS = (0.001, 0.01, 0.1)
"""C of the logistic regression. Each recipe is judged by what suits it best: with one C for all the
shortest vector wins where that C is too large, for the others are surer of what is wrong."""


def choose_recipe(
    vectors: NDArray[np.float32],
    whole: Recipe,
    pooled_size: int,
    labels: Labels,
    groups: NDArray[np.int64],
    *,
    seed: int,
) -> tuple[Recipe, dict[str, float]]:
    """The recipe with the least loss on unseen cases, and the loss of each.

    Args:
        vectors: (N, W) of cases by the recipe `whole`, whose first `pooled_size` numbers are
            the pooled vector.
    """
    candidates: Mapping[str, Recipe] = {
        "pooled+levels": whole,
        "pooled": Recipe(),
        "levels": Recipe(pooled=False, levels=whole.levels),
    }
    width = vectors.shape[1]
    parts = {x: vectors[:, columns(y, pooled_size, width)] for x, y in candidates.items()}
    losses = {
        name: min(_loss(part, labels, groups, seed, strength) for strength in STRENGTHS)
        for name, part in parts.items()
    }
    return candidates[min(losses, key=lambda x: losses[x])], losses


def columns(recipe: Recipe, pooled_size: int, width: int) -> slice:
    """Where in a vector of everything the vector by this recipe lies."""
    return slice(0 if recipe.pooled else pooled_size, width if recipe.levels else pooled_size)


def _loss(
    vectors: NDArray[np.float32],
    labels: Labels,
    groups: NDArray[np.int64],
    seed: int,
    strength: float,
) -> float:
    names = [str(x) for x in range(_classes(labels))]
    total = 0.0
    for out in grouped_folds(labels, names, groups, folds=3, seed=seed + SEED_APART):
        keep = np.setdiff1d(np.arange(len(labels)), out)
        total += _fold_loss(vectors[keep], labels[keep], vectors[out], labels[out], strength)
    return total / len(labels)


def _fold_loss(
    known: NDArray[np.float32],
    labels: Labels,
    vectors: NDArray[np.float32],
    truth: Labels,
    strength: float,
) -> float:
    probe = LogisticRegression(C=strength, max_iter=1000)
    if labels.ndim == 2:
        probe = OneVsRestClassifier(probe)
        held = np.flatnonzero(labels.min(0) != labels.max(0))  # what holds for all teaches nothing
        labels, truth = labels[:, held], truth[:, held]
    model = make_pipeline(StandardScaler(), probe).fit(known, labels)
    said = np.clip(np.asarray(model.predict_proba(vectors), np.float64), 1e-6, 1 - 1e-6)
    if labels.ndim == 1:
        used = np.unique(labels)
        return float(negative_log_likelihood(np.log(said), np.searchsorted(used, truth)).sum())
    return float(negative_log_likelihood(np.log(said / (1 - said)), truth).sum())


def _classes(labels: Labels) -> int:
    return labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1
