"""What a run has done, on disk: one safetensors file a step, written whole or not at all.

A killed run that is started again with the same cases and settings finds its steps and does only
those that lack. Other cases or settings get a folder of their own.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
                self.folder.mkdir(parents=True, exist_ok=True)
                _write(self.folder / "work.json", text.encode())
            except OSError as error:
                raise _unwritable(self.folder, error) from error

    def step(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """What this step gave before, or gives now.

        Raises ModelError where it cannot be written.
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{name}.safetensors"
        try:
            return load_file(path)
        except (OSError, SafetensorError):  # not done yet, or damaged: do it again
            made = {x: np.ascontiguousarray(y) for x, y in make().items()}
        try:
            _write(path, save(made))
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return made

    def done(self, name: str) -> bool:
        """Whether this step was done before."""
        return self.folder is not None and (self.folder / f"{name}.safetensors").is_file()


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _unwritable(folder: Path, error: OSError) -> ModelError:
    return ModelError(
        f"cannot keep the state of learning in {folder}: {error.strerror}; "
        "give a folder with free space that can be written"
    )
