"""Labelled cases, and refusals of those from which nothing can be learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.training.folds import Labels

Pixels: TypeAlias = NDArray[np.uint8]
Picture: TypeAlias = Pixels | Callable[[], Pixels]
"""(H, W, 3), or what loads it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledCase:
    """One case that somebody labelled or decided."""

    images: tuple[Picture, ...] | Callable[[], tuple[Pixels, ...]] = ()
    """The pictures, each as it is or with what loads it, or what loads all of them."""
    slices: bool = False
    """Whether pictures are slices of volumes: then which of them count is learned, too."""
    passages: tuple[str, ...] = ()
    labels: tuple[str, ...]
    group: str
    """What is never parted (patient, lot); the key where every case stands by itself."""
    key: str
    """sha256 of the case."""

    def pictures(self) -> tuple[Picture, ...]:
        """Its pictures; raises what the loader raises."""
        return self.images() if callable(self.images) else self.images


def label_array(cases: Sequence[LabelledCase], classes: Sequence[str], multilabel: bool) -> Labels:
    """(N,) int64, or (N, C) float32 where several labels may hold.

    Raises ModelError for an unknown label, or unless a case has the one label it should have.
    """
    place = {x: i for i, x in enumerate(classes)}
    unknown = sorted({x for case in cases for x in case.labels} - set(place))
    if unknown:
        raise ModelError(
            f"labels {unknown[:5]} are none of {list(classes)}: correct them, or add them to the "
            "labels of the domain"
        )
    if multilabel:
        several = np.zeros((len(cases), len(classes)), dtype=np.float32)
        for row, case in enumerate(cases):
            several[row, [place[x] for x in case.labels]] = 1
        return several
    odd = [x for x in cases if len(set(x.labels)) != 1]
    if odd:
        raise ModelError(
            f"{len(odd)} of {len(cases)} cases have not exactly one label (case {odd[0].key[:12]} "
            f"has {len(set(odd[0].labels))}): give each one label, or allow several"
        )
    return np.array([place[x.labels[0]] for x in cases], dtype=np.int64)


def joined_groups(
    groups: Sequence[str], shared: Sequence[Sequence[str]]
) -> tuple[NDArray[np.int64], int]:
    """(N,) group numbers in which cases that share anything are together.

    The same picture under two patients or lots would be learned from and checked on.

    Args:
        groups: (N,) as they were given.
        shared: (N,) what else binds a case: its key, the digests of its pictures.

    Returns also how many of the given groups were lost by that.
    """
    root: dict[tuple[str, str], tuple[str, str]] = {}

    def find(node: tuple[str, str]) -> tuple[str, str]:
        root.setdefault(node, node)
        while root[node] != node:
            root[node] = node = root[root[node]]
        return node

    for group, others in zip(groups, shared, strict=True):
        for other in others:
            root[find(("shared", other))] = find(("group", group))
    ends = [find(("group", x)) for x in groups]
    number = {x: i for i, x in enumerate(dict.fromkeys(ends))}
    return np.array([number[x] for x in ends], dtype=np.int64), len(set(groups)) - len(number)
