"""Figures of a cross-validation: of answers, and of what is left of them without a modality."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from secondlook.models.calibration.answers import AnswerCalibration, Unseen, fit_answers
from secondlook.models.calibration.reliability import brier, expected_calibration_error
from secondlook.models.calibration.temperature import Temperature, negative_log_likelihood
from secondlook.models.fusion.inputs import Batch, presence
from secondlook.training.crossval_folds import Folds, answers, only, shuffled
from secondlook.training.folds import Labels
from secondlook.training.heads import TrainedHead

Figures = dict[str, float | None]
"""By name; None where it cannot be computed."""
Floats = NDArray[np.float64]


def figures(probabilities: Floats, labels: Labels) -> Figures:
    """accuracy, balanced_accuracy, f1_macro, auroc and log_loss for probabilities (N, C).

    The most probable label counts as the answer; where several may hold, those of at least 0.5.
    `balanced_accuracy` counts every label the same: probabilities are divided by the frequencies
    of the labels first, so that a rare label need not beat its own rarity.
    """
    said: NDArray[np.generic]
    if labels.ndim == 1:
        truth = np.eye(probabilities.shape[1])[labels]
        said = probabilities.argmax(1)
        likely = probabilities[np.arange(len(labels)), labels]
    else:
        truth = labels.astype(np.float64)
        said = probabilities >= 0.5
        likely = np.where(labels == 1, probabilities, 1 - probabilities)
    return {
        "accuracy": float((said == labels).mean()),
        "balanced_accuracy": _balanced(probabilities, labels),
        "f1_macro": float(f1_score(labels, said, average="macro", zero_division=0)),
        "auroc": _auroc(probabilities, truth),
        "log_loss": float(-np.log(np.maximum(likely, 1e-12)).mean()),
    }


def losses_of(unseen: Unseen, folds: Folds) -> Floats:
    """(N,) loss of each case, calibrated on the other folds."""
    scaled = np.empty(unseen.logits.shape)
    for rows, calibration in cross_fitted(unseen, folds):
        names = [unseen.patterns[i] for i in rows.tolist()]
        scaled[rows] = calibration.temperature.scaled(unseen.logits[rows], names)
    return negative_log_likelihood(scaled, unseen.labels)


def answer_figures(unseen: Unseen, folds: Folds, alpha: float) -> Figures:
    """All that is said about answers, each calibrated on the other folds."""
    values = np.empty(unseen.logits.shape)
    sets = np.empty(unseen.logits.shape, dtype=bool)
    for rows, calibration in cross_fitted(unseen, folds, alpha):
        names = [unseen.patterns[i] for i in rows]
        values[rows] = calibration.probabilities(unseen.logits[rows], names)
        sets[rows] = calibration.sets(values[rows], names)
    one = unseen.labels.ndim == 1
    raw = Temperature(pooled=1, cases=0, multilabel=not one).probabilities(unseen.logits)
    covered = sets[np.arange(len(sets)), unseen.labels] if one else None
    return figures(values, unseen.labels) | {
        "brier": brier(values, unseen.labels),
        "ece_before": expected_calibration_error(raw, unseen.labels),
        "ece": expected_calibration_error(values, unseen.labels),
        # Where several labels may hold, a set says what is not ruled out, for each by itself.
        "coverage": float(covered.mean()) if covered is not None else None,
        "set_size": float(sets.sum(1).mean()),
    }


def cross_fitted(
    unseen: Unseen, folds: Folds, alpha: float = 0.1
) -> Iterator[tuple[NDArray[np.int64], AnswerCalibration]]:
    """The rows of each fold and a calibration fitted on the other folds."""
    for k, rows in enumerate(folds.parts):
        yield rows, fit_answers(unseen.where(folds.number != k), alpha=alpha)


def cross_probabilities(unseen: Unseen, folds: Folds) -> Floats:
    """(N, C) each calibrated on the other folds."""
    values = np.empty(unseen.logits.shape)
    for rows, calibration in cross_fitted(unseen, folds):
        names = [unseen.patterns[i] for i in rows.tolist()]
        values[rows] = calibration.probabilities(unseen.logits[rows], names)
    return values


def ablation_figures(
    features: Batch,
    folds: Folds,
    heads: Sequence[TrainedHead],
    alone: Mapping[str, Sequence[TrainedHead]],
    seed: int,
) -> dict[str, Figures]:
    """What each modality is good for; see `LearnedHead.ablations`."""
    table = {"full": _plain(answers(features, folds, heads))}
    for name in alone:
        single = answers({name: features[name]}, folds, alone[name])
        table[name] = _plain(single)
        table[f"only_{name}"] = _plain(answers(features, folds, heads, only(name)))
        table[f"shuffled_{name}"] = _plain(answers(features, folds, heads, shuffled(name, seed)))
    if alone:
        average = _late_average(features, folds, alone)
        table["late_average"] = figures(average, folds.labels)
    return table


def _late_average(
    features: Batch, folds: Folds, alone: Mapping[str, Sequence[TrainedHead]]
) -> Floats:
    """(N, C) mean over the modalities that a case has; over all where it has none."""
    parts = [_raw(answers({x: features[x]}, folds, alone[x])) for x in alone]
    there = presence(features, list(alone)).numpy().astype(float)
    there[there.sum(1) == 0] = 1
    share = there / there.sum(1, keepdims=True)
    return np.asarray((np.stack(parts, axis=1) * share[:, :, None]).sum(1))


def _plain(unseen: Unseen) -> Figures:
    return figures(_raw(unseen), unseen.labels)


def _raw(unseen: Unseen) -> Floats:
    multilabel = unseen.labels.ndim == 2
    return Temperature(pooled=1, cases=0, multilabel=multilabel).probabilities(unseen.logits)


def _balanced(probabilities: Floats, labels: Labels) -> float | None:
    if labels.ndim == 2:
        return None
    frequency = np.bincount(labels, minlength=probabilities.shape[1]) / len(labels)
    said = (probabilities / np.where(frequency > 0, frequency, np.inf)).argmax(1)
    return float(np.mean([(said[labels == c] == c).mean() for c in np.unique(labels)]))


def _auroc(probabilities: Floats, truth: NDArray[np.generic]) -> float | None:
    """Mean over the labels that hold for some cases and not for others."""
    columns = [
        float(roc_auc_score(y, p))
        for p, y in zip(probabilities.T, truth.T, strict=True)
        if y.min() != y.max()
    ]
    return float(np.mean(columns)) if columns else None
