"""Which pictures among the goods look like no other: defects that somebody put into the folder.

Each good was scored by a bank that had not seen it. Its score is compared with the spread of all
scores, taken from the middle of them so that a few defects do not hide themselves by widening it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from secondlook.models.bank import Scored

FAR = 3.0
"""Spreads above the middle from which a good is suspect."""
UPPER = 0.85
"""The quantile that tells the spread (a deviation, were scores normal): one in ten may be bad."""
LEAST_SCORED = 20
"""With fewer goods scored nobody is suspected: one odd picture may be a twentieth of all."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A picture among the goods that may show a defect."""

    number: int
    """Of the picture, in the order of reading."""
    score: float
    """By a bank that has not seen it."""
    far: float
    """In spreads above the middle of all."""


def find_suspects(looks: Mapping[int, Scored]) -> tuple[Suspect, ...]:
    """The suspects among goods by number, the farthest first; none where few were scored."""
    if len(looks) < LEAST_SCORED:
        return ()
    scores = {i: x.score for i, x in looks.items()}
    middle, upper = np.quantile(list(scores.values()), (0.5, UPPER))
    spread = max(float(upper - middle) / float(norm.ppf(UPPER)), 1e-6)
    found = [
        Suspect(number=i, score=x, far=(x - float(middle)) / spread) for i, x in scores.items()
    ]
    return tuple(sorted((x for x in found if x.far > FAR), key=lambda x: (-x.far, x.number)))
