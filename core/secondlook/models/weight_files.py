"""The weights of a checkpoint folder: safetensors, whole or in shards, and never pickles."""

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from secondlook.errors import BackboneError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = ("bin", "pt", "pth", "ckpt", "pkl")


def weight_files(path: Path) -> list[Path]:
    """The weights of a checkpoint, all shards. Raises BackboneError where one is missing."""
    if (path / WEIGHTS).is_file():
        return [path / WEIGHTS]
    if (path / INDEX).is_file():
        return _shards(path)
    raise BackboneError(_no_weights(path))


def _shards(path: Path) -> list[Path]:
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
        names = sorted(set(index["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BackboneError(
            f"{path / INDEX} lists no weights: copy or fetch the checkpoint again"
        ) from error
    lost = [x for x in names if not (path / x).is_file()]
    if lost:
        raise BackboneError(
            f"{path} lacks {len(lost)} of {len(names)} weight files, {lost[0]} first: "
            "copy or fetch the missing ones"
        )
    return [path / x for x in names]


def _no_weights(path: Path) -> str:
    others = sorted(x.name for x in path.glob("*.safetensors"))
    if others:
        return (
            f"{path} holds {few(others)} but no {WEIGHTS}: rename the file that holds the whole "
            f"model to {WEIGHTS}, or add {INDEX} if it comes in parts"
        )
    pickles = sorted(x.name for kind in PICKLES for x in path.glob(f"*.{kind}"))
    met = f"only pickled weights ({few(pickles)})" if pickles else "no weights"
    return (
        f"{path} holds {met}; secondlook loads safetensors only: on a machine that trusts the "
        "file, save it with model.save_pretrained(folder, safe_serialization=True)"
    )


def check_header(file: Path) -> None:
    """Refuse what is cut off, and a pickle under another name, before anything reads it."""
    try:
        with safe_open(file, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise BackboneError(
            f"cannot load {file}: it is cut off, damaged or no safetensors file "
            f"({str(error).splitlines()[0]}): copy or fetch it again"
        ) from error


def few(names: Sequence[str]) -> str:
    """The first three names, and a sign that there are more."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
