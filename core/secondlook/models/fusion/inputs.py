"""What a fusion head is given: for each modality what a backbone said, and where it said nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from secondlook.errors import ModelError


@dataclass(frozen=True)
class ModalitySpec:
    """One modality of a head. Raises ModelError for an empty name, a `+` in it, or no size."""

    name: str
    size: int
    """Length of its pooled vector and of each of its tokens."""

    def __post_init__(self) -> None:
        # `+` joins the names of a missingness pattern; a dot is not allowed in a module's name.
        if not self.name or set(self.name) & set("+.") or self.size < 1:
            raise ModelError(
                f"a modality needs a name without '+' and '.' and a size of at least 1, "
                f"got {self.name!r} and {self.size}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class ModalityBatch:
    """One modality of B cases: a pooled vector, tokens, or both.

    Rows of absent cases may hold anything, NaN too: they are never read.
    Raises ModelError where the shapes do not fit together or neither is given.
    """

    present: Tensor
    """(B,) bool."""
    pooled: Tensor | None = None
    """(B, D); None stands for the mean of the tokens."""
    tokens: Tensor | None = None
    """(B, T, D)"""
    mask: Tensor | None = None
    """(B, T) bool, False is padding; None means that every token counts."""

    def __post_init__(self) -> None:
        rows = tuple(self.present.shape)
        given = [x for x in (self.pooled, self.tokens, self.mask) if x is not None]
        fits = len(rows) == 1 and self.present.dtype == torch.bool
        fits &= all(x.shape[:1] == rows for x in given)
        fits &= self.pooled is None or self.pooled.ndim == 2
        fits &= self.tokens is None or self.tokens.ndim == 3
        if self.mask is not None:
            fits &= self.tokens is not None and self.mask.shape == self.tokens.shape[:2]
        if self.pooled is None and self.tokens is None or not fits:
            raise ModelError(
                "a modality needs present (B,) bool and pooled (B, D) or tokens (B, T, D) with "
                f"mask (B, T); got present {rows} and {[tuple(x.shape) for x in given]}"
            )

    def __len__(self) -> int:
        return len(self.present)

    @property
    def size(self) -> int:
        """D."""
        given = self.tokens if self.pooled is None else self.pooled
        assert given is not None  # __post_init__ saw to it
        return int(given.shape[-1])

    def vectors(self) -> Tensor:
        """(B, D) the pooled vectors, or the means of the tokens; zero where absent."""
        if self.pooled is not None:
            return self._known(self.pooled)
        tokens, mask = self.sequence()
        count = mask.sum(1, keepdim=True).clamp(min=1)
        return (tokens * mask.unsqueeze(-1)).sum(1) / count

    def sequence(self) -> tuple[Tensor, Tensor]:
        """Tokens (B, T, D) and mask (B, T); T is 0 where there are none, zero where absent."""
        if self.tokens is None:
            empty = self.vectors().new_zeros(len(self), 0, self.size)
            return empty, self.present.new_zeros(len(self), 0)
        mask = self.present.unsqueeze(1).expand(self.tokens.shape[:2])
        mask = mask if self.mask is None else mask & self.mask
        return torch.where(mask.unsqueeze(-1), self.tokens, 0), mask

    def take(self, rows: Tensor) -> "ModalityBatch":
        """The cases of these row numbers (N,) int64, in this order."""
        pick = [None if x is None else x[rows] for x in (self.pooled, self.tokens, self.mask)]
        return ModalityBatch(
            present=self.present[rows], pooled=pick[0], tokens=pick[1], mask=pick[2]
        )

    def _known(self, values: Tensor) -> Tensor:
        # Selecting before any arithmetic keeps a NaN out of the gradients as well.
        return torch.where(self.present.unsqueeze(1), values, 0)


Batch = Mapping[str, ModalityBatch]
"""The modalities of the same B cases, by name."""


def pooled(values: ArrayLike, present: ArrayLike | None = None) -> ModalityBatch:
    """A modality from vectors (B, D); present (B,) bool, everywhere unless given."""
    vectors = torch.from_numpy(np.array(values, dtype=np.float32))
    there = np.ones(len(vectors), bool) if present is None else np.array(present, dtype=bool)
    return ModalityBatch(present=torch.from_numpy(there), pooled=vectors)


def sequences(rows: Sequence[ArrayLike], size: int) -> ModalityBatch:
    """A modality from the tokens (n, D) of each case, padded; absent from cases that have none."""
    arrays = [np.array(x, dtype=np.float32).reshape(-1, size) for x in rows]
    most = max((len(x) for x in arrays), default=0)
    tokens = np.zeros((len(arrays), max(1, most), size), dtype=np.float32)
    mask = np.zeros(tokens.shape[:2], dtype=bool)
    for i, array in enumerate(arrays):
        tokens[i, : len(array)], mask[i, : len(array)] = array, True
    there = torch.from_numpy(mask)
    return ModalityBatch(present=there.any(1), tokens=torch.from_numpy(tokens), mask=there)


def rows_of(batch: Batch) -> int:
    """B. Raises ModelError where there is no modality or they differ in their number of cases."""
    sizes = {name: len(x) for name, x in batch.items()}
    if len(set(sizes.values())) != 1:
        raise ModelError(f"every modality must hold the same cases, got {sizes or 'none'}")
    return next(iter(sizes.values()))


def take(batch: Batch, rows: ArrayLike | Tensor) -> dict[str, ModalityBatch]:
    """The cases of these row numbers, in this order."""
    index = torch.as_tensor(rows, dtype=torch.int64)
    return {name: x.take(index) for name, x in batch.items()}


def presence(batch: Batch, names: Sequence[str] | None = None) -> Tensor:
    """(B, M) bool, in the order of the names."""
    return torch.stack([batch[x].present for x in names or batch], dim=1)


def with_presence(batch: Batch, present: Tensor) -> dict[str, ModalityBatch]:
    """The same cases with presence (B, M) in the order of the batch."""
    return {
        name: replace(x, present=column)
        for (name, x), column in zip(batch.items(), present.unbind(1), strict=True)
    }


def without(batch: Batch, *names: str) -> dict[str, ModalityBatch]:
    """The same cases, these modalities absent from all of them."""
    return {
        name: replace(x, present=torch.zeros_like(x.present)) if name in names else x
        for name, x in batch.items()
    }


def patterns(batch: Batch) -> list[str]:
    """For each case what is present, as `image+text`; empty where nothing is."""
    names = list(batch)
    return [
        "+".join(x for x, there in zip(names, row, strict=True) if there)
        for row in presence(batch).tolist()
    ]
