"""Figures as learning goes on: one JSON object a line, and TensorBoard where it is installed."""

import json
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAME = "log.jsonl"


class Log:
    """Writes into a folder; without one it writes nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else (folder / NAME).open("a", encoding="utf-8")
        self._board = None if folder is None else _board(folder)

    def add(self, name: str, step: int, **figures: float) -> None:
        """Figures of one step of a part of learning (`fold-0`), by name."""
        if self._file is not None:
            line = {"time": round(time.time(), 3), "name": name, "step": step, **figures}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        if self._board is not None:
            for kind, value in figures.items():
                self._board.add_scalar(f"{name}/{kind}", value, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for part in (self._file, self._board):
            if part is not None:
                part.close()


def _board(folder: Path) -> Any:
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"))
