"""The cookie of a session: a random token, for this server's own pages only."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from secondlook_ui.serving.hosts import Hosts


def token(connection: HTTPConnection, hosts: Hosts) -> str | None:
    """The token that a request brings."""
    return connection.cookies.get(hosts.cookie(connection.headers.get("host", "")))


def give(response: Response, connection: HTTPConnection, hosts: Hosts, token: str) -> Response:
    """Keep a token in the browser until it is closed; the session ends earlier by itself."""
    host = connection.headers.get("host", "")
    response.set_cookie(
        hosts.cookie(host),
        token,
        path="/",
        secure=hosts.secure(host),
        httponly=True,
        samesite="strict",
    )
    return response


def take(response: Response, connection: HTTPConnection, hosts: Hosts) -> Response:
    """Remove it."""
    host = connection.headers.get("host", "")
    response.delete_cookie(
        hosts.cookie(host),
        path="/",
        secure=hosts.secure(host),
        httponly=True,
        samesite="strict",
    )
    return response
