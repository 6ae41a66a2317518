"""How well pictures find their texts among those of others, and texts their pictures."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from secondlook.training.alignment.loss import Numbers, relations

Direction: TypeAlias = Literal["image_to_text", "text_to_image"]
DIRECTIONS: tuple[Direction, Direction] = ("image_to_text", "text_to_image")
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Figures of one direction."""

    r_at_1: float
    """Share of queries whose own answer comes first."""
    r_at_5: float
    """Share of queries whose own answer is among the first five."""
    median_rank: float
    """1 is the first place."""
    reciprocal_rank: float
    """Mean of 1 / rank."""
    candidates: float
    """Mean number of answers to choose from, all but one of them wrong."""
    queries: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranks:
    """Where the other half of each of N pairs came, in one direction.

    Where many pictures have one text, each of them is looked for by itself: the best of them would
    be first by luck.
    """

    rank: NDArray[np.int64]
    """(N,) 1 is the first. Only wrong answers are counted ahead; equal ones come first."""
    candidates: NDArray[np.int64]
    """(N,) different wrong answers, and one for the own; 1 where there was nothing to tell."""

    def figures(self) -> Retrieval:
        """Of those pairs that had something to tell apart."""
        asked = self.candidates > 1
        rank = self.rank[asked]
        return Retrieval(
            r_at_1=float((rank <= 1).mean()),
            r_at_5=float((rank <= 5).mean()),
            median_rank=float(np.median(rank)),
            reciprocal_rank=float((1 / rank).mean()),
            candidates=float(self.candidates[asked].mean()),
            queries=int(asked.sum()),
        )

    def chance(self) -> Retrieval:
        """What a guess gives on the same candidates."""
        count = self.candidates[self.candidates > 1]
        return Retrieval(
            r_at_1=float((1 / count).mean()),
            r_at_5=float((np.minimum(count, 5) / count).mean()),
            median_rank=float(np.median((count + 1) / 2)),
            reciprocal_rank=float(guessed(count).mean()),
            candidates=float(count.mean()),
            queries=len(count),
        )


def guessed(candidates: NDArray[np.int64]) -> Floats:
    """(N,) expected 1 / rank of a guess among so many."""
    harmonic = np.cumsum(1 / np.arange(1, candidates.max(initial=1) + 1))
    return np.asarray(harmonic[candidates - 1] / candidates)


def ranks(
    cosines: NDArray[np.float32], texts: Numbers, pictures: Numbers, groups: Numbers
) -> dict[Direction, Ranks]:
    """Of N pairs from cosines (N, N), rows are pictures.

    A text that several pairs have is one candidate. Other texts of the same group, of which
    nobody knows whether they hold for the picture too, are none.
    """
    related = relations(texts, pictures, groups)
    own, unknown = related.own.numpy(), related.unknown.numpy()
    return {
        "image_to_text": _ranks(cosines, own, unknown, _firsts(texts)),
        "text_to_image": _ranks(cosines.T, own.T, unknown.T, _firsts(pictures)),
    }


def _ranks(
    cosines: NDArray[np.float32],
    own: NDArray[np.bool_],
    unknown: NDArray[np.bool_],
    firsts: NDArray[np.int64],
) -> Ranks:
    wrong = ~(own | unknown)[:, firsts]
    ahead = wrong & (cosines[:, firsts] >= np.diagonal(cosines)[:, None])
    return Ranks(rank=1 + ahead.sum(axis=1), candidates=1 + wrong.sum(axis=1))


def _firsts(numbers: Numbers) -> NDArray[np.int64]:
    """The first place of every number."""
    return np.asarray(np.unique(numbers, return_index=True)[1], dtype=np.int64)
