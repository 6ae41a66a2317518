"""Where a checkpoint lies, and whether its files may be opened at all.

Safetensors only: pickled weights (`.bin`, `.pt`, `.ckpt`) can run code when they are opened.
Nothing is fetched, and code that lies in a checkpoint folder is never run.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondlook.errors import BackboneError
from secondlook.models.weight_files import WEIGHTS, check_header, few, weight_files

HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A folder with a checkpoint, and what to call it."""

    folder: Path
    name: str
    revision: str
    """`local`, or the commit of a checkpoint from the hub."""


def locate(path: Path | str) -> Checkpoint:
    """The checkpoint in this folder, or of this hub id (`org/name`) in the local cache.

    The network is never asked. Raises BackboneError where there is neither.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return Checkpoint(folder=folder, name=folder.resolve().name, revision="local")
    if is_hub_id(path):
        return _cached(Path(path).as_posix())
    raise BackboneError(
        f"no checkpoint folder at {path}: give a folder with config.json and "
        f"{WEIGHTS}, as save_pretrained() of transformers writes it"
    )


def is_hub_id(path: Path | str) -> bool:
    """Whether this reads like `org/name` on the Hugging Face hub."""
    return HUB_ID.fullmatch(Path(path).as_posix()) is not None


def _cached(name: str) -> Checkpoint:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except Exception as error:  # the hub client raises a dozen kinds
        raise _not_here(name) from error
    if not (folder / "config.json").is_file():  # another program fetched a part of it
        raise _not_here(name)
    return Checkpoint(folder=folder, name=name, revision=folder.name)


def _not_here(name: str) -> BackboneError:
    return BackboneError(
        f"{name} is neither a folder nor a checkpoint in the local Hugging Face cache, and loading "
        f"never uses the network: secondlook backbones fetch {name}"
    )


def check_folder(path: Path) -> Path:
    """The folder, resolved, if it can be loaded safely. Raises BackboneError otherwise."""
    config = read_config(path)
    if config.get("auto_map"):
        raise BackboneError(
            f"the config.json in {path} asks for code of its own ({_code(config['auto_map'])}), "
            "and secondlook never runs code from a checkpoint (trust_remote_code is never used): "
            "give a checkpoint whose architecture transformers itself knows"
        )
    for file in weight_files(path):
        check_header(file)
    return path.resolve()


def read_config(path: Path) -> dict[str, Any]:
    """The config.json of a folder. Raises BackboneError where there is no such thing."""
    if not path.is_dir():
        locate(path)  # raises
    file = path / "config.json"
    if not file.is_file():
        raise BackboneError(f"{path} has no config.json: it is not a transformers checkpoint")
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BackboneError(f"{file} is no JSON: copy or fetch the checkpoint again") from error
    if not isinstance(config, dict):
        raise BackboneError(f"{file} holds no settings: copy or fetch the checkpoint again")
    return config


def _code(auto_map: Any) -> str:
    named = auto_map.values() if isinstance(auto_map, dict) else [auto_map]
    return few([str(x) for x in named])
