"""Start the review UI with a worker beside it, and end both together.

The UI package is above this one, so it is found by name and started as a program of its own: the
UI process never holds a model, the worker never draws a page. Signals only leave a mark that is
looked at between two steps: an exception in the middle of starting a child would lose the child.
"""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType
from typing import TypeAlias

from secondlook.errors import SecondlookError

UI = "secondlook_ui"
ADDRESS = "127.0.0.1"
POLL_SECONDS = 0.2
STARTING_SECONDS = 20.0
"""So long the worker waits for the UI, which it would slow down while it starts."""
ENDING_SECONDS = 5.0
RESTARTS = 3
WORKER_ENDED = "the worker ended (status {}); it is started again, {} times at most\n"
WORKER_GONE = (
    "the worker keeps ending (status {}); the review UI goes on without one: queued first looks "
    "wait until `secondlook work` runs\n"
)
Signals: TypeAlias = list[int]
Process: TypeAlias = "subprocess.Popen[bytes]"


def serve(port: int, host: str = ADDRESS, welcome: str | None = None) -> None:
    """Run both until the UI ends, or SIGINT or SIGTERM comes.

    `welcome` is somebody for whom the UI prints a link that signs them in once.

    Raises SecondlookError without the UI, and when the UI ends by itself.
    """
    if find_spec(UI) is None:
        raise SecondlookError("the review UI is not installed; install secondlook again")
    environment = dict(os.environ)
    with _noting_signals() as came:
        greeted = ("--welcome", welcome) if welcome else ()
        ui = _start((UI, "--port", str(port), "--host", host, *greeted), environment)
        worker = Worker(environment)
        try:
            _await_answer(port, ui, came, host)
            while not came and ui.poll() is None:
                worker.keep()
                time.sleep(POLL_SECONDS)
            status = ui.poll()
        finally:
            _end([ui, *worker.processes])
    if not came and status not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise SecondlookError(f"the review UI ended with status {status}; is port {port} in use?")


class Worker:
    """The worker's process; started again a few times when it ends by itself."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._restarts = 0
        self.processes: list[Process] = []
        """The running one, if there is one."""

    def keep(self) -> None:
        """Start it, or start it again; does nothing while it runs and once it was given up."""
        if not self.processes and self._restarts <= RESTARTS:
            self.processes = [_start(("secondlook_workflows", "work"), self._environment)]
        elif self.processes and (status := self.processes[0].poll()) is not None:
            self.processes = []
            self._restarts += 1
            if self._restarts == 1:
                sys.stderr.write(WORKER_ENDED.format(status, RESTARTS))
            elif self._restarts > RESTARTS:
                sys.stderr.write(WORKER_GONE.format(status))


@contextmanager
def _noting_signals() -> Iterator[Signals]:
    came: Signals = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {x: signal.signal(x, note) for x in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(words: Sequence[str], environment: dict[str, str]) -> Process:
    return subprocess.Popen([sys.executable, "-m", *words], env=environment)


def _await_answer(port: int, ui: Process, came: Signals, host: str) -> None:
    """Until the UI answers, ends, takes too long, or a signal comes."""
    local = ADDRESS if host in ("0.0.0.0", "::") else host
    until = time.monotonic() + STARTING_SECONDS
    while not came and ui.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection(local, port, timeout=1)
        try:
            connection.request("GET", "/")
            connection.getresponse()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(POLL_SECONDS)
        finally:
            connection.close()


def _end(processes: Sequence[Process]) -> None:
    """All at once, with one deadline; a child that does not listen is killed."""
    running = [x for x in processes if x.poll() is None]
    for process in running:
        process.terminate()
    until = time.monotonic() + ENDING_SECONDS
    for process in running:
        try:
            process.wait(timeout=max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
