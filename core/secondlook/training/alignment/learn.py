"""Learning an alignment from a user's own cases; it is kept where it is better than none."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.models.alignment import AlignmentPart, fingerprints
from secondlook.models.dual import DualBackbone
from secondlook.models.recipe import Recipe
from secondlook.training.alignment.config import AlignmentConfig, check_config
from secondlook.training.alignment.fit import fit
from secondlook.training.alignment.judge import Figures, Judged, judge
from secondlook.training.alignment.pairs import Pair, ReadPairs, check_pairs, read_pairs
from secondlook.training.heads import Progress
from secondlook.training.labelled.reading import everything


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedAlignment:
    """An alignment, and what cross-validation says about its like."""

    part: AlignmentPart | None
    """Learned from all pairs; None where the frozen backbone is kept."""
    reason: str
    """Why, with the figures of both."""
    frozen: Figures
    """Retrieval of the frozen backbone on unseen groups; of a guess where it has no shared
    space."""
    learned: Figures
    """The same of what was learned on the other groups."""
    epochs: int
    """Median over the folds."""
    pairs: int
    """How many were learned from."""
    groups: int
    unread: int
    """Pictures that could not be read."""
    left_out: int
    """Pairs of which no picture could be read."""
    joined_groups: int
    """Groups that were joined with others because they share a picture."""
    seconds: dict[str, float]
    """`read` and `total`."""


def learn_alignment(
    pairs: Sequence[Pair],
    *,
    dual: DualBackbone,
    config: AlignmentConfig | None = None,
    progress: Progress | None = None,
) -> LearnedAlignment:
    """Learn to bring pictures near their texts, in grouped folds first and then from all pairs.

    The same seed gives the same numbers on one thread, unless the time runs out.

    Args:
        dual: need not be aligned; a space is then made from these pairs alone.
        progress: called with (percent done, 100).

    Raises ModelError, saying what would work, for fewer than 8 pairs or 4 groups, a pair without
    text or picture, texts or pictures that are all the same, vectors that are not finite, settings
    that make no sense, and too little time.
    """
    config, started = config or AlignmentConfig(), time.monotonic()
    check_config(config)
    check_pairs(pairs)
    tell, until = _Teller(progress), started + 60 * config.minutes
    recipe = Recipe(levels=everything(dual.image).levels if config.levels else ())
    read = read_pairs(
        pairs, dual, recipe, seconds=60 * config.minutes, progress=lambda x: tell(0.6 * x)
    )
    reading = time.monotonic() - started
    judged = judge(read, dual, config, until=until, progress=lambda x: tell(0.6 + 0.3 * x))
    part, reason = _chosen(judged, read, dual, config, recipe, until)
    tell(1.0)
    return LearnedAlignment(
        part=part,
        reason=reason,
        frozen=judged.frozen_figures(),
        learned=judged.learned_figures(),
        epochs=judged.epochs,
        pairs=len(read.groups),
        groups=len(np.unique(read.groups)),
        unread=read.unread,
        left_out=read.left_out,
        joined_groups=read.joined,
        seconds={"read": reading, "total": time.monotonic() - started},
    )


def _chosen(
    judged: Judged,
    read: ReadPairs,
    dual: DualBackbone,
    config: AlignmentConfig,
    recipe: Recipe,
    until: float,
) -> tuple[AlignmentPart | None, str]:
    """The alignment of all pairs, if its like is better; and why."""
    better, said = judged.better()
    if not better:
        return None, f"{said}: that is not enough, so that the frozen backbone is kept"
    if dual.aligned and not judged.epochs:
        early = "most folds did best before the first epoch"
        return None, f"{said}: but {early}, so that the frozen backbone is kept"
    late = f"{said}: better, but the time ran out, so that the frozen backbone is kept"
    rows = np.arange(len(read.groups))
    fitted = fit(read, rows, rows[:0], dual, config, until=until, epochs=judged.epochs)
    if not judged.ended or fitted.epochs < judged.epochs:
        return None, f"{late}: give more than {config.minutes:g} minutes"
    part = AlignmentPart(
        image_map=fitted.maps.image,
        text_map=fitted.maps.text,
        scale=float(fitted.maps.scale),
        backbones=fingerprints(dual),
        recipe=recipe,
    )
    return part, f"{said}: the alignment is kept"


class _Teller:
    """Tells whole percents, each once."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._told = progress, -1

    def __call__(self, share: float) -> None:
        if self._progress is not None and round(100 * share) > self._told:
            self._told = round(100 * share)
            self._progress(self._told, 100)
