"""Cross-validation of fusion heads: which fusion, how good, how sure; then one head from all cases.

Every figure and every calibration comes from answers to cases outside the fold that was learned
from, and groups are never parted. The kind of fusion is chosen on the same answers, which makes
its figures a little too good; with few kinds, and ties left to the default, that is small.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from secondlook.models.calibration.answers import AnswerCalibration, Unseen, fit_answers
from secondlook.models.calibration.temperature import negative_log_likelihood
from secondlook.models.fusion.head import FusionHead, FusionName
from secondlook.models.fusion.inputs import Batch
from secondlook.training.crossval_figures import (
    Figures,
    ablation_figures,
    answer_figures,
    cross_fitted,
)
from secondlook.training.crossval_folds import Folds, answers, fit_fold, only
from secondlook.training.folds import Labels, grouped_folds
from secondlook.training.heads import HeadConfig, Progress, TrainedHead, check_features, train_head

DEFAULT: FusionName = "gated"


@dataclass(frozen=True, kw_only=True)
class CrossvalConfig:
    """How heads are compared."""

    head: HeadConfig = field(default_factory=HeadConfig)
    """Its `fusion` is replaced, and its `seconds` are shared by all heads."""
    kinds: tuple[FusionName, ...] | None = None
    """None compares all that fit the features; a single kind is taken without comparison."""
    folds: int = 5
    alpha: float = 0.1
    """The share of cases whose conformal set may lack the true label."""
    ablations: bool = True
    """Whether heads for single modalities are trained beside the fused ones, to compare."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedHead:
    """A head from all cases, and what cross-validation says about its like."""

    head: FusionHead
    config: HeadConfig
    """With the fusion that was chosen."""
    calibration: AnswerCalibration
    metrics: Figures
    """accuracy, balanced_accuracy, f1_macro, auroc, log_loss, brier, ece_before, ece, coverage,
    coverage_lower and set_size, all of answers to unseen cases, calibrated without their fold."""
    ablations: Mapping[str, Figures]
    """`image`: a head for images alone. `only_image`: this head, given images alone.
    `shuffled_image`: this head, given another case's image. `late_average`: the mean of the heads
    for one modality. `full`. The same for every other modality."""
    selection: Mapping[str, float]
    """Log loss on unseen cases of each kind of fusion that was compared."""
    unseen: Unseen
    """The answers behind the figures, to compare another way of learning with case by case."""
    folds: Folds
    epochs: int
    seconds: float


def learn_head(
    features: Batch,
    labels: Labels,
    *,
    classes: Sequence[str],
    groups: ArrayLike | None = None,
    config: CrossvalConfig | None = None,
    progress: Progress | None = None,
) -> LearnedHead:
    """Compare fusions by grouped cross-validation, calibrate the best, and train it on all cases.

    Args:
        labels: (N,) int64 index into `classes`, or (N, C) float32 zeros and ones.
        groups: (N,) what is never parted (patient, lot); every case by itself unless given.
        progress: called with (heads trained, heads in all).

    Raises ModelError, saying what would work, for fewer than 8 cases, a single label, a label in a
    single group, or features that are not finite or all the same.
    """
    config, started = config or CrossvalConfig(), time.monotonic()
    check_features(features, labels)
    folds = _folds(labels, classes, groups, config)
    kinds = config.kinds or kinds_for(features)
    singles = list(features) if config.ablations and len(features) > 1 else []
    work = _Work(features, folds, config.head, len(kinds) + len(singles), progress)
    trained = {x: work.heads(features, x) for x in kinds}
    alone = {x: work.heads({x: features[x]}, DEFAULT) for x in singles}
    unseen = {x: answers(features, folds, heads) for x, heads in trained.items()}
    losses = {x: _losses(y, folds) for x, y in unseen.items()}
    kind = choose(losses, folds.groups)
    final = work.final(kind, trained[kind])
    return LearnedHead(
        head=final.head,
        config=replace(config.head, fusion=kind),
        calibration=fit_answers(
            unseen[kind], _simulated(features, folds, trained[kind]), alpha=config.alpha
        ),
        metrics=answer_figures(unseen[kind], folds, config.alpha),
        ablations=ablation_figures(features, folds, trained[kind], alone, config.head.seed),
        selection={x: float(loss.mean()) for x, loss in losses.items()},
        unseen=unseen[kind],
        folds=folds,
        epochs=final.epochs,
        seconds=time.monotonic() - started,
    )


