"""Serving: Streamlit behind our own guard, bound to this machine, sending nothing anywhere."""

import errno
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from starlette.routing import BaseRoute

from secondlook.errors import SecondlookError, WorkspaceError
from secondlook.workspace import open_workspace
from secondlook_ui import trouble, welcome, workplace
from secondlook_ui.serving import (
    entrance,
    health,
    main_page,
    owner,
    passphrase,
    pixels,
    presence,
    provider,
)
from secondlook_ui.serving.hosts import Hosts
from secondlook_workflows.accounts import set_up

if TYPE_CHECKING:
    import streamlit as st

ADDRESS = "127.0.0.1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MODULES = (health, presence, entrance, owner, passphrase, provider, pixels, main_page)
"""What serves routes beside Streamlit's."""
ROUTES: tuple[BaseRoute, ...] = tuple(route for module in MODULES for route in module.routes())
MOST_AT_ONCE = 1000
"""Connections, WebSockets among them; others are told to come again."""
SCRIPT = Path(__file__).parent / "launch" / "app.py"
CONFIG: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
    "logger.enableRich": False,
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
    "theme.light.primaryColor": "#1f6f78",
    "theme.dark.primaryColor": "#3d9aa5",
}
"""What is pinned, against whatever config.toml lies about."""


def configure(port: int, host: str = ADDRESS, hosts: Hosts | None = None) -> None:
    """Pin Streamlit's settings, as flags: they win over any file and cannot be forgotten."""
    from streamlit.web.bootstrap import load_config_options

    allowed = ["localhost", ADDRESS, *(hosts or Hosts()).tls]
    of_server = {"server.port": port, "server.address": host, "server.allowedHosts": allowed}
    load_config_options({**CONFIG, **of_server})


def serve(port: int, host: str = ADDRESS, welcomed: str | None = None) -> None:
    """Serve the review UI until SIGTERM or SIGINT; print the links that somebody needs to come in.

    Raises:
        WorkspaceError: there is no workspace, or its schema is not this version's.
        SecondlookError: the port is in use; or others could reach it, and nobody owns the
            workspace or nothing encrypts the way.
    """
    check_workspace()
    check_reach(host)
    with closing(_listen(port, host)) as listening, _stopped_by_signals():
        _run(listening, port, host, welcomed)


def check_reach(host: str) -> None:
    """Refuse to be open to other machines before somebody owns the workspace, and without TLS."""
    if host in LOOPBACK:
        return
    context = workplace.context()
    if not context.workspace.settings.ui.tls_hosts:
        raise SecondlookError(
            f"other machines could reach {host}, and passphrases would go over the network in "
            'plain text; let a proxy end TLS in front and name it: [ui] tls_hosts = ["…"]'
        )
    if set_up.wanted(context):
        raise SecondlookError(
            f"other machines could reach {host}, and nobody owns this workspace yet; run "
            "`secondlook ui` on this machine first and open the link that it shows"
        )


def check_workspace() -> None:
    """Refuse before anything is served what would break on every page."""
    workspace = open_workspace()
    try:
        problems = workspace.database.check()
    finally:
        workspace.database.dispose()
    if problems:
        raise WorkspaceError(f"the database cannot be used: {'; '.join(problems)}")


def _listen(port: int, host: str) -> socket.socket:
    """A socket of our own: uvicorn would end the process with a status of its own."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            what = "is in use: end the other program, or choose another port with --port"
        else:
            what = f"cannot be opened ({error.strerror}): choose another port with --port"
        raise SecondlookError(f"port {port} on {host} {what}") from None
    return listening


def _run(listening: socket.socket, port: int, host: str, welcomed: str | None) -> None:
    import uvicorn

    from secondlook_ui.serving.impatient import Impatient

    hosts = Hosts(workplace.context().workspace.settings.ui.tls_hosts)
    configure(port, host, hosts)
    trouble.quiet_logs()
    config = uvicorn.Config(
        application(hosts),
        http=Impatient,
        log_level="warning",
        access_log=False,
        limit_concurrency=MOST_AT_ONCE,
        proxy_headers=False,  # nothing here believes what a proxy says of its clients
        server_header=False,
        timeout_graceful_shutdown=3,
        ws="websockets-sansio",
    )
    sys.stderr.write(welcome.text(port, hosts, welcomed))
    uvicorn.Server(config).run(sockets=[listening])


def application(hosts: Hosts) -> "st.App":
    """Streamlit with our routes, behind the guard and the gate."""
    import streamlit as st
    from starlette.middleware import Middleware

    from secondlook_ui.guard import Guard
    from secondlook_ui.serving.gate import Gate

    settings = workplace.context().workspace.settings.provider
    by_provider = provider.on(settings)
    auth = {"auth": provider.auth_section(settings)} if by_provider else None
    return st.App(
        SCRIPT,
        secrets=auth,
        routes=list(ROUTES),
        middleware=[
            Middleware(Guard, hosts=hosts),
            Middleware(Gate, hosts=hosts, by_provider=by_provider),
        ],
        on_script_error=trouble.uncaught,
    )


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
