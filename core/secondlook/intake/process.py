"""The one process that parses files, made anew after a crash or a timeout."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from secondlook.intake.outcome import Reason
from secondlook.intake.parse import Answer, parse_file, start
from secondlook.settings import Limits

T = TypeVar("T")
FILES_PER_PROCESS = 2000  # bounds what leaks in C libraries add up to
LARGE = 16 * 2**20
"""Bytes from which a file is given more time, in proportion: long series decode for a while."""
_swap = threading.Lock()


class _BareProcess(SpawnProcess):
    """A spawned process that does not run the caller's main script again.

    That script may be an application that imports models, or no file at all.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _swap:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return SpawnProcess._Popen(process_obj)
            finally:
                sys.modules["__main__"] = main


class _BareContext(SpawnContext):
    Process = _BareProcess


class ParsingProcess:
    """Runs `parse_file` in another process, one file at a time, with a time limit for each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool: ProcessPool | None = None
        self._lock = threading.Lock()

    def parse(self, path: Path, name: str) -> Answer:
        """What became of the file. The time that the process takes to start does not count."""
        return self.run(parse_file, path, name, self._limits)

    def run(self, function: Callable[..., T], path: Path, *rest: Any) -> T | tuple[Reason, str]:
        """What a function says of a file, with the same limits; it is called in the process."""
        for _ in range(2):  # a process that died between two files is not this file's fault
            pool = self._ready()
            try:
                return self._run_in(pool, function, path, rest)
            except (BrokenProcessPool, RuntimeError):
                self._discard(pool)
        return Reason.PARSER_CRASHED, "The parsing process does not start; see `secondlook doctor`."

    def close(self) -> None:
        """Stop the process; the next file starts another."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _run_in(
        self, pool: ProcessPool, function: Callable[..., T], path: Path, rest: tuple[Any, ...]
    ) -> T | tuple[Reason, str]:
        seconds = self._limits.parse_seconds * max(1.0, path.stat().st_size / LARGE)
        try:
            answer: T = pool.schedule(function, args=(path, *rest), timeout=seconds).result()
            return answer
        except TimeoutError:
            detail = f"Parsing took longer than {seconds:.3g} s, from limits.parse_seconds."
            return Reason.TIMED_OUT, detail
        except ProcessExpired as error:
            detail = f"The parser crashed on the content (exit status {error.exitcode})."
            return Reason.PARSER_CRASHED, detail
        except MemoryError:
            return Reason.OUT_OF_MEMORY, "The answer of the parser did not fit into memory."

    def _ready(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=1,
                    max_tasks=FILES_PER_PROCESS,
                    initializer=start,
                    initargs=(self._limits,),
                    context=_BareContext(),
                )
            return self._pool

    def _discard(self, pool: ProcessPool) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
