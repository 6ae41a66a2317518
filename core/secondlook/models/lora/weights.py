"""The weights of one LoRA adapter: made, checked, saved and loaded.

The files are those of peft, so that other tools read them. What peft leaves out, and so loads onto
any network in silence, stands in the header of the weights file: the backbone's fingerprint, and
rank and alpha once more, so that the one sha256 of that file binds everything that counts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from secondlook.errors import AdapterError
from secondlook.models.lora.files import CONFIG, WEIGHTS, damaged, read_files, write_files
from secondlook.models.lora.targets import adaptable, pair_shapes

PREFIX = "base_model.model."  # what peft puts before every module name
KEYS = ("backbone", "rank", "alpha", "last")
PLAIN = ("use_dora", "use_rslora", "lora_bias", "rank_pattern", "alpha_pattern", "fan_in_fan_out")
OTHER_NETWORK = "use the backbone it was learned with, or learn again with this one"


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
        tensors = {}
        for name, (a, b) in self.pairs.items():
            tensors[f"{PREFIX}{name}.lora_A.weight"] = a.detach().cpu().contiguous()
            tensors[f"{PREFIX}{name}.lora_B.weight"] = b.detach().cpu().contiguous()
        header = {"format": "pt"} | {f"secondlook.{x}": str(getattr(self, x)) for x in KEYS}
        return write_files(folder, _peft_config(self), tensors, header)

    @classmethod
    def load(cls, folder: Path, *, fingerprint: str) -> "LoraWeights":
        """Read and check both files.

        Args:
            fingerprint: of the backbone in use; weights learned with another one are refused.

        Raises AdapterError for missing, pickled, damaged or contradicting files, another
        backbone, missing or superfluous tensors, wrong ranks, and numbers that are not finite.
        """
        config, tensors, header = read_files(folder)
        stated = _stated(header, folder / WEIGHTS)
        if stated["backbone"] != fingerprint:
            raise AdapterError(
                f"the LoRA weights in {folder} were learned with backbone "
                f"{stated['backbone'][:12]}, not with {fingerprint[:12]}: {OTHER_NETWORK}"
            )
        numbers = {x: _number(stated[x], x, folder / WEIGHTS) for x in KEYS if x != "backbone"}
        targets = _targets(config, numbers["rank"], numbers["alpha"], folder / CONFIG)
        pairs = _pairs(tensors, targets, folder / WEIGHTS)
        return cls(
            rank=numbers["rank"],
            alpha=numbers["alpha"],
            last=numbers["last"],
            backbone=fingerprint,
            pairs=pairs,
        )


def _peft_config(weights: LoraWeights) -> dict[str, Any]:
    from peft import LoraConfig

    config: Any = LoraConfig(r=weights.rank, lora_alpha=weights.alpha, inference_mode=True)
    stated: dict[str, Any] = config.to_dict()
    return stated | {"target_modules": sorted(weights.targets)}


def _stated(header: Mapping[str, str], path: Path) -> dict[str, str]:
    absent = [x for x in KEYS if f"secondlook.{x}" not in header]
    if absent:
        raise AdapterError(
            f"{path} does not say for which {absent[0]} it was learned, so it may fit another "
            "network than this one: learn the adapter with `secondlook learn`"
        )
    return {x: header[f"secondlook.{x}"] for x in KEYS}


def _number(text: str, name: str, path: Path) -> int:
    if not text.isdecimal():
        raise AdapterError(damaged(path, f"its {name} is {text[:20]!r}, not a whole number"))
    return int(text)


def _targets(config: Mapping[str, Any], rank: int, alpha: int, path: Path) -> list[str]:
    """The layers that the config names, if it is plain LoRA that agrees with the weights file."""
    stated = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha}
    for key, expected in stated.items():
        if config.get(key) != expected:
            reason = f"its {key} is {config.get(key)!r}, but the weights are for {expected!r}"
            raise AdapterError(damaged(path, reason))
    special = [x for x in PLAIN if config.get(x)]
    if special:
        raise AdapterError(f"{path} sets {special[0]}: only plain LoRA can be run, learn it so")
    targets = config.get("target_modules")
    if not isinstance(targets, list) or not all(isinstance(x, str) for x in targets):
        reason = "its target_modules is not a list of module names"
        raise AdapterError(damaged(path, reason))
    return targets


def _pairs(tensors: Mapping[str, Tensor], targets: Sequence[str], path: Path) -> dict[str, Pair]:
    expected = {f"{PREFIX}{x}.lora_{y}.weight" for x in targets for y in "AB"}
    for kind, names in (("lacks", expected - set(tensors)), ("adds", set(tensors) - expected)):
        if names:
            first = min(names).removeprefix(PREFIX)
            reason = f"it {kind} {len(names)} tensors against {CONFIG}, {first} first"
            raise AdapterError(damaged(path, reason))
    whole = [x for x, y in tensors.items() if not y.is_floating_point()]
    if whole:
        raise AdapterError(damaged(path, f"{whole[0]} is {tensors[whole[0]].dtype}, not float"))
    return {
        x: Pair(*(tensors[f"{PREFIX}{x}.lora_{y}.weight"].to(torch.float32) for y in "AB"))
        for x in sorted(targets)
    }
