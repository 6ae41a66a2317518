"""The process that parses files, and the next one, which stands by.

A process starts in seconds, as it imports every parser, and a file is read in milliseconds: what
takes over after a crash, a timeout or many files has been started some files before.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from secondlook.intake.outcome import Reason
from secondlook.intake.parse import Answer, parse_file, start, started
from secondlook.settings import Limits

T = TypeVar("T")
RENEWED_AFTER = 2000
"""Files; bounds what leaks in C libraries add up to."""
STANDS_BY_AFTER = 100
"""Files; whoever reads fewer does not pay for a second process."""
LARGE = 16 * 2**20
"""Bytes from which a file is given more time, in proportion: long series decode for a while."""
_swap = threading.Lock()


class _BareProcess(SpawnProcess):
    """A spawned process that does not run the caller's main script again.

    That script may be an application that imports models, or no file at all.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _swap, _no_interrupt():
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return SpawnProcess._Popen(process_obj)
            finally:
                sys.modules["__main__"] = main


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """What is spawned meanwhile inherits that Ctrl-C is the parent's, before it can ask for that."""
    if sys.platform == "win32":
        yield
        return
    ensure_running()  # which else would be started in here, and end the blocking
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _BareContext(SpawnContext):
    Process = _BareProcess


class _Worker:
    """One process, in a pool of its own; it begins to start when it is made."""

    def __init__(self, limits: Limits) -> None:
        self.pool = ProcessPool(
            max_workers=1, initializer=start, initargs=(limits,), context=_BareContext()
        )
        self.files = 0
        self._started = self.pool.schedule(started)

    @property
    def is_ready(self) -> bool:
        """Whether a file given to it would be read at once."""
        return self._started.done() and not self.is_broken

    @property
    def is_broken(self) -> bool:
        """Whether it did not start, or died while it stood by."""
        failed = self._started.done() and self._started.exception() is not None
        return failed or not self.pool.active

    def stop(self) -> None:
        """Returns when the process is gone."""
        self.pool.stop()  # type: ignore[no-untyped-call]
        self.pool.join()


class ParsingProcess:
    """Runs `parse_file` in another process, one file at a time, with a time limit for each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._worker: _Worker | None = None
        self._spare: _Worker | None = None
        self._lock = threading.Lock()
        self._turn = threading.RLock()

    def parse(self, path: Path, name: str) -> Answer:
        """What became of the file. The time that the process takes to start does not count."""
        return self.run(parse_file, path, name, self._limits)

    def run(self, function: Callable[..., T], path: Path, *rest: Any) -> T | tuple[Reason, str]:
        """What a function says of a file, with the same limits; it is called in the process.

        Threads take turns: who stops a process would leave the others waiting for its answers.
        """
        with self._turn:
            return self._run(function, path, *rest)

    def _run(self, function: Callable[..., T], path: Path, *rest: Any) -> T | tuple[Reason, str]:
        for _ in range(3):  # a process that died between two files is not this file's fault
            worker = self._working()
            try:
                answer, well = self._run_in(worker, function, path, rest)
            except (BrokenProcessPool, RuntimeError):
                self._discard(worker)
            else:
                self._look_ahead(worker, well=well)
                return answer
        return Reason.PARSER_CRASHED, "The parsing process does not start; see `secondlook doctor`."

    def close(self) -> None:
        """Stop the processes; the next file starts another."""
        with self._turn, self._lock:
            workers = self._worker, self._spare
            self._worker = self._spare = None
        for worker in workers:
            if worker is not None:
                worker.stop()

    def _run_in(
        self, worker: _Worker, function: Callable[..., T], path: Path, rest: tuple[Any, ...]
    ) -> tuple[T | tuple[Reason, str], bool]:
        """The answer, and whether the process lived to give it."""
        seconds = self._limits.parse_seconds * max(1.0, path.stat().st_size / LARGE)
        try:
            answer: T = worker.pool.schedule(function, args=(path, *rest), timeout=seconds).result()
            return answer, True
        except TimeoutError:
            detail = f"Parsing took longer than {seconds:.3g} s, from limits.parse_seconds."
            return (Reason.TIMED_OUT, detail), False
        except ProcessExpired as error:
            detail = f"The parser crashed on the content (exit status {error.exitcode})."
            return (Reason.PARSER_CRASHED, detail), False
        except MemoryError:
            return (Reason.OUT_OF_MEMORY, "The answer of the parser did not fit into memory."), True

    def _working(self) -> _Worker:
        with self._lock:
            if self._worker is None:
                self._worker, self._spare = self._spare or _Worker(self._limits), None
            return self._worker

    def _look_ahead(self, worker: _Worker, *, well: bool) -> None:
        """After a file: see that another process stands by, or let it take over."""
        worker.files += 1
        with self._lock:
            if self._worker is not worker:
                return
            lacking = self._spare is None or self._spare.is_broken
            if lacking and worker.files % STANDS_BY_AFTER == 0:
                self._spare = _Worker(self._limits)
            due = worker.files >= RENEWED_AFTER or not well
            if not due or self._spare is None or not self._spare.is_ready:
                return  # the pool has made a process anew where its own has died
            self._worker, self._spare = self._spare, None
        worker.stop()

    def _discard(self, worker: _Worker) -> None:
        with self._lock:
            if self._worker is worker:
                self._worker = None
        worker.stop()
