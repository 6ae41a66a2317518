"""The guard before every request: whom the browser may talk to, and who may talk to us.

Listening on 127.0.0.1 does not keep a web page out: a foreign name may resolve to this address
(DNS rebinding), and any page may try a WebSocket or send a form. So a request must name this
server in `Host`, and whatever changes something must come from our own pages.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from secondlook_ui.serving.hosts import Hosts

MISDIRECTED = 421
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' {socket}; "
    "frame-src 'none'; frame-ancestors 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
        "publickey-credentials-get=(), browsing-topics=()"
    ),
    "X-Frame-Options": "DENY",
}
SECURE = {"Strict-Transport-Security": "max-age=31536000"}
"""Only where the request came over TLS."""
PROGRAM = "/static/"
"""Streamlit's own files, the same for everybody; everything else stays in no browser's cache."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, and sends the headers that hold pages in.

    Refusals are 421 for HTTP and a refused handshake (403) for WebSocket.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = self._trusted_host(scope)
        if host is not None:
            await self._app(scope, receive, self._with_headers(send, host, scope["path"]))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = PlainTextResponse("This host is not served here.\n", MISDIRECTED)
            await refusal(scope, receive, send)

    def _trusted_host(self, scope: Scope) -> str | None:
        """The Host header if it is this server's and the request comes from our own pages."""
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._hosts.knows(hosts[0]):
            return None
        if not origins and scope.get("method") not in READS:  # a WebSocket has no method
            return None
        return hosts[0] if all(x == self._hosts.origin(hosts[0]) for x in origins) else None

    def _with_headers(self, send: Send, host: str, path: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = POLICY.format(socket=self._hosts.socket(host))
                headers.setdefault("Content-Security-Policy", policy)
                for name, value in (HEADERS | self._secure(host)).items():
                    headers.setdefault(name, value)
                if not path.startswith(PROGRAM):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        return sending

    def _secure(self, host: str) -> dict[str, str]:
        return SECURE if self._hosts.secure(host) else {}
