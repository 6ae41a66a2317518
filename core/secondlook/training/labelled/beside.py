"""Answers that stand beside a goods part: bound to it, and blended with what it says."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import NOTHING
from secondlook.errors import ModelError
from secondlook.models.answers import AnswersPart, anything_in
from secondlook.models.calibration import Blend, Unseen, fit_blend
from secondlook.models.case_vectors import IMAGE, OUTLINE, REGION
from secondlook.models.region import RegionFinder, RegionRecipe
from secondlook.models.vision import PatchNetwork
from secondlook.training.crossval_figures import cross_probabilities
from secondlook.training.crossval_folds import Folds


def beside(
    part: AnswersPart, vision: PatchNetwork, finder: RegionFinder, blend: Blend | None
) -> AnswersPart:
    """The answers, bound to the goods part that found the regions they were learned from."""
    prints = {**part.backbones, REGION: finder.fingerprint, OUTLINE: finder.fingerprint}
    return replace(
        part,
        backbones={x: prints[x] for x in part.head.config.names},
        region=RegionRecipe.of(vision),
        finder=finder,
        blend=blend,
    )


def blend_of(ratios: NDArray[np.float64] | None, unseen: Unseen, folds: Folds) -> Blend | None:
    """What good parts and labels say together, fitted on the cases that have pictures.

    None where the labels do not tell whether there is anything, or no goods part does.

    Args:
        ratios: (N,) goods scores in units of the threshold.
        unseen: what the labels say of cases that they were not learned from.
    """
    classes, several = list(folds.classes), unseen.labels.ndim == 2
    if ratios is None or not several and NOTHING not in classes:
        return None
    found = anything_in(cross_probabilities(unseen, folds), classes, several=several)
    holds = unseen.labels.max(1) > 0 if several else unseen.labels != classes.index(NOTHING)
    seen = np.array([bool({IMAGE, REGION, OUTLINE} & set(x.split("+"))) for x in unseen.patterns])
    with suppress(ModelError):  # of those with pictures all have a finding, or none has
        return fit_blend(ratios[seen], found[seen], holds[seen], folds.groups[seen])
    return None