def kinds_for(features: Batch) -> tuple[FusionName, ...]:
    """The kinds of fusion that these features allow; bottleneck attention needs tokens."""
    if len(features) == 1:
        return (DEFAULT,)
    pooled: tuple[FusionName, ...] = (DEFAULT, "concat", "weighted")
    return (
        (*pooled, "bottleneck") if any(x.tokens is not None for x in features.values()) else pooled
    )


def choose(
    losses: Mapping[FusionName, NDArray[np.float64]], groups: NDArray[np.int64]
) -> FusionName:
    """The kind with the least loss (N,) on unseen cases; the default where the gain may be chance.

    A kind replaces the default where it is better by more than one standard error of the paired
    difference over groups (the one-standard-error rule of Breiman et al. 1984).
    """
    best = min(losses, key=lambda x: float(losses[x].mean()))
    if DEFAULT not in losses or best == DEFAULT:
        return best
    gain = losses[DEFAULT] - losses[best]
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=gain - gain.mean())
    error = float(np.sqrt((sums**2).sum())) / len(gain)
    return best if gain.mean() > error else DEFAULT


class _Work:
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
        self._features, self._folds, self._config = features, folds, config
        self._until, self._progress = time.monotonic() + config.seconds, progress

    def heads(self, features: Batch, kind: FusionName) -> list[TrainedHead]:
        """A head for each fold, from the cases outside it."""
        heads = []
        for k in range(len(self._folds.parts)):
            heads.append(fit_fold(features, self._folds, k, self._next(kind)))
            self._one()
        return heads

    def final(self, kind: FusionName, heads: Sequence[TrainedHead]) -> TrainedHead:
        """A head from all cases that sees as many of them as was best in the folds.

        As many epochs over more cases would fit them closer than the heads that were calibrated.
        """
        labels, classes = self._folds.labels, self._folds.classes
        seen = float(np.median([x.epochs * x.cases for x in heads]))
        epochs = max(1, round(seen / len(labels)))
        config = self._next(kind)
        trained = train_head(self._features, labels, classes=classes, config=config, epochs=epochs)
        self._one()
        return trained

    def _next(self, kind: FusionName) -> HeadConfig:
        left = max(0.0, self._until - time.monotonic())
        return replace(self._config, fusion=kind, seconds=left / (self._all - self._done))

    def _one(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._all)


def _folds(
    labels: Labels, classes: Sequence[str], groups: ArrayLike | None, config: CrossvalConfig
) -> Folds:
    names = np.arange(len(labels)) if groups is None else np.asarray(groups)
    parts = grouped_folds(labels, classes, names, folds=config.folds, seed=config.head.seed)
    numbers = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return Folds(labels=labels, classes=classes, groups=numbers, parts=parts)


def _losses(unseen: Unseen, folds: Folds) -> NDArray[np.float64]:
    """(N,) loss of each case, calibrated on the other folds."""
    scaled = np.empty(unseen.logits.shape)
    for rows, calibration in cross_fitted(unseen, folds):
        names = [unseen.patterns[i] for i in rows.tolist()]
        scaled[rows] = calibration.temperature.scaled(unseen.logits[rows], names)
    return negative_log_likelihood(scaled, unseen.labels)


def _simulated(features: Batch, folds: Folds, heads: Sequence[TrainedHead]) -> Unseen | None:
    """Answers to the cases that have several modalities, given each one of them alone."""
    if len(features) == 1:
        return None
    parts = []
    natural = answers(features, folds, heads).patterns
    for name in features:
        several = ["+" in x and name in x.split("+") for x in natural]
        parts.append(answers(features, folds, heads, only(name)).where(several))
    return Unseen.join(parts)
