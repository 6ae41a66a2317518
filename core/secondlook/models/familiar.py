"""Whether a case is like those that were learned from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.calibration import FamiliarityRule, fit_familiarity

ANCHOR = 3.0
"""The constant beside a standardised vector, in usual lengths of such vectors."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Familiar:
    """What the adapter learned from in one modality, and how far from it is too far."""

    rule: FamiliarityRule
    vectors: Floats
    """(M, V) standardised as the head does, from the frozen backbone."""

    @classmethod
    def fit(cls, vectors: Floats, groups: NDArray[np.int64] | None = None) -> "Familiar":
        """From standardised vectors (M, V). Raises ModelError for fewer than 8 or one group."""
        return cls(rule=fit_familiarity(_anchored(vectors), groups), vectors=vectors)

    def unfamiliar(self, vector: Floats) -> bool:
        """Whether a standardised vector (V,) lies too far from what was learned."""
        return bool(self.rule.unfamiliar(_anchored(vector[None]), _anchored(self.vectors))[0])


def _anchored(vectors: Floats) -> Floats:
    """(N, V + 1) with a constant beside each.

    The rule compares directions. In many dimensions all standardised vectors point apart, the
    usual ones as much as the odd ones; with the constant the angle says how far out they lie.
    """
    anchor = ANCHOR * np.sqrt(vectors.shape[1])
    return np.concatenate([vectors, np.full((len(vectors), 1), anchor)], 1, dtype=np.float32)
