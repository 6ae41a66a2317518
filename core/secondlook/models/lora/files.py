"""The two files of a LoRA adapter, as peft names and lays them out.

adapter_config.json          peft's LoraConfig as JSON
adapter_model.safetensors    the weights, and in the header what they were learned for
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from secondlook.errors import AdapterError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def write_files(
    folder: Path, config: Mapping[str, Any], tensors: dict[str, Tensor], header: dict[str, str]
) -> str:
    """Write both files into an existing folder, or neither; gives the sha256 of the weights file.

    Raises AdapterError where one of them is there already, or the folder cannot be written.
    """
    contents = {
        WEIGHTS: _same_bytes(save(tensors, metadata=header)),
        CONFIG: (json.dumps(config, indent=2, sort_keys=True) + "\n").encode(),
    }
    there = [x for x in contents if (folder / x).exists()]
    if there:
        raise AdapterError(
            f"{folder} holds {' and '.join(there)} already; weights are never overwritten: "
            "write a new version to a new folder"
        )
    try:
        for name, content in contents.items():
            _write(folder / name, content)
    except OSError as error:
        for name in contents:
            (folder / name).unlink(missing_ok=True)
        raise AdapterError(f"cannot write LoRA weights to {folder}: {error.strerror}") from error
    return hashlib.sha256(contents[WEIGHTS]).hexdigest()


def _same_bytes(content: bytes) -> bytes:
    """The same file with its header in a fixed order; safetensors writes it in a random one."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_files(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, str]]:
    """Config, tensors and header. Raises AdapterError for missing, pickled or damaged files."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise AdapterError(_missing(folder, name))
    tensors, header = _read_weights(folder / WEIGHTS)
    return _read_config(folder / CONFIG), tensors, header


def _missing(folder: Path, name: str) -> str:
    met = sorted(x.name for x in folder.iterdir()) if folder.is_dir() else []
    pickles = [x for x in met if x.endswith(PICKLES)]
    if pickles:
        return (
            f"{folder} holds pickled weights ({', '.join(pickles)}), which can run code when they "
            "are opened; secondlook reads safetensors only: on a machine that trusts the file, "
            "save it with save_pretrained(folder, safe_serialization=True) of peft"
        )
    holds = ", ".join(met) or "nothing"
    return (
        f"{folder} has no {name}; it holds {holds}: LoRA weights are a folder with {CONFIG} and "
        f"{WEIGHTS} under exactly these names"
    )


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AdapterError(damaged(path, type(error).__name__)) from error
    if not isinstance(config, dict):
        raise AdapterError(damaged(path, f"it holds a {type(config).__name__}, not an object"))
    return config


def _read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise AdapterError(damaged(path, f"{type(error).__name__}: {error}")) from error


def damaged(path: Path, reason: str) -> str:
    """The message for a file whose content cannot be used."""
    return f"cannot use {path}: {reason}; restore it from a copy or learn again"
