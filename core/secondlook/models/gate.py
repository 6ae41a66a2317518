"""Is this a picture of the part at all? Another product, a black picture or an empty belt is not.

A defect is small, so it hardly moves the mean of all patches of a picture; another product does.
What counts is the distance of that mean to the nearest one among good pictures (Sun et al., "Deep
Nearest Neighbors", ICML 2022, arXiv 2204.06507). The median distance of the patches to the bank
was tried first and told other products worse: a bank that covers texture well covers that of
other products too. Products with a like texture pass all the same.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.bank import normalise
from secondlook.models.calibration import (
    LEAST_GOODS,
    FamiliarityRule,
    Threshold,
    fit_familiarity,
    neighbour_distances,
)

RATE = 0.01
"""The share of goods that may be called unfamiliar."""
LEAST = 0.05
"""Nothing nearer is unfamiliar, however alike the goods are: a defect on a tenth of the picture
moves the mean so far where its patches lie half a unit from good ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gate:
    """Tells pictures of the part, good or bad, from all others."""

    signatures: NDArray[np.float32]
    """(N, D) of good pictures; see `signature`."""
    rule: FamiliarityRule
    """How far from them is too far."""

    def __post_init__(self) -> None:
        values, limit = self.signatures, self.rule.threshold.value
        if values.ndim != 2 or not len(values) or not np.isfinite(values).all() or not limit > 0:
            raise ModelError(
                f"a gate needs finite signatures (N, D) and a limit above 0, got "
                f"{values.shape} and {limit}: learn again"
            )

    @classmethod
    def fit(cls, signatures: NDArray[np.float32]) -> "Gate":
        """From the signatures (N, D) of at least 3 goods; the fewer, the more it lets through.

        Few goods hardly reach the rate, so what they say is widened by 2 / sqrt(N).
        """
        found = _few(signatures) if len(signatures) < LEAST_GOODS else _many(signatures)
        wider = found.threshold.value * (1 + 2 / len(signatures) ** 0.5)
        rule = replace(found, threshold=replace(found.threshold, value=max(wider, LEAST)))
        return cls(signatures=signatures, rule=rule)

    def strangeness(self, patches: NDArray[np.float32]) -> float:
        """Of a picture's patches (h, w, D): above 1 it is too far from every good picture.

        Raises ModelError where the patches come from another backbone.
        """
        if patches.shape[-1] != self.signatures.shape[1]:
            raise ModelError(
                f"patches have {patches.shape[-1]} channels and the gate "
                f"{self.signatures.shape[1]}: they come from another backbone"
            )
        far = neighbour_distances(signature(patches)[None], self.signatures, self.rule.k)
        return float(far[0]) / self.rule.threshold.value


def _many(signatures: NDArray[np.float32]) -> FamiliarityRule:
    return fit_familiarity(signatures, rate=RATE, k=1)


def _few(signatures: NDArray[np.float32]) -> FamiliarityRule:
    """By the largest distance between neighbours: so few promise no rate."""
    far = neighbour_distances(signatures, signatures, 1, np.arange(len(signatures)))
    if not np.isfinite(far).all():
        raise ModelError("some signatures of goods are not finite: use another backbone")
    count = len(signatures)
    limit = Threshold(
        value=float(far.max()), false_alarm_rate=RATE, false_alarm_bound=1.0, goods=count
    )
    return FamiliarityRule(k=1, threshold=limit)


def signature(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """(D,) what a picture as a whole looks like: the mean of its patches (h, w, D)."""
    mean: NDArray[np.float32] = normalise(patches.reshape(-1, patches.shape[-1])).mean(axis=0)
    return mean
