"""How well one question was answered: ranking with intervals, and counts at the operating point."""

import numpy as np
from numpy.typing import NDArray

from secondlook_workflows.evaluating import Cells
from secondlook_workflows.questions import Question
from secondlook_workflows.resampling import (
    LEAST_GROUPS,
    LEVEL,
    Pair,
    Resamples,
    auroc,
    average_precision,
)

STATISTICS = {"auroc": auroc, "average_precision": average_precision}


def ranked(question: Question, seed: int) -> Cells:
    """n, groups and with (those for which it is true), and auroc and average_precision with their
    intervals; None, with the reason under `why`, where they cannot be computed."""
    cells: Cells = {
        "n": len(question.cases),
        "groups": len(set(question.groups)),
        "with": int(question.truth.sum()),
    }
    both = bool(len(question.truth)) and question.truth.any() and not question.truth.all()
    whole = np.ones((1, len(question.truth)))
    resamples = Resamples.of(question.groups, seed=seed) if both else None
    for name, statistic in STATISTICS.items():
        of = statistic(question.truth, question.scores)
        cells[name] = float(of(whole)[0]) if both else None
        cells[f"{name}_interval"] = resamples.interval(of) if resamples else None
    cells["why"] = _why(question, cells)
    return cells


def operating(question: Question) -> Cells:
    """Sensitivity and specificity where the adapter draws the line, counted, with Wilson intervals.

    Cases that were abstained on are neither found nor cleared: they are counted apart, and
    `sensitivity_of_all` counts those with something to be found as missed.
    """
    kept = question.of(np.flatnonzero(question.judged))
    there, found = int(kept.truth.sum()), int((kept.truth & kept.raised).sum())
    clear, passed = int((~kept.truth).sum()), int((~kept.truth & ~kept.raised).sum())
    every = int(question.truth.sum()) + question.passed_over
    return {
        "threshold": question.threshold,
        "with": there,
        "found": found,
        "sensitivity": _share(found, there),
        "sensitivity_interval": wilson(found, there),
        "without": clear,
        "passed": passed,
        "specificity": _share(passed, clear),
        "specificity_interval": wilson(passed, clear),
        "abstained": int((~question.judged).sum()) + len(question.declined),
        "sensitivity_of_all": _share(found, every),
    }


def gained(whole: Question, less: Question, seed: int) -> Cells:
    """By how much the auroc of the whole is above that of the same cases with less to go by, with
    the interval of that difference: both are drawn together."""
    places = {x.labelled.case.id: i for i, x in enumerate(less.cases)}
    rows = [i for i, x in enumerate(whole.cases) if x.labelled.case.id in places]
    one = whole.of(rows)
    other = less.of([places[x.labelled.case.id] for x in one.cases])
    if not len(one.truth) or one.truth.all() or not one.truth.any():
        return {"gain": None, "gain_interval": None}
    first, second = auroc(one.truth, one.scores), auroc(other.truth, other.scores)

    def difference(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return first(weights) - second(weights)

    resamples = Resamples.of(one.groups, seed=seed)
    gain = float(difference(np.ones((1, len(rows))))[0])
    return {"gain": gain, "gain_interval": resamples.interval(difference)}


def wilson(count: int, of: int) -> Pair | None:
    """The 95 % interval of a share by Wilson's score (Wilson 1927); None of nothing."""
    from scipy.stats import binomtest

    if not of:
        return None
    interval = binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def _share(count: int, of: int) -> float | None:
    return count / of if of else None


def _why(question: Question, cells: Cells) -> str | None:
    if cells["auroc"] is None:
        return f"needs cases with and without it, got {cells['with']} of {cells['n']} with"
    if cells["auroc_interval"] is None:
        groups = len(set(question.groups))
        if groups < LEAST_GROUPS:
            return f"an interval needs cases of {LEAST_GROUPS} groups, got {groups}"
        return "an interval needs more groups with and without it: too many resamples lack one"
    return None
