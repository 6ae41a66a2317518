"""The review UI as a process of its own."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STARTING = 60.0


@dataclass(frozen=True)
class Server:
    """A running UI."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, host: str | None = None) -> http.client.HTTPResponse:
        """One request, with a Host header of our choice."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            response = connection.getresponse()
            response.read()
            return response
        finally:
            connection.close()


def command(port: int) -> list[str]:
    """How the UI is started."""
    return [sys.executable, "-m", "secondlook_ui", "--port", str(port)]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """The UI on a workspace, ended afterwards."""
    port = free_port()
    environment = os.environ | {"SECONDLOOK_HOME": str(home)}
    process = subprocess.Popen(
        command(port), cwd=home, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        _wait(process, port)
        yield Server(process, port)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=20)


def _wait(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the UI did not start: status {process.poll()}")
