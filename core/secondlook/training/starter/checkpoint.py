"""The checkpoint of a training run: one file, written in one step, of one recipe."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from secondlook.errors import ModelError, UsageError

STEP = "step"
Tensors = Mapping[str, Tensor]


class Kept(dict[str, dict[str, Tensor]]):
    """Tensors by part and name, after so many steps."""

    step: int = 0


class Checkpoint:
    """Where a run is kept, and the recipe that it is of."""

    def __init__(self, path: Path, recipe: Mapping[str, str]) -> None:
        self._path = path
        self._recipe = dict(recipe)

    def write(self, step: int, parts: Mapping[str, Tensors]) -> None:
        """Put the tensors of every part in the place of what was kept so far."""
        flat = {
            f"{part}.{name}": tensor.detach().cpu().contiguous()
            for part, tensors in parts.items()
            for name, tensor in tensors.items()
        }
        beside = self._path.with_suffix(".part")
        save_file(flat, beside, metadata={STEP: str(step), **self._recipe})
        beside.replace(self._path)

    @contextmanager
    def reading(self) -> Iterator[Kept | None]:
        """Inside, what was kept is taken over; None where there is nothing yet.

        Raises UsageError where it is of another recipe, and ModelError where it cannot be read
        or taken over.
        """
        if not self._path.is_file():
            yield None
            return
        try:
            yield self._read()
        except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"cannot go on from {self._path} ({type(error).__name__}): delete it to train "
                "from the beginning, or restore it from a copy"
            ) from error

    def _read(self) -> Kept:
        kept = Kept()
        with safe_open(self._path, "pt") as file:
            header = dict(file.metadata() or {})
            kept.step = int(header.pop(STEP))
            self._check(header)
            for name in file.keys():  # noqa: SIM118
                part, _, rest = name.partition(".")
                kept.setdefault(part, {})[rest] = file.get_tensor(name)
        return kept

    def _check(self, header: Mapping[str, str]) -> None:
        others = [
            f"{k} {header.get(k, 'unknown')}, not {v}"
            for k, v in self._recipe.items()
            if header.get(k) != v
        ]
        if others:
            raise UsageError(
                f"the run in {self._path.parent} was begun with {'; '.join(others)}: go on with "
                "the same, or name another folder"
            )
