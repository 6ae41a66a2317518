"""What stands in the files of a LoRA adapter, checked.

The files are those of peft, so that other tools read them. What peft leaves out, and so loads onto
any network in silence, stands in the header of the weights file: the backbone's fingerprint, and
rank and alpha once more, so that the one sha256 of that file binds everything that counts.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from secondlook.errors import AdapterError
from secondlook.models.lora.files import CONFIG, WEIGHTS, damaged, read_files, write_files

PREFIX = "base_model.model."  # what peft puts before every module name
NUMBERS = ("rank", "alpha", "last")
KEYS = ("backbone", *NUMBERS)
PLAIN = ("use_dora", "use_rslora", "lora_bias", "rank_pattern", "alpha_pattern", "fan_in_fan_out")
OTHER_NETWORK = "use the backbone it was learned with, or learn again with this one"
Matrices = tuple[Tensor, Tensor]
"""A and B of one layer."""


class Contents(NamedTuple):
    """What both files say."""

    numbers: dict[str, int]
    """Rank, alpha and last."""
    matrices: dict[str, Matrices]
    """float32, by module name."""


def write_contents(
    folder: Path, backbone: str, numbers: Mapping[str, int], matrices: Mapping[str, Matrices]
) -> str:
    """Write both files into an existing folder, or neither; gives the sha256 of the weights file.

    Raises AdapterError where one of them is there already, or the folder cannot be written.
    """
    tensors = {}
    for name, (a, b) in matrices.items():
        tensors[f"{PREFIX}{name}.lora_A.weight"] = a.detach().cpu().contiguous()
        tensors[f"{PREFIX}{name}.lora_B.weight"] = b.detach().cpu().contiguous()
    stated = {"backbone": backbone} | {x: str(numbers[x]) for x in NUMBERS}
    header = {"format": "pt"} | {f"secondlook.{k}": v for k, v in stated.items()}
    config = _peft_config(numbers["rank"], numbers["alpha"], list(matrices))
    return write_files(folder, config, tensors, header)


def read_contents(folder: Path, backbone: str) -> Contents:
    """Read and check both files; weights of another backbone than this one are refused.

    Raises AdapterError for missing, pickled, damaged or contradicting files, another backbone,
    and missing or superfluous tensors.
    """
    config, tensors, header = read_files(folder)
    stated = _stated(header, folder / WEIGHTS)
    if stated["backbone"] != backbone:
        raise AdapterError(
            f"the LoRA weights in {folder} were learned with backbone "
            f"{stated['backbone'][:12]}, not with {backbone[:12]}: {OTHER_NETWORK}"
        )
    numbers = {x: _number(stated[x], x, folder / WEIGHTS) for x in NUMBERS}
    targets = _targets(config, numbers["rank"], numbers["alpha"], folder / CONFIG)
    return Contents(numbers, _pairs(tensors, targets, folder / WEIGHTS))


def _peft_config(rank: int, alpha: int, targets: Sequence[str]) -> dict[str, Any]:
    from peft import LoraConfig

    config: Any = LoraConfig(r=rank, lora_alpha=alpha, inference_mode=True)
    stated: dict[str, Any] = config.to_dict()
    return stated | {"target_modules": sorted(targets)}


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


def _pairs(
    tensors: Mapping[str, Tensor], targets: Sequence[str], path: Path
) -> dict[str, Matrices]:
    expected = {f"{PREFIX}{x}.lora_{y}.weight" for x in targets for y in "AB"}
    for kind, names in (("lacks", expected - set(tensors)), ("adds", set(tensors) - expected)):
        if names:
            first = min(names).removeprefix(PREFIX)
            reason = f"it {kind} {len(names)} tensors against {CONFIG}, {first} first"
            raise AdapterError(damaged(path, reason))
    whole = [x for x, y in tensors.items() if not y.is_floating_point()]
    if whole:
        raise AdapterError(damaged(path, f"{whole[0]} is {tensors[whole[0]].dtype}, not float"))
    return {x: _both(tensors, x) for x in sorted(targets)}


def _both(tensors: Mapping[str, Tensor], module: str) -> Matrices:
    a, b = (tensors[f"{PREFIX}{module}.lora_{x}.weight"].to(torch.float32) for x in "AB")
    return a, b
