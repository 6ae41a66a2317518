"""A head on disk: one safetensors file with its weights and, as metadata, its config."""

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from secondlook.errors import AdapterError
from secondlook.models.fusion.head import FusionConfig, FusionHead

HEAD = "head.safetensors"
CONFIG = "fusion"


def save_head(head: FusionHead, folder: Path) -> Path:
    """Write `head.safetensors` into a folder that exists, and return its path."""
    path = folder / HEAD
    tensors = {name: x.detach().cpu().contiguous() for name, x in head.state_dict().items()}
    save_file(tensors, path, metadata={CONFIG: head.config.model_dump_json()})
    return path


def load_head(folder: Path) -> FusionHead:
    """The head in a folder, ready to answer.

    Raises AdapterError where the file is missing or damaged, or where its weights are not, by
    name and shape, those of the head that its config describes.
    """
    path = folder / HEAD
    try:
        with safe_open(path, framework="pt") as file:
            config = FusionConfig.model_validate_json((file.metadata() or {})[CONFIG])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValidationError) as error:
        raise AdapterError(
            f"cannot read a fusion head from {path} ({type(error).__name__}): "
            "restore the adapter from a copy or learn again"
        ) from None
    with torch.device("meta"):  # no memory for weights that are replaced
        head = FusionHead(config)
    wanted = {name: (tuple(x.shape), x.dtype) for name, x in head.state_dict().items()}
    found = {name: (tuple(x.shape), x.dtype) for name, x in tensors.items()}
    if found != wanted:
        names = sorted(x for x in wanted.keys() | found.keys() if wanted.get(x) != found.get(x))
        raise AdapterError(
            f"the weights in {path} are not those of the head it describes: {names[:3]} differ; "
            "restore the adapter from a copy or learn again"
        )
    head.load_state_dict(tensors, assign=True)
    return head.eval()
