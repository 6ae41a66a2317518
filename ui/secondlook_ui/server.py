"""Serving: Streamlit behind our own guard, bound to this machine, sending nothing anywhere."""

import errno
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from secondlook.errors import SecondlookError, WorkspaceError
from secondlook.workspace import open_workspace

ADDRESS = "127.0.0.1"
SCRIPT = Path(__file__).parent / "launch" / "app.py"
CONFIG: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
    "server.address": ADDRESS,
    "server.allowedHosts": ["localhost", ADDRESS],
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
    "theme.light.primaryColor": "#1f6f78",
    "theme.dark.primaryColor": "#3d9aa5",
}
"""What is pinned, against whatever config.toml lies about."""


def configure(port: int) -> None:
    """Pin Streamlit's settings, as flags: they win over any file and cannot be forgotten."""
    from streamlit.web.bootstrap import load_config_options

    load_config_options({**CONFIG, "server.port": port})


def serve(port: int) -> None:
    """Serve the review UI until SIGTERM or SIGINT.

    Raises:
        WorkspaceError: there is no workspace, or its schema is not this version's.
        SecondlookError: the port is in use.
    """
    check_workspace()
    with closing(_listen(port)) as listening, _stopped_by_signals():
        _run(listening, port)


def check_workspace() -> None:
    """Refuse before anything is served what would break on every page."""
    workspace = open_workspace()
    try:
        problems = workspace.database.check()
    finally:
        workspace.database.dispose()
    if problems:
        raise WorkspaceError(f"the database cannot be used: {'; '.join(problems)}")


def _listen(port: int) -> socket.socket:
    """A socket of our own: uvicorn would end the process with a status of its own."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            what = "is in use: end the other program, or choose another port with --port"
        else:
            what = f"cannot be opened ({error.strerror}): choose another port with --port"
        raise SecondlookError(f"port {port} on {ADDRESS} {what}") from None
    return listening


def _run(listening: socket.socket, port: int) -> None:
    import streamlit as st
    import uvicorn
    from starlette.middleware import Middleware

    from secondlook_ui.guard import Guard
    from secondlook_ui.serving import pixels
    from secondlook_ui.serving.local import LocalActor

    configure(port)
    middleware = [Middleware(Guard), Middleware(LocalActor)]
    app = st.App(SCRIPT, middleware=middleware, routes=pixels.routes())
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        ws="websockets-sansio",
    )
    sys.stderr.write(f"Review UI on http://{ADDRESS}:{port}  (Ctrl-C ends it)\n")
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """uvicorn raises the signal again after its shutdown; by then it has done what it was for."""

    def done(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {x: signal.signal(x, done) for x in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
