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
from typing import TYPE_CHECKING

from ui_people import signed_in_at

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

STARTING = 60.0
COOKIE = "secondlook"
START = "import sys\nfrom secondlook_ui.__main__ import main\nsys.exit(main())"


@dataclass(frozen=True)
class Server:
    """A running UI."""

    process: subprocess.Popen[str]
    port: int
    token: str
    """Of Anna, a lead, who is signed in."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> str:
        """What Anna's browser sends."""
        return f"{COOKIE}-{self.port}={self.token}"

    def sign_in(self, context: "BrowserContext", token: str | None = None) -> None:
        """Let a browser in as Anna, or by another token."""
        name, value = f"{COOKIE}-{self.port}", token or self.token
        cookie = {"name": name, "value": value, "url": self.url, "sameSite": "Strict"}
        context.add_cookies([{**cookie, "httpOnly": True}])  # type: ignore[typeddict-item]

    def get(self, path: str, host: str | None = None) -> http.client.HTTPResponse:
        """One request of Anna's, with a Host header of our choice."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            port = host.rpartition(":")[2] if host else str(self.port)
            name = f"{COOKIE}-{port if port.isdigit() else 80}"
            headers = {"Cookie": f"{name}={self.token}"} | ({"Host": host} if host else {})
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            response.read()
            return response
        finally:
            connection.close()


def command(port: int, broken: str | None = None) -> list[str]:
    """How the UI is started."""
    program = ["-m", "secondlook_ui"] if broken is None else ["-c", f"{broken}\n{START}"]
    return [sys.executable, *program, "--port", str(port)]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    home: Path,
    *words: str,
    person: bool = True,
    port: int | None = None,
    broken: str | None = None,
) -> Iterator[Server]:
    """The UI on a workspace, ended afterwards; with a `person` Anna is signed in there.

    `broken` is a program that spoils something before the UI begins.
    """
    port = port or free_port()
    environment = os.environ | {"SECONDLOOK_HOME": str(home)}
    process = subprocess.Popen(
        [*command(port, broken), *words],
        cwd=home,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait(process, port)
        yield Server(process, port, signed_in_at(home) if person else "")
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
