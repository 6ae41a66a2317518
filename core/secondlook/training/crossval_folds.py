"""Heads for the folds of a cross-validation, and their answers to the cases held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.answers import Unseen
from secondlook.models.fusion.inputs import Batch, take, without
from secondlook.training.folds import LEAST_GROUPS, Labels, grouped_folds, groups_per_class
from secondlook.training.heads import HeadConfig, HeldOut, TrainedHead, logits_of, train_head

STOPPING_FOLDS = 5
"""One part in so many of what a fold learns from tells when to stop."""
Change = Callable[[Batch], Batch]


@dataclass(frozen=True, kw_only=True, eq=False)
class Folds:
    """Cases and the folds in which they are held out."""

    labels: Labels
    classes: Sequence[str]
    groups: NDArray[np.int64]
    parts: Sequence[NDArray[np.int64]]
    """The row numbers held out, fold by fold."""

    @property
    def number(self) -> NDArray[np.int64]:
        """(N,) in which fold each case is held out."""
        number = np.empty(len(self.labels), dtype=np.int64)
        for k, rows in enumerate(self.parts):
            number[rows] = k
        return number

    def without(self, k: int) -> "tuple[NDArray[np.int64], Folds]":
        """The rows outside fold `k`, and the other folds of these rows."""
        rows = np.setdiff1d(np.arange(len(self.labels)), self.parts[k])
        place = np.full(len(self.labels), -1)
        place[rows] = np.arange(len(rows))
        parts = [place[x] for j, x in enumerate(self.parts) if j != k]
        labels, groups = self.labels[rows], self.groups[rows]
        return rows, Folds(labels=labels, classes=self.classes, groups=groups, parts=parts)


def fit_fold(features: Batch, folds: Folds, k: int, config: HeadConfig) -> TrainedHead:
    """A head from the cases outside fold `k`, some of which tell when to stop."""
    rows = np.setdiff1d(np.arange(len(folds.labels)), folds.parts[k])
    if config.fusion == "linear":
        return _train(features, folds, rows, config, None, None)
    stop = _stopping_rows(folds, rows, config.seed)
    if stop is None:
        half = max(1, config.epochs // 2)  # a label is too rare to hold any case of it out again
        return _train(features, folds, rows, config, None, half)
    held_out = HeldOut(features=take(features, stop), labels=folds.labels[stop])
    return _train(features, folds, np.setdiff1d(rows, stop), config, held_out, None)


def answers(
    features: Batch, folds: Folds, heads: Sequence[TrainedHead], change: Change | None = None
) -> Unseen:
    """The answers of the heads to the cases of their folds, in the order of the cases.

    Args:
        change: what is done to the cases of a fold before they are shown.
    """
    logits = np.zeros((len(folds.labels), len(folds.classes)), dtype=np.float32)
    names = np.empty(len(folds.labels), dtype=object)
    for rows, trained in zip(folds.parts, heads, strict=True):
        batch: Batch = take(features, rows)
        batch = batch if change is None else change(batch)
        logits[rows] = logits_of(trained.head, batch)
        names[rows] = trained.head.patterns(batch)
    return Unseen(logits=logits, labels=folds.labels, patterns=list(names), groups=folds.groups)


def lacking(features: Batch, name: str, natural: Unseen, shown: Unseen) -> list[bool]:
    """(N,) which cases have this modality and were answered otherwise without the others."""
    there = features[name].present.tolist()
    pairs = zip(there, natural.patterns, shown.patterns, strict=True)
    return [x and before != after for x, before, after in pairs]


def only(name: str) -> Change:
    """Leaves this modality and takes the others away."""
    return lambda batch: without(batch, *[x for x in batch if x != name])


def shuffled(name: str, seed: int) -> Change:
    """Gives each case that has this modality that of another such case."""

    def change(batch: Batch) -> Batch:
        rows = np.flatnonzero(batch[name].present.numpy())
        order = np.arange(len(batch[name]))
        order[rows] = np.random.default_rng(seed).permutation(rows)
        return {**batch, name: batch[name].take(torch.from_numpy(order))}

    return change


def _stopping_rows(folds: Folds, rows: NDArray[np.int64], seed: int) -> NDArray[np.int64] | None:
    labels, groups = folds.labels[rows], folds.groups[rows]
    counts = groups_per_class(labels, len(folds.classes), groups)
    if counts[counts > 0].min() < LEAST_GROUPS + 1:
        return None
    try:
        parts = grouped_folds(labels, folds.classes, groups, folds=STOPPING_FOLDS, seed=seed)
    except ModelError:
        return None
    return rows[parts[0]]


def _train(
    features: Batch,
    folds: Folds,
    rows: NDArray[np.int64],
    config: HeadConfig,
    held_out: HeldOut | None,
    epochs: int | None,
) -> TrainedHead:
    return train_head(
        take(features, rows),
        folds.labels[rows],
        classes=folds.classes,
        config=config,
        held_out=held_out,
        epochs=epochs,
    )
