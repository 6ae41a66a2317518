"""The gate: nothing is served to anybody who is not signed in, except the ways in.

Streamlit serves pictures, uploads, components and the page itself to everybody who asks. So the
question is asked before any of its routes, and of ours: for every request and every WebSocket.
"""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from secondlook.accounts import tokens
from secondlook.errors import StoreError
from secondlook.store.sessions import SignedIn
from secondlook_ui import trouble, workplace
from secondlook_ui.serving import answers, cookies, forms, health, presence, provider, visit
from secondlook_ui.serving.hosts import Hosts
from secondlook_ui.serving.visit import Visit
from secondlook_workflows.accounts import stay

SIGN_IN, LINK, SET_UP = "/sign-in", "/sign-in/link", "/set-up"
PASSPHRASE, SIGN_OUT = "/passphrase", "/sign-out"
OPEN = frozenset({SIGN_IN, LINK, SET_UP, SIGN_OUT, health.PATH})
"""Whoever is not signed in gets these."""
HALF = frozenset({PASSPHRASE, SIGN_OUT, SIGN_IN, LINK, SET_UP, health.PATH})
"""Whoever came in by a one-time passphrase gets these until it is changed."""
NEVER = ("/auth/logout", "/_stcore/agent/", "/_stcore/metrics")
"""Ways into Streamlit that this program does not use."""
BY_PROVIDER = frozenset({provider.PATH, provider.START, provider.BACK})
"""Open to everybody where an identity provider is set, and nothing where none is."""
SIGN_IN_FIRST = "Sign in first."


@dataclass(frozen=True)
class Wanted:
    """What a request wants, as far as the gate must know."""

    path: str
    page: bool
    """Whether somebody looks at the answer as a page."""
    elsewhere: bool
    """Whether a page of another site led here."""
    act: bool
    """Whether a person did something, rather than a page by itself."""
    query: str

    @property
    def place(self) -> str:
        """The path with its query, for an address."""
        return f"{quote(self.path)}{'?' if self.query else ''}{self.query}"


class Gate:
    """ASGI middleware: who is asking, and whether they get an answer.

    401 or the way to the sign-in page for nobody, 403 while a passphrase must be changed, 503
    while the database does not answer; a refused handshake (403) for a WebSocket.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, *, by_provider: bool = False) -> None:
        self._app = app
        self._hosts = hosts
        self._by_provider = by_provider
        self._never = NEVER if by_provider else (*NEVER, *BY_PROVIDER)
        self._open = OPEN | BY_PROVIDER

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope)
        if answer is None:
            await self._inside(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        """What is said in place of the answer; None lets the request through."""
        connection = HTTPConnection(scope)
        wanted = _wanted(connection)
        try:
            context = workplace.context()
            signed_in = await run_in_threadpool(self._look_up, connection, wanted)
        except StoreError as error:
            trouble.log(error)
            return answers.refuse(503, "The database does not answer. Try again in a moment.")
        visit.keep(scope, Visit(signed_in, context, self._hosts))
        if wanted.path.startswith(self._never):
            return answers.refuse(404, "There is nothing here.")
        if signed_in is None and self._by_provider and wanted.page:
            accepted = await provider.accept(connection, context, self._hosts)
            if accepted is not None:
                return accepted
        if signed_in is None:
            return None if wanted.path in self._open else _sign_in(wanted)
        if signed_in.must_change and wanted.path not in HALF:
            return _change(wanted)
        return None

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Beyond the gate; whatever breaks there is logged without what it quotes."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - its message may quote a case
            trouble.log(error)
            if not begun and scope["type"] == "http":
                await answers.refuse(500, "This did not work.")(scope, receive, send)

    def _look_up(self, connection: HTTPConnection, wanted: Wanted) -> SignedIn | None:
        token = cookies.token(connection, self._hosts)
        if token is None:
            return None
        context, digest = workplace.context(), tokens.digest(token)
        with context.workspace.database.read() as unit:
            found = unit.sessions.find(digest)
        if found is not None and wanted.act:
            stay.run(found, context)
        return found


def _wanted(connection: HTTPConnection) -> Wanted:
    headers, scope = connection.headers, connection.scope
    method = scope.get("method", "")
    mode = headers.get("sec-fetch-mode")
    looked_at = mode == "navigate" or (mode is None and "text/html" in headers.get("accept", ""))
    page = looked_at and method in ("GET", "HEAD")
    path = scope["path"]
    return Wanted(
        path=path,
        page=page,
        elsewhere=headers.get("sec-fetch-site") == "cross-site",
        act=page or path == presence.PATH or method == "POST",
        query=scope["query_string"].decode("latin-1"),
    )


def _sign_in(wanted: Wanted) -> Response:
    if not wanted.page:
        return answers.refuse(401, SIGN_IN_FIRST)
    if wanted.elsewhere:
        return answers.again(forms.safe(wanted.place))
    return answers.go(f"{SIGN_IN}?next={quote(wanted.place, safe='')}")


def _change(wanted: Wanted) -> Response:
    if wanted.page:
        return answers.go(PASSPHRASE)
    return answers.refuse(403, "Change your one-time passphrase first.")
