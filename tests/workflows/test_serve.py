"""`secondlook ui`: the review UI and a worker beside it start, stay and end together."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

WAITING = 60.0
UI, WORKER = "secondlook_ui", "secondlook_workflows"


@dataclass(frozen=True)
class Serving:
    """A running `secondlook ui`."""

    process: subprocess.Popen[str]
    port: int

    def child(self, module: str) -> psutil.Process | None:
        """The child that runs a module; None while there is none."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if module in child.cmdline():
                    return child
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return None

    def worker(self, other_than: int | None = None) -> psutil.Process:
        """The worker, once it is there."""
        found: list[psutil.Process] = []

        def there() -> bool:
            child = self.child(WORKER)
            found[:] = [child] if child is not None and child.pid != other_than else []
            return bool(found)

        wait_for(there)
        return found[0]

    def answers(self) -> bool:
        """Whether the UI answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/sl/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAITING
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """The command on a workspace of its own, ended with its children afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "secondlook_workflows", "ui", "--port", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    running = Serving(process, port)
    yield running
    if process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for child in children:
            child.kill()
    process.communicate(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_parent_ends_both_children(
    serving: Serving, number: signal.Signals
) -> None:
    worker = serving.worker()
    assert serving.answers()  # the worker waited for it
    ui = serving.child(UI)
    assert ui is not None
    assert ui.environ()["SECONDLOOK_HOME"] == worker.environ()["SECONDLOOK_HOME"]
    started = time.monotonic()
    os.kill(serving.process.pid, number)
    assert serving.process.wait(timeout=20) == 0
    assert time.monotonic() - started < 10
    assert not ui.is_running() and not worker.is_running()


def test_a_worker_that_ends_is_started_again_a_few_times(serving: Serving) -> None:
    pid: int | None = None
    for _ in range(4):
        worker = serving.worker(other_than=pid)
        pid = worker.pid
        worker.kill()
    wait_for(lambda: serving.child(WORKER) is None)
    time.sleep(1)
    assert serving.child(WORKER) is None
    assert serving.answers()
    serving.process.terminate()
    _, said = serving.process.communicate(timeout=20)
    assert serving.process.returncode == 0
    assert said.count("the worker ended (status -9); it is started again, 3 times") == 1
    assert said.count("the review UI goes on without one") == 1


def test_when_the_ui_ends_so_does_the_worker(serving: Serving) -> None:
    worker, ui = serving.worker(), serving.child(UI)
    assert ui is not None
    ui.kill()
    _, said = serving.process.communicate(timeout=20)
    assert serving.process.returncode == 1
    assert "the review UI ended with status -9" in said
    assert not worker.is_running()
