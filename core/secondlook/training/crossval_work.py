"""Trains the heads of a cross-validation within a time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from secondlook.models.fusion.inputs import Batch
from secondlook.training.crossval_folds import Folds, fit_fold
from secondlook.training.heads import HeadConfig, Progress, TrainedHead, train_head
from secondlook.training.linear_choice import LinearChoice


class CrossvalWork:
    """Trains heads one after the other and shares the time left among those still to come."""

    def __init__(
        self,
        features: Batch,
        folds: Folds,
        config: HeadConfig,
        kinds: int,
        progress: Progress | None,
    ) -> None:
        self._all, self._done = kinds * len(folds.parts) + 1, 0
        self._features, self._folds = features, folds
        self._until, self._progress = time.monotonic() + config.seconds, progress

    def heads(self, features: Batch, option: HeadConfig) -> list[TrainedHead]:
        """A head for each fold, from the cases outside it."""
        heads = []
        for k in range(len(self._folds.parts)):
            heads.append(fit_fold(features, self._folds, k, self._next(option)))
            self._one()
        return heads

    def final(
        self,
        options: Mapping[str, HeadConfig],
        trained: Mapping[str, Sequence[TrainedHead]],
        kind: str,
        made: LinearChoice | None,
    ) -> TrainedHead:
        """A head from all cases that sees as many of them as was best in the folds.

        As many epochs over more cases would fit them closer than the heads that were calibrated.

        Args:
            made: what it is made of; None takes the option `kind` as it is.
        """
        needed = {kind} if made is None else made.options()
        heads = {x: self._final(options[x], trained[x]) for x in sorted(needed)}
        self._one()
        return heads[kind] if made is None else made.head(heads)

    def _final(self, option: HeadConfig, heads: Sequence[TrainedHead]) -> TrainedHead:
        labels, classes = self._folds.labels, self._folds.classes
        seen = float(np.median([x.epochs * x.cases for x in heads]))
        epochs = max(1, round(seen / len(labels)))
        config = self._next(option)
        return train_head(self._features, labels, classes=classes, config=config, epochs=epochs)

    def _next(self, option: HeadConfig) -> HeadConfig:
        left = max(0.0, self._until - time.monotonic())
        return replace(option, seconds=left / (self._all - self._done))

    def _one(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._all)
