"""Cross-validation of fusion heads: which fusion, how good, how sure; then one head from all cases.

Every figure and every calibration comes from answers to cases outside the fold that was learned
from, and groups are never parted. What a linear head is made of is chosen anew for each fold, on the
answers to the others. The kind of fusion is chosen on the same answers as the figures are of, which
makes them a little too good; with few kinds, and ties left to the simplest, that is small.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from secondlook.models.calibration.answers import AnswerCalibration, Unseen, fit_answers
from secondlook.models.fusion.head import FusionHead, FusionName
from secondlook.models.fusion.inputs import Batch
from secondlook.training.crossval_choice import DEFAULT, choose
from secondlook.training.crossval_figures import (
    Figures,
    ablation_figures,
    answer_figures,
    losses_of,
)
from secondlook.training.crossval_folds import Folds, answers, lacking, only
from secondlook.training.crossval_options import kinds_for, options_of, single
from secondlook.training.crossval_work import CrossvalWork
from secondlook.training.folds import Labels, grouped_folds
from secondlook.training.heads import HeadConfig, Progress, TrainedHead, check_features
from secondlook.training.linear_choice import choose_by_fold, choose_linear


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
    """With the fusion that was chosen; of linear heads the single option that was best, and what is
    left out of the head that was made of several."""
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
    heads: Sequence[FusionHead]
    """For each fold the head that had not seen it."""
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
    names = list(features)
    options = {x: y for kind in kinds for x, y in options_of(kind, config.head, names)}
    singles = names if config.ablations and len(features) > 1 else []
    work = CrossvalWork(features, folds, config.head, len(options) + len(singles), progress)
    trained = {x: work.heads(features, option) for x, option in options.items()}
    unseen = {x: answers(features, folds, heads) for x, heads in trained.items()}
    losses = {x: losses_of(y, folds) for x, y in unseen.items()}
    linear = {x: y for x, y in options.items() if y.fusion == "linear"}
    kind = choose(losses, folds.groups, list(linear) or (DEFAULT,))
    made, heads = None, list(trained[kind])
    if kind in linear:
        made = choose_linear(features, folds, linear, trained, losses)
        heads = choose_by_fold(features, folds, linear, trained, losses)
    chosen = answers(features, folds, heads)
    plain = options[kind] if made is not None else config.head
    alone = {x: work.heads({x: features[x]}, single(plain)) for x in singles}
    final = work.final(options, trained, kind, made)
    return LearnedHead(
        head=final.head,
        config=replace(options[kind], unused=final.head.config.unused),
        calibration=fit_answers(chosen, _simulated(features, folds, heads), alpha=config.alpha),
        metrics=answer_figures(chosen, folds, config.alpha),
        ablations=ablation_figures(features, folds, heads, alone, config.head.seed),
        selection={x: float(loss.mean()) for x, loss in losses.items()},
        heads=[x.head for x in heads],
        unseen=chosen,
        folds=folds,
        epochs=final.epochs,
        seconds=time.monotonic() - started,
    )


def _folds(
    labels: Labels, classes: Sequence[str], groups: ArrayLike | None, config: CrossvalConfig
) -> Folds:
    names = np.arange(len(labels)) if groups is None else np.asarray(groups)
    parts = grouped_folds(labels, classes, names, folds=config.folds, seed=config.head.seed)
    numbers = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return Folds(labels=labels, classes=classes, groups=numbers, parts=parts)


def _simulated(features: Batch, folds: Folds, heads: Sequence[TrainedHead]) -> Unseen | None:
    """Answers to the cases that have several modalities, given each one of them alone."""
    if len(features) == 1:
        return None
    parts, natural = [], answers(features, folds, heads)
    for name in features:
        shown = answers(features, folds, heads, only(name))
        parts.append(shown.where(lacking(features, name, natural, shown)))
    return Unseen.join(parts)
