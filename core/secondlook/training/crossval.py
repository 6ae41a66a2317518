"""Cross-validation of fusion heads: which fusion, how good, how sure; then one head from all cases.

Every figure and every calibration comes from answers to cases outside the fold that was learned
from, and groups are never parted. The kind of fusion is chosen on the same answers, which makes
its figures a little too good; with few kinds, and ties left to the default, that is small.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

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
from secondlook.training.linear import mean_head

DEFAULT: FusionName = "gated"
STRENGTHS = (0.001, 0.01, 0.1)
"""Of linear heads, each of which is compared."""
DAMPED = (0.3, 0.0)
"""Factors for one modality of a linear head: it may say little, or nothing of use."""


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
    """Log loss on unseen cases of each kind of fusion that was compared; linear ones by strength."""
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
    kinds = config.kinds or kinds_for(features, config.head.attention)
    options = {x: y for kind in kinds for x, y in _options(kind, config.head, list(features))}
    singles = list(features) if config.ablations and len(features) > 1 else []
    work = _Work(features, folds, config.head, len(options) + len(singles), progress)
    trained = {x: work.heads(features, option) for x, option in options.items()}
    unseen = {x: answers(features, folds, heads) for x, heads in trained.items()}
    losses = {x: _losses(y, folds) for x, y in unseen.items()}
    linear = [x for x, option in options.items() if option.fusion == "linear"]
    kind = choose(losses, folds.groups, linear or (DEFAULT,))
    plain = options[kind] if kind in linear else config.head
    alike = as_good(losses, kind, groups=folds.groups, among=linear) if kind in linear else [kind]
    heads = [mean_head(x) for x in zip(*(trained[name] for name in alike), strict=True)]
    chosen = answers(features, folds, heads)
    alone = {x: work.heads({x: features[x]}, _single(plain)) for x in singles}
    final = work.final({options[x]: trained[x] for x in alike})
    return LearnedHead(
        head=final.head,
        config=options[kind],
        calibration=fit_answers(chosen, _simulated(features, folds, heads), alpha=config.alpha),
        metrics=answer_figures(chosen, folds, config.alpha),
        ablations=ablation_figures(features, folds, heads, alone, config.head.seed),
        selection={x: float(loss.mean()) for x, loss in losses.items()},
        unseen=chosen,
        folds=folds,
        epochs=final.epochs,
        seconds=time.monotonic() - started,
    )


def kinds_for(features: Batch, attention: Sequence[str] = ()) -> tuple[FusionName, ...]:
    """The kinds of fusion that these features allow; bottleneck attention needs tokens.

    A linear head weighs no tokens, so it is none where that is to be learned.
    """
    linear: tuple[FusionName, ...] = () if attention else ("linear",)
    if len(features) == 1:
        return (DEFAULT, *linear)
    pooled: tuple[FusionName, ...] = (DEFAULT, "concat", "weighted", *linear)
    return (
        (*pooled, "bottleneck") if any(x.tokens is not None for x in features.values()) else pooled
    )


def _options(
    kind: FusionName, head: HeadConfig, names: Sequence[str]
) -> Iterator[tuple[str, HeadConfig]]:
    """What is compared of one kind, by name."""
    if kind != "linear":
        yield kind, replace(head, fusion=kind)
        return
    less = [(x, factor) for x in names for factor in DAMPED] if len(names) > 1 else []
    for strength, damped in product(STRENGTHS, (None, *less)):
        told = f" {damped[0]} x {damped[1]:g}" if damped else ""
        option = replace(head, fusion=kind, strength=strength, damped=damped)
        yield f"{kind} {strength:g}{told}", option


def _single(head: HeadConfig) -> HeadConfig:
    """For a head of one modality: there is nothing to fuse."""
    linear = head.fusion == "linear"
    return replace(head, damped=None) if linear else replace(head, fusion=DEFAULT)


def choose(
    losses: Mapping[str, NDArray[np.float64]],
    groups: NDArray[np.int64],
    simplest: Sequence[str] = (DEFAULT,),
) -> str:
    """The name of the kind with the least loss (N,) on unseen cases, or a simpler one as good.

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
    losses: Mapping[str, NDArray[np.float64]],
    best: str,
    *,
    groups: NDArray[np.int64],
    among: Sequence[str],
) -> list[str]:
    """Those that are worse than the best by no more than one standard error over groups."""
    inverse = np.unique(groups, return_inverse=True)[1]
    found = []
    for name in among:
        gain = losses[name] - losses[best]
        sums = np.bincount(inverse, weights=gain - gain.mean())
        error = float(np.sqrt((sums**2).sum())) / len(gain)
        if gain.mean() <= error:
            found.append(name)
    return found


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
        self._features, self._folds = features, folds
        self._until, self._progress = time.monotonic() + config.seconds, progress

    def heads(self, features: Batch, option: HeadConfig) -> list[TrainedHead]:
        """A head for each fold, from the cases outside it."""
        heads = []
        for k in range(len(self._folds.parts)):
            heads.append(fit_fold(features, self._folds, k, self._next(option)))
            self._one()
        return heads

    def final(self, chosen: Mapping[HeadConfig, Sequence[TrainedHead]]) -> TrainedHead:
        """A head from all cases that sees as many of them as was best in the folds.

        As many epochs over more cases would fit them closer than the heads that were calibrated.
        Of several options it is the mean.
        """
        trained = [self._final(option, heads) for option, heads in chosen.items()]
        self._one()
        return mean_head(trained)

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
