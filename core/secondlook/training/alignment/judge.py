"""Is what is learned better than the frozen backbone, on groups that it did not see?"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from secondlook.errors import ModelError
from secondlook.models.dual import DualBackbone
from secondlook.training.alignment.config import AlignmentConfig
from secondlook.training.alignment.fit import Fitted, Maps, fit
from secondlook.training.alignment.loss import Numbers
from secondlook.training.alignment.pairs import ReadPairs
from secondlook.training.alignment.ranks import (
    DIRECTIONS,
    Direction,
    Ranks,
    Retrieval,
    guessed,
    ranks,
)

STOPPING_FOLDS = 5
"""One part in so many of what a fold learns from tells when to stop."""
UNSTOPPED = 0.25
"""Where there are too few groups for that, so much of the epochs is learned."""
ERRORS = 2.0
"""Standard errors by which retrieval must be better."""

Figures = dict[Direction, Retrieval]
BothRanks = dict[Direction, Ranks]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Where the own answers of N pairs came, none of which was learned from."""

    frozen: BothRanks | None
    """None where the backbone has no shared space."""
    learned: BothRanks
    groups: Numbers
    """(N,)"""
    epochs: int
    """Median over the folds."""
    ended: bool
    """Whether no fold was cut short by the time."""

    def frozen_figures(self) -> Figures:
        """Of the frozen backbone, or of a guess where it has no shared space."""
        if self.frozen is None:
            return {x: self.learned[x].chance() for x in DIRECTIONS}
        return {x: self.frozen[x].figures() for x in DIRECTIONS}

    def learned_figures(self) -> Figures:
        """Of what was learned on the other groups."""
        return {x: self.learned[x].figures() for x in DIRECTIONS}

    def gain(self) -> tuple[float, float]:
        """By how much 1 / rank is more than before, and its standard error over groups."""
        after = np.mean([1 / self.learned[x].rank for x in DIRECTIONS], axis=0)
        gain = after - np.mean([self._before(x) for x in DIRECTIONS], axis=0)
        sums = np.bincount(self.groups, weights=gain - gain.mean())
        return float(gain.mean()), float(np.sqrt((sums**2).sum())) / len(gain)

    def better(self) -> tuple[bool, str]:
        """Whether it is better by more than `ERRORS` standard errors, and the figures."""
        gain, error = self.gain()
        before, after = self.frozen_figures(), self.learned_figures()
        said = ", ".join(
            f"{'texts of pictures' if x == 'image_to_text' else 'pictures of texts'} R@1 "
            f"{before[x].r_at_1:.3f} to {after[x].r_at_1:.3f}, R@5 {before[x].r_at_5:.3f} to "
            f"{after[x].r_at_5:.3f}, median rank {before[x].median_rank:.0f} to "
            f"{after[x].median_rank:.0f}"
            for x in DIRECTIONS
        )
        name = "a guess" if self.frozen is None else "the frozen backbone"
        return gain > ERRORS * error, (
            f"from {name} to the alignment on unseen groups: {said}; mean 1 / rank more by "
            f"{gain:.3f} (standard error {error:.3f})"
        )

    def _before(self, direction: Direction) -> NDArray[np.float64]:
        if self.frozen is None:
            return guessed(self.learned[direction].candidates)
        return np.asarray(1 / self.frozen[direction].rank)


def judge(
    read: ReadPairs,
    dual: DualBackbone,
    config: AlignmentConfig,
    *,
    until: float,
    progress: Callable[[float], None],
) -> Judged:
    """Hold out every group once. The folds share the time, and leave one share for the end.

    Raises ModelError where no fold holds two different texts.
    """
    parts = grouped_parts(read.groups, config.folds, config.seed)
    fits = []
    for k, rows in enumerate(parts):
        now = time.monotonic()
        share = now + (until - now) / (len(parts) - k + 1)
        fits.append(_fit_fold(read, rows, dual, replace(config, seed=config.seed + k), share))
        progress((k + 1) / len(parts))
    learned = _ranks(read, parts, [x.maps for x in fits])
    if learned["image_to_text"].candidates.max() < 2:
        raise ModelError(
            f"of the {len(read.groups)} pairs no fold held out has two different texts of "
            "different groups, so nothing can be checked: add pairs with other texts"
        )
    starts = [Maps(read, rows, dual, config.rank) for rows in parts] if dual.aligned else []
    return Judged(
        frozen=_ranks(read, parts, starts) if starts else None,
        learned=learned,
        groups=read.groups,
        epochs=int(np.median([x.epochs for x in fits])),
        ended=all(x.ended for x in fits),
    )


def grouped_parts(groups: Numbers, folds: int, seed: int) -> list[Numbers]:
    """Row numbers held out in each fold, at least two whole groups in each."""
    count = max(2, min(folds, len(np.unique(groups)) // 2))
    splitter = GroupKFold(count, shuffle=True, random_state=seed)
    return [np.asarray(x, dtype=np.int64) for _, x in splitter.split(groups, groups=groups)]


def _fit_fold(
    read: ReadPairs, held_out: Numbers, dual: DualBackbone, config: AlignmentConfig, until: float
) -> Fitted:
    """Learned from the other groups, a part of which tells when to stop."""
    rows = np.setdiff1d(np.arange(len(read.groups)), held_out)
    if len(np.unique(read.groups[rows])) < 2 * STOPPING_FOLDS:
        epochs = max(1, round(UNSTOPPED * config.epochs))
        return fit(read, rows, rows[:0], dual, config, until=until, epochs=epochs)
    stop = rows[grouped_parts(read.groups[rows], STOPPING_FOLDS, config.seed)[0]]
    return fit(read, np.setdiff1d(rows, stop), stop, dual, config, until=until)


def _ranks(read: ReadPairs, parts: list[Numbers], maps: list[Maps]) -> BothRanks:
    """Of all pairs, each among those of its own fold."""
    found = [
        ranks(own.cosines(read, rows), *read.take(rows))
        for own, rows in zip(maps, parts, strict=True)
    ]
    order = np.argsort(np.concatenate(parts))
    return {
        x: Ranks(
            rank=np.concatenate([y[x].rank for y in found])[order],
            candidates=np.concatenate([y[x].candidates for y in found])[order],
        )
        for x in DIRECTIONS
    }
