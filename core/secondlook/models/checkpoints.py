"""Local checkpoint folders: what is accepted, what is refused, and how weights are named.

Safetensors only: pickled weights (`.bin`, `.pt`, `.ckpt`) can run code when they are opened.
Nothing is fetched, and code that lies in a checkpoint folder is never run.
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers.utils import logging as transformers_logging

from secondlook.errors import BackboneError


def check_folder(path: Path) -> Path:
    """The folder, resolved, if it can be loaded safely. Raises BackboneError otherwise."""
    if not path.is_dir():
        raise BackboneError(
            f"no checkpoint folder at {path}: give a folder with config.json and "
            "model.safetensors, as save_pretrained() of transformers writes it"
        )
    if not (path / "config.json").is_file():
        raise BackboneError(f"{path} has no config.json: it is not a transformers checkpoint")
    if not list(path.glob("*.safetensors")):
        raise BackboneError(_no_weights(path))
    return path.resolve()


def _no_weights(path: Path) -> str:
    pickles = sorted(
        x.name for kind in ("bin", "pt", "pth", "ckpt") for x in path.glob(f"*.{kind}")
    )
    met = f"only pickled weights ({', '.join(pickles)})" if pickles else "no weights"
    return (
        f"{path} holds {met}; secondlook loads safetensors only: on a machine that trusts the "
        "file, save it with model.save_pretrained(folder, safe_serialization=True)"
    )


def load_model(path: Path) -> tuple[nn.Module, frozenset[str]]:
    """The model in a checkpoint folder, and the names of weights the file did not have.

    The model is in evaluation mode, float32, on the CPU. Only heads that nothing here uses
    (`pooler`) may be missing: transformers would fill the rest with random numbers in silence.
    """
    from transformers import AutoModel

    folder = check_folder(path)
    try:
        with quiet_transformers():
            model, info = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                dtype=torch.float32,
            )
    except Exception as error:  # transformers raises a dozen kinds for a damaged folder
        raise BackboneError(f"cannot load the checkpoint in {path}: {_brief(error)}") from error
    missing = frozenset(info["missing_keys"]) | {x[0] for x in info["mismatched_keys"]}
    needed = sorted(x for x in missing if "pooler" not in x.split("."))
    if needed:
        raise BackboneError(
            f"the weights in {path} lack {len(needed)} of the model's parameters, "
            f"{needed[0]} first: they do not belong to its config.json"
        )
    return model.eval().requires_grad_(False), missing


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"


def fingerprint(model: nn.Module, without: Collection[str] = ()) -> str:
    """sha256 over name, shape, dtype and bytes of every weight and buffer, sorted by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name not in without:
            digest.update(f"{name}|{tuple(tensor.shape)}|{tensor.dtype}|".encode())
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep progress bars and load reports off the terminal; what matters is checked instead."""
    logs: Any = transformers_logging
    level, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(level)
        if bars:
            logs.enable_progress_bar()
