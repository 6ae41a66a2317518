"""Labelled cases as they are learned from: read, checked, and freed of what leaks."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.case_vectors import IMAGE, TEXT
from secondlook.models.fusion.inputs import Batch, ModalityBatch, pooled, sequences
from secondlook.models.recipe import Recipe
from secondlook.models.region import parts_of
from secondlook.models.vision import PatchNetwork
from secondlook.training.folds import Labels, check_labels
from secondlook.training.labelled.cases import LabelledCase, joined_groups
from secondlook.training.labelled.reading import everything
from secondlook.training.labelled.readings import Readings
from secondlook.training.labelled.recipe import choose_recipe, columns


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """Cases that can be learned from, and what the frozen backbones say about them."""

    cases: list[LabelledCase]
    labels: Labels
    readings: Readings
    recipe: Recipe
    features: Batch
    groups: NDArray[np.int64]
    losses: dict[str, float]
    """Of the recipes that were compared."""
    joined: int
    """Groups that were joined with others because they share a case or a picture."""
    attention: tuple[str, ...] = ()
    """Modalities of which a head learns what counts in them: slices of volumes."""
    ratios: NDArray[np.float64] | None = None
    """(N,) goods scores in units of the threshold, of cases with pictures; None without goods."""


def prepare_work(
    cases: Sequence[LabelledCase],
    labels: Labels,
    readings: Readings,
    vision: PatchNetwork | None,
    classes: Sequence[str],
    *,
    seed: int,
) -> Work:
    """Leave out cases of which nothing can be read, join leaking groups, choose the recipe.

    Raises ModelError where nothing can be learned from what is left.
    """
    keep = np.flatnonzero(readings.has_image | readings.has_text)
    if not len(keep):
        raise ModelError(
            f"none of {len(cases)} cases has a picture or passage that a backbone could read "
            f"({readings.unread} pictures failed): check the paths, or give the backbone it needs"
        )
    kept, labels, readings = [cases[i] for i in keep.tolist()], labels[keep], readings.only(keep)
    shared: list[list[str]] = [[f"case {x.key}"] for x in kept]
    for owner, digest in zip(readings.owner.tolist(), readings.digests, strict=True):
        shared[owner].append(digest)
    groups, joined = joined_groups([x.group for x in kept], shared)
    _check(labels, classes, groups, joined)
    features: dict[str, NDArray[np.float32]] = {}
    slices: dict[str, ModalityBatch] = {}
    recipe, losses = Recipe(), dict[str, float]()
    if vision is not None and readings.has_image.any():
        vectors = readings.means()
        recipe, losses = _recipe(vectors, readings, vision, labels, groups, seed)
        size = vision.image_tower.pooled_size
        part = columns(recipe, size, vectors.shape[1])
        features[IMAGE] = vectors[:, part]
        if any(x.slices for x in kept):
            rows = [x[:, part] for x in readings.each()]
            slices[IMAGE] = sequences(rows, features[IMAGE].shape[1])
    ratios = None
    if len(readings.regions):
        regions, ratios = readings.worst()
        features |= parts_of(regions)
    if readings.has_text.any():
        features[TEXT] = readings.text
    there = {x: readings.has_text if x == TEXT else readings.has_image for x in features}
    return Work(
        cases=kept,
        labels=labels,
        readings=readings,
        recipe=recipe,
        features={x: pooled(y, there[x]) for x, y in features.items()} | slices,
        attention=tuple(slices),
        groups=groups,
        losses=losses,
        joined=joined,
        ratios=ratios,
    )


def _check(labels: Labels, classes: Sequence[str], groups: NDArray[np.int64], joined: int) -> None:
    try:
        check_labels(labels, classes, groups)
    except ModelError as error:
        if not joined:
            raise
        why = f"{joined + 1} groups hold the same pictures and count as one"
        raise ModelError(f"{error}; {why}: give different pictures") from error


def _recipe(
    vectors: NDArray[np.float32],
    readings: Readings,
    vision: PatchNetwork,
    labels: Labels,
    groups: NDArray[np.int64],
    seed: int,
) -> tuple[Recipe, dict[str, float]]:
    """Chosen on the cases that have pictures; everything where they are too few to choose."""
    whole, there = everything(vision), readings.has_image
    if not np.isfinite(vectors[there]).all():
        return whole, {}  # the head says what is wrong
    with suppress(ModelError):
        size = vision.image_tower.pooled_size
        recipe, losses = choose_recipe(
            vectors[there], whole, size, labels[there], groups[there], seed=seed
        )
        return recipe, {f"recipe:{x}": y for x, y in losses.items()}
    return whole, {}
