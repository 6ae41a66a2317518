"""backbones: what a checkpoint can be used for, and fetching one from the Hugging Face hub.

Fetching is the only step that uses the network, and only when it is asked for by name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.errors import BackboneError, UsageError

if TYPE_CHECKING:
    from secondlook.models.inspection import CheckpointReport

WANTED = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "chat_template.*",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
    "1_Pooling/config.json",
    "README.md",
    "LICENSE*",
)
"""Weights that cannot run code, settings, tokenizer and processor; no pickles, no Python."""
UNWANTED = ("*/*.safetensors", "*/*.safetensors.index.json", "*/*.model")
"""Copies for other programs, in folders of their own."""


@dataclass(frozen=True, kw_only=True)
class FetchReport:
    """A checkpoint that lies in the local cache now."""

    name: str
    revision: str
    folder: str
    files: tuple[str, ...]
    bytes: int


def check(path: str) -> "CheckpointReport":
    """What the checkpoint in a folder, or of a fetched hub id, can be used for. Never raises."""
    from secondlook.models.inspection import inspect_checkpoint

    return inspect_checkpoint(path)


def fetch(name: str) -> FetchReport:
    """Download a checkpoint of the hub (`org/name`) into the local Hugging Face cache.

    Raises UsageError where `name` is no hub id, and BackboneError where the hub cannot be
    reached, does not give the checkpoint, or has no safetensors of it.
    """
    from secondlook.models.folders import is_hub_id

    if not is_hub_id(name):
        raise UsageError(f"{name!r} is no hub id: give it as org/name")
    folder = _download(name)
    files = sorted(x for x in folder.rglob("*") if x.is_file())
    if not any(x.suffix == ".safetensors" for x in files):
        raise BackboneError(
            f"{name} has no safetensors, and secondlook loads nothing else: look on the hub for "
            "a safetensors revision or another checkpoint of the same model"
        )
    return FetchReport(
        name=name,
        revision=folder.name,
        folder=str(folder),
        files=tuple(x.relative_to(folder).as_posix() for x in files),
        bytes=sum(x.stat().st_size for x in files),
    )


def _download(name: str) -> Path:
    import huggingface_hub

    try:
        return Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED)
            )
        )
    except Exception as error:  # the hub client raises a dozen kinds
        first = (str(error).strip().splitlines() or [""])[0]
        raise BackboneError(
            f"cannot fetch {name}: {type(error).__name__}: {first}; check the name and the "
            "network, unset HF_HUB_OFFLINE, log in with `hf auth login` where the checkpoint is "
            "gated, or copy its folder here and give the path"
        ) from error
