"""Made tasks on two modalities, with known truth."""

import numpy as np
from numpy.typing import NDArray

from secondlook.models.fusion.inputs import ModalityBatch, pooled

CLASSES = ("no", "yes")
IMAGE, TEXT = 48, 32
"""Lengths of the vectors."""
Task = tuple[dict[str, ModalityBatch], NDArray[np.int64]]


def both_needed(cases: int, seed: int, *, missing: float = 0.0) -> Task:
    """Features and labels (N,): each modality says something, and their agreement says more.

    Four hidden numbers a modality are mixed into its vector with noise. The label follows the
    first of each, and whether the second ones have the same sign; it stays uncertain.

    Args:
        missing: the share of cases that lack their text.
    """
    mix = np.random.default_rng(99)
    mixes = mix.normal(size=(4, IMAGE)), mix.normal(size=(4, TEXT))
    random = np.random.default_rng([seed, cases])
    image, text = random.normal(size=(cases, 4)), random.normal(size=(cases, 4))
    logit = 2 * image[:, 0] + 1.5 * text[:, 0] + 3 * np.sign(image[:, 1] * text[:, 1])
    labels = (logit + random.logistic(size=cases) > 0).astype(np.int64)
    vectors = [
        x @ m + 0.5 * random.normal(size=(cases, m.shape[1]))
        for x, m in zip((image, text), mixes, strict=True)
    ]
    there = random.random(cases) >= missing
    return {"image": pooled(vectors[0]), "text": pooled(vectors[1], there)}, labels


def few_cases(cases: int, seed: int, *, classes: int = 4) -> Task:
    """Features and labels (N,) of a task with far more numbers than cases to learn them from."""
    centres = np.random.default_rng(7).normal(size=(classes, IMAGE + TEXT))
    random = np.random.default_rng([seed, cases, 1])
    labels = random.integers(classes, size=cases)
    vectors = centres[labels] + 4 * random.normal(size=(cases, IMAGE + TEXT))
    return {"image": pooled(vectors[:, :IMAGE]), "text": pooled(vectors[:, IMAGE:])}, labels
