"""Waiting times of many runs as figures with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from secondlook_workflows.simulating.queueing import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Minutes: the mean over the runs, and where it lies with 95 % confidence (Student)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How long some cases waited; None where no run had any."""

    cases: float
    """In one run, on average."""
    mean: Figure | None
    p95: Figure | None
    longest: Figure | None


def waiting(runs: Sequence[Floats]) -> Waiting:
    """From the waits in minutes of each run."""
    some = [x for x in runs if len(x)]
    return Waiting(
        cases=float(np.mean([len(x) for x in runs])),
        mean=_figure([float(x.mean()) for x in some]),
        p95=_figure([float(np.percentile(x, 95)) for x in some]),
        longest=_figure([float(x.max()) for x in some]),
    )


def by_finding(
    waits: Sequence[Floats], found: Sequence[Mapping[str, Sequence[bool]]]
) -> dict[str, Waiting]:
    """Of all cases, of each finding, and of those without one; a run an item."""
    labels = list(found[0]) if found else []
    parts = {"all": waiting(waits)}
    for label in labels:
        chosen = [x[np.asarray(y[label], dtype=bool)] for x, y in zip(waits, found, strict=True)]
        parts[label] = waiting(chosen)
    parts["no finding"] = waiting([x[~_any(y, len(x))] for x, y in zip(waits, found, strict=True)])
    return parts


def _any(
    found: Mapping[str, Sequence[bool]], count: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    there = np.zeros(count, dtype=bool)
    for values in found.values():
        there |= np.asarray(values, dtype=bool)
    return there


def _figure(values: Sequence[float]) -> Figure | None:
    if not values:
        return None
    middle = float(np.mean(values))
    if len(values) < 2:
        return Figure(value=middle, low=middle, high=middle)
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    half = error * float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    return Figure(value=middle, low=middle - half, high=middle + half)
