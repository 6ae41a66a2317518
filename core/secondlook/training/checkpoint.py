"""What a run has done, on disk: one safetensors file a step, written whole or not at all.

A killed run that is started again with the same cases and settings finds its steps and does only
those that lack; a long step may write how far it is again and again. Other cases or settings get
a folder of their own.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from secondlook.errors import ModelError

Arrays = dict[str, NDArray[Any]]


class Checkpoint:
    """The steps of one run.

    Attributes:
        folder: where they are, None where nothing is kept.
    """

    def __init__(self, folder: Path | None, work: Mapping[str, Any]) -> None:
        """`work` is all that the steps depend on, as JSON takes it.

        Raises ModelError where the folder cannot be written.
        """
        text = json.dumps(work, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.folder = None if folder is None else folder / digest[:16]
        if self.folder is not None:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write(self.folder / "work.json", text.encode())
            except OSError as error:
                raise _unwritable(self.folder, error) from error

    def step(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """What this step gave before, or gives now.

        Raises ModelError where it cannot be written.
        """
        found = self.read(name)
        if found is not None:
            return found
        made = make()
        self.write(name, made)
        return made

    def read(self, name: str) -> Arrays | None:
        """What was last written of this step; None where that is nothing, or damaged."""
        if self.folder is None:
            return None
        try:
            return load_file(self.folder / f"{name}.safetensors")
        except (OSError, SafetensorError):
            return None

    def write(self, name: str, made: Arrays) -> None:
        """Put this in the place of what was written before.

        Raises ModelError where it cannot be written.
        """
        if self.folder is None:
            return
        content = save({x: np.asarray(y, order="C") for x, y in made.items()})
        try:
            _write(self.folder / f"{name}.safetensors", content)
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def drop(self, name: str) -> None:
        """Forget what was written of this step."""
        if self.folder is not None:
            (self.folder / f"{name}.safetensors").unlink(missing_ok=True)

    def done(self, name: str) -> bool:
        """Whether this step was done before."""
        return self.folder is not None and (self.folder / f"{name}.safetensors").is_file()


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{uuid4().hex}.part")  # another process may write the same step
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _unwritable(folder: Path, error: OSError) -> ModelError:
    return ModelError(
        f"cannot keep the state of learning in {folder}: {error.strerror}; make it writable and "
        "give it free space, and call the same again: it goes on from what is kept"
    )
