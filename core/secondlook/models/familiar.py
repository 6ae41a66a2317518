"""Whether a case is like those that were learned from.

Two things tell. The vectors that the head reads say whether it is asked about something that it
never saw. They are means and spreads over a whole picture, in which a photograph may well lie
between radiographs; so the mean direction of its patches is asked as well, as `models.gate` does
for parts. Learned from radiographs of half of the patients of covid_cxr, over four draws: of metal
parts the vectors tell 0 and 13 %, looks 77 to 89 %; of the other patients 1 and 2.3 % are called
unfamiliar (`tests/benchmarks/foreign.py`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.calibration import FamiliarityRule, fit_familiarity

LOOK = "look"
"""What pictures look like as a whole: the mean of their `signature`s."""
LOOK_RATE = 0.03
"""The share of cases like those of training whose looks may be called unfamiliar."""
ANCHOR = 3.0
"""The constant beside a standardised vector, in usual lengths of such vectors."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Familiar:
    """What the adapter learned from in one modality, and how far from it is too far."""

    rule: FamiliarityRule
    vectors: Floats
    """(M, V) standardised as the head does, from the frozen backbone; or looks."""
    anchor: float = ANCHOR
    """See `ANCHOR`; 0 where directions alone are compared, as of looks."""

    @classmethod
    def fit(cls, vectors: Floats, groups: NDArray[np.int64] | None = None) -> "Familiar":
        """From standardised vectors (M, V). Raises ModelError for fewer than 8 or one group."""
        return cls(rule=fit_familiarity(_anchored(vectors), groups), vectors=vectors)

    @classmethod
    def fit_looks(cls, looks: Floats, groups: NDArray[np.int64] | None = None) -> "Familiar":
        """From looks (M, S), which are not standardised. Raises as `fit` does."""
        rule = fit_familiarity(looks, groups, rate=LOOK_RATE, k=1)
        return cls(rule=rule, vectors=looks, anchor=0.0)

    def unfamiliar(self, vector: Floats) -> bool:
        """Whether a vector (V,) lies too far from what was learned."""
        asked, known = (_anchored(x, self.anchor) for x in (vector[None], self.vectors))
        return bool(self.rule.unfamiliar(asked, known)[0])


def _anchored(vectors: Floats, anchor: float = ANCHOR) -> Floats:
    """(N, V + 1) with a constant beside each.

    The rule compares directions. In many dimensions all standardised vectors point apart, the
    usual ones as much as the odd ones; with the constant the angle says how far out they lie.
    """
    beside = np.full((len(vectors), 1), anchor * np.sqrt(vectors.shape[1]))
    return np.concatenate([vectors, beside], 1, dtype=np.float32)
