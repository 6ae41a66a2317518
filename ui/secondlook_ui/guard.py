"""The guard before every request: whom the browser may talk to, and who may talk to us.

Listening on 127.0.0.1 does not keep a web page out: a foreign name may resolve to this address
(DNS rebinding), and any page may try a WebSocket. So a request must name this machine in `Host`,
and a browser's must come from our own pages.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = re.compile(r"(localhost|127\.0\.0\.1)(:\d{1,5})?")
"""Any port: a tunnel may lead here from another one."""
MISDIRECTED = 421
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws://{host}; "
    "frame-src 'none'; frame-ancestors 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
PICTURES = "/media/"


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, and sends the headers that hold pages in.

    Refusals are 421 for HTTP and a refused handshake (403) for WebSocket.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = _trusted_host(Headers(scope=scope))
        if host is not None:
            await self._app(scope, receive, _with_headers(send, host, scope["path"]))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("This host is not served here.\n", MISDIRECTED)(
                scope, receive, send
            )


def _trusted_host(headers: Headers) -> str | None:
    """The Host header if it is this machine and the request comes from our own pages."""
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
        return None
    return hosts[0] if all(x == f"http://{hosts[0]}" for x in origins) else None


def _with_headers(send: Send, host: str, path: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY.format(host=host)
            headers.update(HEADERS)
            if path.startswith(PICTURES):
                headers["Cache-Control"] = "no-store"  # no picture stays in a browser's cache
        await send(message)

    return sending
