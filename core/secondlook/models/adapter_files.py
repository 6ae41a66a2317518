"""The folder of an adapter: written whole or not at all, and checked file by file when read.

adapter.json              the card, with the sha256 of every other file
bank.safetensors          the patch bank, where it was learned from goods
dense/head.safetensors    the dense head, where there is one
dense/adapter_*           its LoRA weights, in peft's format
answers/*                 what was learned from labels, where it was: see models/answers_files.py
alignment/*               what was learned from texts, where it was: see models/alignment.py
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError

from secondlook.digests import file_sha256
from secondlook.errors import AdapterError
from secondlook.models.adapter_card import AdapterCard

CARD = "adapter.json"
BANK = "bank.safetensors"
DENSE = "dense"
HEAD = f"{DENSE}/head.safetensors"
ANSWERS = "answers"
ALIGNMENT = "alignment"


def write_folder(folder: Path, write: Callable[[Path], AdapterCard]) -> str:
    """Let `write` fill a new folder, add the card it returns, and show the folder in one step.

    Returns the sha256 of the card, which binds every other file.
    Raises AdapterError where the folder exists (adapters are immutable) or cannot be written.
    """
    if folder.exists():
        raise AdapterError(f"{folder} exists; an adapter is never overwritten: raise its version")
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        _add_card(part, write(part))
        sha256 = folder_sha256(part)
        part.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        raise AdapterError(f"cannot write the adapter to {folder}: {error.strerror}") from error
    except SafetensorError as error:  # how safetensors puts a full disk
        raise AdapterError(f"cannot write the adapter to {folder}: {error}") from error
    finally:
        if part is not None and part.exists():
            shutil.rmtree(part, ignore_errors=True)
    return sha256


def read_card(folder: Path) -> AdapterCard:
    """The card alone. Raises AdapterError where the folder is missing or damaged."""
    if not (folder / CARD).is_file():
        raise AdapterError(
            f"{folder} is not an adapter: it has no {CARD}; an adapter is a folder as "
            "`secondlook learn` writes it (pickled files are refused)"
        )
    try:
        return AdapterCard.model_validate_json((folder / CARD).read_bytes())
    except (ValidationError, OSError) as error:
        reason = f"{CARD} is not a card of format 3 ({type(error).__name__})"
        raise AdapterError(damaged(folder, reason)) from None


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Raises AdapterError where a file is missing or not the one that was stored."""
    for name, sha256 in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise AdapterError(damaged(folder, f"{name} lies outside of it"))
        if not path.is_file():
            raise AdapterError(damaged(folder, f"it has no {name}"))
        found = file_sha256(path)
        if found != sha256:
            raise AdapterError(
                damaged(folder, f"{name} has sha256 {found[:12]}, not {sha256[:12]}")
            )


def folder_sha256(folder: Path) -> str:
    """sha256 of the card, which names the sha256 of every other file."""
    return file_sha256(folder / CARD)


def damaged(folder: Path, reason: str) -> str:
    """The message for a folder that cannot be used as it is."""
    return f"the adapter in {folder} is damaged: {reason}; restore it from a copy or learn again"


def _add_card(folder: Path, card: AdapterCard) -> None:
    others = sorted(x for x in folder.rglob("*") if x.is_file())
    files = {x.relative_to(folder).as_posix(): file_sha256(x) for x in others}
    text = card.model_copy(update={"files": files}).model_dump_json(indent=2) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")
    for path in (*others, folder / CARD):
        _sync(path)
    for path in (folder, *(x for x in folder.rglob("*") if x.is_dir())):
        path.chmod(0o755)  # mkdtemp makes it private


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
