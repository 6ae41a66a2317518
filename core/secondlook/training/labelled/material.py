"""What tuning learns from: of every case its pictures, and the vectors of its text in all views.

The vector of its most unusual place is the same in all views: it comes from the frozen backbone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from secondlook.models.backbones import TextBackbone
from secondlook.models.case_vectors import IMAGE, TEXT, passages_vector
from secondlook.models.fusion.inputs import ModalityBatch
from secondlook.models.region import parts_of
from secondlook.training.labelled.augment import random_for, text_view
from secondlook.training.labelled.cases import LabelledCase
from secondlook.training.labelled.readings import Readings
from secondlook.training.labelled.states import Look, PictureStates


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """N cases, each in several views; view 0 is the case itself."""

    labels: Tensor
    """(N,) int64 or (N, C) float32"""
    pictures: tuple[tuple[int, ...], ...]
    """(N,) numbers of the pictures of each case."""
    text: Tensor | None
    """(views, N, T) or None where no case has a text."""
    has_text: Tensor
    """(N,) bool"""
    size: int
    """V of the vectors of pictures."""
    views: int
    """How many, the case itself counted."""
    places: Mapping[str, Tensor] = field(default_factory=dict)
    """(N, R) by modality, of the most unusual place; every case with pictures has one. Empty where
    no goods part finds any."""

    def looks(self, rows: Sequence[int], views: Sequence[int]) -> list[Look]:
        """The pictures of these cases in these views (one a case)."""
        return [
            (x, view) for row, view in zip(rows, views, strict=True) for x in self.pictures[row]
        ]

    def batch(
        self, states: PictureStates, rows: Sequence[int], views: Sequence[int]
    ) -> dict[str, ModalityBatch]:
        """What a head reads of these cases, with gradients into the active adapter."""
        batch = {IMAGE: self._images(states, rows, views)}
        for name, vectors in self.places.items():
            there = batch[IMAGE].present
            batch[name] = ModalityBatch(present=there, pooled=vectors[list(rows)])
        if self.text is not None:
            vectors = self.text[list(views), list(rows)]
            batch[TEXT] = ModalityBatch(present=self.has_text[list(rows)], pooled=vectors)
        return batch

    def _images(
        self, states: PictureStates, rows: Sequence[int], views: Sequence[int]
    ) -> ModalityBatch:
        counts = torch.tensor([len(self.pictures[x]) for x in rows])
        means = torch.zeros(len(rows), self.size)
        if counts.any():
            owner = torch.repeat_interleave(torch.arange(len(rows)), counts)
            vectors = states.vectors(self.looks(rows, views))
            means = means.index_add(0, owner, vectors) / counts.clamp(min=1)[:, None]
        return ModalityBatch(present=counts > 0, pooled=means)


def material(
    cases: Sequence[LabelledCase],
    labels: NDArray[np.generic],
    readings: Readings,
    text: TextBackbone | None,
    *,
    views: int,
    size: int,
    seed: int,
) -> Material:
    """The material of these cases with `views` views beside the cases themselves."""
    pictures: list[list[int]] = [[] for _ in cases]
    for number, owner in enumerate(readings.owner.tolist()):
        pictures[owner].append(number)
    kind = np.int64 if labels.ndim == 1 else np.float32
    return Material(
        labels=torch.from_numpy(np.array(labels, dtype=kind)),
        pictures=tuple(tuple(x) for x in pictures),
        text=_texts(cases, readings, text, views, seed),
        has_text=torch.from_numpy(readings.has_text.copy()),
        size=size,
        views=views + 1,
        places=_places(readings),
    )


def _places(readings: Readings) -> dict[str, Tensor]:
    if not len(readings.regions):
        return {}
    return {x: torch.from_numpy(y.copy()) for x, y in parts_of(readings.worst()[0]).items()}


def _texts(
    cases: Sequence[LabelledCase],
    readings: Readings,
    text: TextBackbone | None,
    views: int,
    seed: int,
) -> Tensor | None:
    if text is None or not readings.has_text.any():
        return None
    rows = [readings.text]
    for view in range(1, views + 1):
        other = readings.text.copy()
        for i in np.flatnonzero(readings.has_text).tolist():
            random = random_for(seed, cases[i].key, view)
            other[i] = passages_vector(text, text_view(cases[i].passages, random))
        rows.append(other)
    return torch.from_numpy(np.stack(rows))
