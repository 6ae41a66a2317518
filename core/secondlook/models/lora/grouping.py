"""A batch whose rows belong to different adapters, taken apart by adapter and put together again.

Grouped sub-batches cost about what one mixed batch costs, and need no support by the layers.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from secondlook.errors import AdapterError

Batch = TypeVar("Batch", Tensor, Mapping[str, Tensor])


def group(
    rows: Sequence[str | None], batch: Tensor | Mapping[str, Tensor]
) -> dict[str | None, list[int]]:
    """Which rows belong to each adapter. Raises AdapterError unless every row names one."""
    tensors = [batch] if isinstance(batch, Tensor) else list(batch.values())
    sizes = {len(x) for x in tensors}
    if sizes != {len(rows)} or not rows:
        met = " and ".join(map(str, sorted(sizes))) or "no tensors"
        raise AdapterError(
            f"{len(rows)} adapters for a batch of {met}: name one for each of its rows"
        )
    groups: dict[str | None, list[int]] = {}
    for row, adapter in enumerate(rows):
        groups.setdefault(adapter, []).append(row)
    return groups


def take(batch: Batch, rows: list[int]) -> Batch:
    """These rows of a batch."""
    if isinstance(batch, Tensor):
        return batch[rows]
    return {name: tensor[rows] for name, tensor in batch.items()}


def in_order(parts: Sequence[Tensor], groups: Mapping[str | None, list[int]]) -> Tensor:
    """The groups' answers as one tensor (B, ...) with the rows in their first order."""
    order = torch.tensor([row for members in groups.values() for row in members])
    return torch.cat(list(parts))[order.argsort()]
