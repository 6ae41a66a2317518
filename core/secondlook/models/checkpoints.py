"""Models from checkpoint folders, and how their weights are named. See `folders` for refusals."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers.utils import logging as transformers_logging

from secondlook.errors import BackboneError
from secondlook.models.folders import check_folder


def load_model(path: Path, kind: str = "AutoModel") -> tuple[nn.Module, frozenset[str]]:
    """The model in a checkpoint folder, and the names of weights the file did not have.

    `kind` names the class of transformers that loads it. The model is in evaluation mode, without
    gradients, on the CPU: float32, or as it was saved where it generates text, for such models
    are large. Only heads that nothing here uses (`pooler`) may be missing: transformers would
    fill the rest with random numbers in silence. Raises BackboneError.
    """
    folder = check_folder(path)
    try:
        with quiet_transformers():
            model, info = getattr(transformers, kind).from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                dtype=torch.float32 if kind == "AutoModel" else "auto",
            )
    except Exception as error:  # transformers raises a dozen kinds for a damaged folder
        raise BackboneError(f"cannot load the checkpoint in {path}: {brief(error)}") from error
    missing = frozenset(info["missing_keys"]) | {x[0] for x in info["mismatched_keys"]}
    needed = sorted(x for x in missing if "pooler" not in x.split("."))
    if needed:
        raise BackboneError(
            f"the weights in {path} lack {len(needed)} of the model's parameters, "
            f"{needed[0]} first: they do not belong to its config.json"
        )
    return model.eval().requires_grad_(False), missing


def brief(error: Exception) -> str:
    """The kind of an error and its first line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def fingerprint(model: nn.Module, without: Collection[str] = ()) -> str:
    """sha256 over name, shape, dtype and bytes of every weight and buffer, sorted by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name not in without:
            digest.update(f"{name}|{tuple(tensor.shape)}|{tensor.dtype}|".encode())
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    return digest.hexdigest()


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
