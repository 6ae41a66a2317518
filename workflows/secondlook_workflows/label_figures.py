"""Figures of the labels that were given: which of them are right, and whether the numbers mean it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.assessments import Assessment
from secondlook.cases import NOTHING
from secondlook.evidence import LabelProbabilities
from secondlook_workflows.measuring import Measured
from secondlook_workflows.metrics import Metrics

FIGURES = ("f1_macro", "accuracy", "ece")
LABEL_AUROC = "label_auroc"
"""Mean over the labels, each against the others."""


def label_figures(measured: Sequence[Measured]) -> Metrics | None:
    """f1_macro, accuracy, ece and label_auroc over labels; None where no labels were given.

    Where one label holds it is right when it is the most probable one; where several may, each
    label of each case counts. Cases that were abstained on, or whose true label the adapter has
    not learned, are left out and counted in a note.
    """
    from secondlook.models.calibration.reliability import expected_calibration_error
    from secondlook.training.crossval_figures import figures

    given = [(x, found) for x in measured if (found := told_of(x.assessment)) is not None]
    if not given:
        return None
    classes = list(given[0][1].probabilities)
    given = [(x, y) for x, y in given if set(y.probabilities) == set(classes)]
    known = [(x, y) for x, y in given if truth_of(x, classes) is not None]
    metrics = Metrics()
    if left := len(measured) - len(known):
        metrics.notes.append(
            f"{', '.join(FIGURES)}: {left} of {len(measured)} cases were abstained on or have a "
            "label that the adapter has not learned, and were left out"
        )
    if not known:
        metrics.missing(FIGURES, "no case has a label that the adapter has learned")
        return metrics
    values = np.array([[y.probabilities[label] for label in classes] for _, y in known])
    truth = _labels([truth_of(x, classes) for x, _ in known], classes, values)
    table = figures(values, truth)
    metrics.values |= {
        "f1_macro": table["f1_macro"],
        "accuracy": table["accuracy"],
        "ece": expected_calibration_error(values, truth),
        LABEL_AUROC: table["auroc"],
    }
    metrics.notes.append("f1_macro, accuracy and ece count labels, not flags")
    return metrics


def told_of(assessment: Assessment) -> LabelProbabilities | None:
    """The probabilities of all labels; None where none were given."""
    everything = [*assessment.evidence, *(e for f in assessment.findings for e in f.evidence)]
    return next((x for x in everything if isinstance(x, LabelProbabilities)), None)


def truth_of(item: Measured, classes: Sequence[str]) -> frozenset[str] | None:
    """The true labels where all of them are among `classes`, NOTHING for none; else None."""
    if NOTHING in classes or _one(item, classes):
        labels = item.labelled.labels or frozenset({NOTHING})
    else:
        labels = item.labelled.labels
    return labels if labels <= set(classes) else None


def _one(item: Measured, classes: Sequence[str]) -> bool:
    """Whether the adapter gives one label to each case: its probabilities then add up to 1."""
    told = told_of(item.assessment)
    return told is not None and abs(sum(told.probabilities.values()) - 1) < 1e-3


def _labels(
    truth: Sequence[frozenset[str] | None], classes: Sequence[str], values: NDArray[np.float64]
) -> NDArray[np.int64] | NDArray[np.float32]:
    """(N,) where the probabilities add up to 1 and each case has one label; else (N, C)."""
    several = np.array([[float(x in (y or ())) for x in classes] for y in truth], np.float32)
    if np.allclose(values.sum(1), 1, atol=1e-3) and (several.sum(1) == 1).all():
        places: NDArray[np.int64] = np.argmax(several, axis=1)
        return places
    return several
