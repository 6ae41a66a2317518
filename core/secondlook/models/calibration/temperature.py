"""Probabilities that mean what they say: logits divided by one fitted number, and shifted a little.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599, with an offset
for each class (bias-corrected temperature scaling, Alexandari et al., ICML 2020, arXiv 1901.06852):
training that counts rare labels more leaves a shift behind that no temperature can undo. A weak
prior holds the offsets at 0 where there is little to fit them on.

A case that lacks a modality is answered by other parts of the head, so each pattern of what is
present gets a fit of its own where at least 50 cases have it, and the pooled one otherwise.

Labels that may hold together share the temperature, too, and have offsets of their own. Platt
scaling of each label would also fit a slope to every one of them, and a label with a handful of
positives cannot carry that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from secondlook.errors import ModelError

LEAST_PATTERN = 50
COLDEST, HOTTEST = 0.05, 20.0
"""The temperature that is searched; a fit at an end means that the logits carry next to nothing."""
OFFSET_SPREAD = 1.0
"""Standard deviation of the prior of an offset, in logits."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """How logits become probabilities. Above 1 it makes an over-confident head modest."""

    pooled: float
    cases: int
    """How many cases the pooled temperature was fitted on."""
    multilabel: bool = False
    offsets: tuple[float, ...] = ()
    """Added to the divided logits, one for each class; none where empty."""
    by_pattern: Mapping[str, float] = field(default_factory=dict)
    """Temperatures for what is present, as `image+text`."""
    offsets_by_pattern: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Offsets for the same patterns."""

    def __post_init__(self) -> None:
        if not all(np.isfinite(x) and x > 0 for x in (self.pooled, *self.by_pattern.values())):
            raise ModelError("a temperature must be a positive number: learn again")

    def scaled(self, logits: ArrayLike, patterns: Sequence[str] | None = None) -> Floats:
        """(N, C) calibrated logits."""
        values = np.asarray(logits, dtype=np.float64)
        names = patterns if patterns is not None else [""] * len(values)
        divisor = np.array([self.by_pattern.get(x, self.pooled) for x in names])
        none = self.offsets or (0.0,) * values.shape[1]
        offsets = np.array([self.offsets_by_pattern.get(x, none) for x in names])
        return np.asarray(values / divisor.reshape(-1, 1) + offsets.reshape(values.shape))

    def probabilities(self, logits: ArrayLike, patterns: Sequence[str] | None = None) -> Floats:
        """(N, C) from logits (N, C): each row adds up to 1, or each label stands alone."""
        scaled = self.scaled(logits, patterns)
        return np.asarray(expit(scaled) if self.multilabel else softmax(scaled, axis=1))


def fit_temperature(
    logits: ArrayLike, labels: ArrayLike, patterns: Sequence[str] | None = None
) -> Temperature:
    """Fit on logits (N, C) of cases the head had not seen.

    Args:
        labels: (N,) the one label of each case, or (N, C) zeros and ones.
        patterns: what each case had, as `secondlook.models.fusion.inputs.patterns` gives it.

    Raises ModelError for no cases, or logits that are not finite.
    """
    values, truth = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if not len(values) or not np.isfinite(values).all():
        raise ModelError(
            f"a temperature needs finite logits of at least one case, got {values.shape}: "
            "add labelled cases, or learn again"
        )
    names = np.array(patterns if patterns is not None else [""] * len(values))
    frequent = [str(x) for x in np.unique(names) if x and (names == x).sum() >= LEAST_PATTERN]
    fits = {x: _fit(values[names == x], truth[names == x]) for x in frequent}
    pooled, offsets = _fit(values, truth)
    return Temperature(
        pooled=pooled,
        cases=len(values),
        multilabel=truth.ndim == 2,
        offsets=offsets,
        by_pattern={x: temperature for x, (temperature, _) in fits.items()},
        offsets_by_pattern={x: shift for x, (_, shift) in fits.items()},
    )


def negative_log_likelihood(logits: ArrayLike, labels: ArrayLike) -> Floats:
    """(N,) loss of each case, for labels (N,) or (N, C)."""
    values, truth = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if truth.ndim == 2:
        return np.asarray((np.logaddexp(0, values) - truth * values).mean(1))
    return np.asarray(-log_softmax(values, axis=1)[np.arange(len(truth)), truth])


def _fit(logits: Floats, labels: NDArray[np.generic]) -> tuple[float, tuple[float, ...]]:
    """Temperature and offsets with the highest posterior; offsets have a normal prior around 0."""
    classes = logits.shape[1]
    truth = np.eye(classes)[labels] if labels.ndim == 1 else labels.astype(np.float64)

    def loss(values: Floats) -> tuple[float, Floats]:
        sharpness, offsets = np.exp(-values[0]), values[1:]
        scaled = logits * sharpness + offsets
        claimed = softmax(scaled, axis=1) if labels.ndim == 1 else expit(scaled)
        per_case = 1 if labels.ndim == 1 else classes  # the other one takes the mean over labels
        total = negative_log_likelihood(scaled, labels).sum() * per_case
        total += (offsets**2).sum() / (2 * OFFSET_SPREAD**2)
        wrong = claimed - truth
        slope = -(wrong * logits).sum() * sharpness
        return total, np.append(slope, wrong.sum(0) + offsets / OFFSET_SPREAD**2)

    ends = tuple(np.log([COLDEST, HOTTEST]))
    bounds = [ends, *[(None, None)] * classes]
    found = minimize(loss, np.zeros(1 + classes), jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), tuple(found[1:].tolist())
