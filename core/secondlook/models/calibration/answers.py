"""The calibration of a head: probabilities and conformal sets, for whatever a case has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.conformal import ConformalSets, fit_conformal
from secondlook.models.calibration.temperature import (
    LEAST_PATTERN,
    Temperature,
    fit_temperature,
)

ANY = ""
"""The pattern that stands for every other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unseen:
    """Answers to N cases that the head had not seen."""

    logits: NDArray[np.float32]
    """(N, C)"""
    labels: NDArray[np.int64] | NDArray[np.float32]
    """(N,) or (N, C)"""
    patterns: Sequence[str]
    """(N,) what each case had, as `image+text`."""
    groups: NDArray[np.int64]
    """(N,) which cases belong together."""

    def __post_init__(self) -> None:
        sizes = {len(x) for x in (self.logits, self.labels, self.patterns, self.groups)}
        if len(sizes) != 1:
            raise ModelError(f"logits, labels, patterns and groups differ in number: {sizes}")

    def where(self, keep: ArrayLike) -> "Unseen":
        """The cases for which `keep` (N,) is True."""
        rows = np.flatnonzero(np.asarray(keep))
        return Unseen(
            logits=self.logits[rows],
            labels=self.labels[rows],
            patterns=[self.patterns[i] for i in rows.tolist()],
            groups=self.groups[rows],
        )

    @classmethod
    def join(cls, parts: "Sequence[Unseen]") -> "Unseen":
        """All of these answers."""
        return cls(
            logits=np.concatenate([x.logits for x in parts]),
            labels=np.concatenate([x.labels for x in parts]),
            patterns=[name for x in parts for name in x.patterns],
            groups=np.concatenate([x.groups for x in parts]),
        )


@dataclass(frozen=True, kw_only=True)
class AnswerCalibration:
    """What stands in an adapter's card."""

    temperature: Temperature
    conformal: Mapping[str, tuple[ConformalSets, ...]] = field(default_factory=dict)
    """By pattern, "" for every other. One entry where a case has one label; where several may
    hold, one for each label, over the two columns (does not hold, holds)."""

    def probabilities(
        self, logits: ArrayLike, patterns: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """(N, C) calibrated, from logits (N, C) and what each case had."""
        return self.temperature.probabilities(logits, patterns)

    def sets(
        self, probabilities: ArrayLike, patterns: Sequence[str] | None = None
    ) -> NDArray[np.bool_]:
        """(N, C) which labels cannot be ruled out; never empty where a case has one label.

        Where several labels may hold, a label stands in the set unless it is ruled out.
        """
        values = np.asarray(probabilities, dtype=np.float64)
        names = list(patterns) if patterns is not None else [ANY] * len(values)
        chosen = np.zeros(values.shape, dtype=bool)
        for name in set(names):
            rows = np.array([x == name for x in names])
            rules = self.conformal.get(name, self.conformal[ANY])
            chosen[rows] = _sets(rules, values[rows], self.temperature.multilabel)
        return chosen


def fit_answers(
    natural: Unseen, simulated: Unseen | None = None, *, alpha: float = 0.1
) -> AnswerCalibration:
    """Fit on answers to cases as they came, and to the same ones with modalities taken away.

    The second let a pattern that is rare in training have a calibration of its own (from 50 cases
    on); what is pooled comes from the first alone.
    """
    everything = natural if simulated is None else Unseen.join([natural, simulated])
    own = fit_temperature(everything.logits, everything.labels, everything.patterns)
    temperature = replace(
        fit_temperature(natural.logits, natural.labels),
        by_pattern=own.by_pattern,
        offsets_by_pattern=own.offsets_by_pattern,
    )
    conformal = {ANY: _fit_sets(natural, temperature, alpha)}
    for name in sorted(set(everything.patterns)):
        part = everything.where([x == name for x in everything.patterns])
        if len(part.labels) >= LEAST_PATTERN:
            conformal[name] = _fit_sets(part, temperature, alpha)
    return AnswerCalibration(temperature=temperature, conformal=conformal)


def _fit_sets(unseen: Unseen, temperature: Temperature, alpha: float) -> tuple[ConformalSets, ...]:
    values = temperature.probabilities(unseen.logits, unseen.patterns)
    independent = len(np.unique(unseen.groups))
    if unseen.labels.ndim == 1:
        return (fit_conformal(values, unseen.labels, alpha=alpha, independent=independent),)
    return tuple(
        fit_conformal(_two(p), y.astype(np.int64), alpha=alpha, independent=independent)
        for p, y in zip(values.T, unseen.labels.T, strict=True)
    )


def _sets(
    rules: Sequence[ConformalSets], values: NDArray[np.float64], multilabel: bool
) -> NDArray[np.bool_]:
    if not multilabel:
        return rules[0].sets(values)
    columns = [
        rule.sets(_two(p), never_empty=True)[:, 1] for rule, p in zip(rules, values.T, strict=True)
    ]
    return np.stack(columns, axis=1)


def _two(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) of a label (N,): that it does not hold, and that it does."""
    return np.stack([1 - probability, probability], axis=1)
