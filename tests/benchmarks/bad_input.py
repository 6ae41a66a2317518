"""What bad input costs: outcome, seconds and memory for each kind, as JSON.

    python tests/benchmarks/bad_input.py

Memory is the largest resident set of this process and its parsing process together, less what
both had before the file. The targets are 5 seconds, 300 MB, and a neighbour that is read.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from secondlook.domain import IntakeFile
from secondlook.errors import ManifestError
from secondlook.intake.manifest import read_manifest
from secondlook.intake.outcome import QuarantinedFile
from secondlook.intake.reader import Reader
from secondlook.intake.sources import walk
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parents[1] / "core"))
import bad_files

INTERVAL = 0.002  # seconds between two looks at the memory


class Memory:
    """Watches the resident memory of this process and its children."""

    def __enter__(self) -> Self:
        self._process = psutil.Process()
        self._before = self._peak = self._resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    @property
    def rise(self) -> float:
        """In MB."""
        return (self._peak - self._before) / 1e6

    def _watch(self) -> None:
        while not self._done.wait(INTERVAL):
            self._peak = max(self._peak, self._resident())

    def _resident(self) -> int:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total


def measure(read: Callable[[], str]) -> dict[str, object]:
    """Outcome, seconds and memory of one call."""
    with Memory() as memory:
        start = time.perf_counter()
        outcome = read()
        seconds = time.perf_counter() - start
    return {"outcome": outcome, "seconds": round(seconds, 3), "peak_mb": round(memory.rise, 1)}


def name(outcome: IntakeFile | QuarantinedFile) -> str:
    """The reason, or how the file was accepted."""
    if isinstance(outcome, QuarantinedFile):
        return str(outcome.reason)
    return f"accepted as {outcome.attachment.role}"


def manifest(path: Path) -> str:
    """What a manifest says about itself or its files."""
    try:
        return ", ".join(str(x.reason) for x in read_manifest(path).refused)
    except ManifestError as error:
        return f"ManifestError: {error}"


def loop(folder: Path) -> str:
    """What a walk says about a folder that holds itself."""
    return ", ".join(str(x.reason) for x in walk([folder]) if isinstance(x, QuarantinedFile))


def main() -> None:
    """Print one JSON object: kind of input -> what it cost."""
    table: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as place, Reader(Limits()) as reader:
        folder = Path(place)
        good = bad_files.good(folder)
        reader.read(good, good.name)  # starts the process

        def neighbour() -> bool:
            return isinstance(reader.read(good, good.name), IntakeFile)

        for what, make in bad_files.FILES.items():
            path = make(folder)
            row = measure(lambda path=path: name(reader.read(path, path.name)))  # type: ignore[misc]
            table[what] = row | {"neighbour_read": neighbour()}
        others: dict[str, Callable[[], str]] = {
            "name with ../": lambda: manifest(bad_files.climbing_manifest(folder)),
            "folder link loop": lambda: loop(bad_files.link_loop(folder)),
            "manifest without column": lambda: manifest(bad_files.manifest_without_column(folder)),
            "manifest without file": lambda: manifest(bad_files.manifest_without_file(folder)),
        }
        for what, read in others.items():
            table[what] = measure(read) | {"neighbour_read": neighbour()}
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
