"""The weights of one LoRA adapter: made, checked, saved and loaded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from secondlook.errors import AdapterError
from secondlook.models.lora.contents import OTHER_NETWORK, read_contents, write_contents
from secondlook.models.lora.targets import adaptable, pair_shapes


class Pair(NamedTuple):
    """What LoRA adds to one layer: alpha / rank * B A x."""

    a: Tensor
    """(rank, in) or (rank, in, kh, kw) float32"""
    b: Tensor
    """(out, rank) or (out, rank, 1, 1) float32"""


@dataclass(frozen=True, kw_only=True, eq=False)
class LoraWeights:
    """One adapter's low-rank matrices and what they belong to. Its tensors are not to be changed.

    Raises AdapterError where a pair is not of the stated rank or not finite.
    """

    rank: int
    alpha: int
    last: int
    """In how many of the last blocks its layers lie."""
    backbone: str
    """Fingerprint of the backbone it was learned with."""
    pairs: Mapping[str, Pair]
    """By module name, counted from the tower."""

    def __post_init__(self) -> None:
        if self.rank < 1 or not self.pairs:
            raise AdapterError(
                f"LoRA weights of rank {self.rank} for {len(self.pairs)} layers: "
                "give a rank of at least 1 and at least one layer"
            )
        for name, (a, b) in self.pairs.items():
            if a.ndim < 2 or b.ndim != a.ndim or {a.shape[0], b.shape[1]} != {self.rank}:
                raise AdapterError(
                    f"{name}: A of shape {tuple(a.shape)} and B of shape {tuple(b.shape)} are not "
                    f"of rank {self.rank}: learn again"
                )
            if not (torch.isfinite(a).all() and torch.isfinite(b).all()):
                raise AdapterError(f"{name} holds numbers that are not finite: learn again")

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the layers it changes."""
        return tuple(self.pairs)

    @property
    def nbytes(self) -> int:
        """Bytes of all its matrices."""
        return sum(x.nbytes for pair in self.pairs.values() for x in pair)

    def check(self, tower: nn.Module, backbone: str) -> None:
        """Raises AdapterError unless it was learned with this backbone and fits every layer."""
        if self.backbone != backbone:
            raise AdapterError(
                f"LoRA weights learned with backbone {self.backbone[:12] or 'unknown'} do not "
                f"belong to backbone {backbone[:12]}: {OTHER_NETWORK}"
            )
        layers = dict(adaptable(tower))
        for name, (a, b) in self.pairs.items():
            if name not in layers:
                raise AdapterError(
                    f"LoRA weights for {name}, which {type(tower).__name__} does not have or "
                    f"cannot adapt: {OTHER_NETWORK}"
                )
            expected = pair_shapes(layers[name], self.rank)
            if (tuple(a.shape), tuple(b.shape)) != expected:
                raise AdapterError(
                    f"{name} takes A and B of shapes {expected[0]} and {expected[1]}, not "
                    f"{tuple(a.shape)} and {tuple(b.shape)}: {OTHER_NETWORK}"
                )

    @classmethod
    def fresh(
        cls,
        tower: nn.Module,
        targets: Sequence[str],
        *,
        rank: int,
        alpha: int,
        last: int,
        backbone: str,
        seed: int,
    ) -> "LoraWeights":
        """Weights to start learning from: A Kaiming-uniform by `seed`, B zero.

        The tower's output is untouched until B has learned something.
        """
        numbers = torch.Generator().manual_seed(seed)
        pairs = {}
        for name in targets:
            shape_a, shape_b = pair_shapes(tower.get_submodule(name), rank)
            a = nn.init.kaiming_uniform_(torch.empty(shape_a), a=math.sqrt(5), generator=numbers)
            pairs[name] = Pair(a, torch.zeros(shape_b))
        return cls(rank=rank, alpha=alpha, last=last, backbone=backbone, pairs=pairs)

    def save(self, folder: Path) -> str:
        """Write both files into an existing folder; gives the sha256 of the weights file.

        Raises AdapterError where they are there already or cannot be written; then neither is.
        """
        numbers = {"rank": self.rank, "alpha": self.alpha, "last": self.last}
        return write_contents(folder, self.backbone, numbers, self.pairs)

    @classmethod
    def load(cls, folder: Path, *, fingerprint: str) -> "LoraWeights":
        """Read and check both files.

        Args:
            fingerprint: of the backbone in use; weights learned with another one are refused.

        Raises AdapterError for missing, pickled, damaged or contradicting files, another
        backbone, missing or superfluous tensors, wrong ranks, and numbers that are not finite.
        """
        numbers, matrices = read_contents(folder, fingerprint)
        pairs = {name: Pair(*x) for name, x in matrices.items()}
        return cls(**numbers, backbone=fingerprint, pairs=pairs)
