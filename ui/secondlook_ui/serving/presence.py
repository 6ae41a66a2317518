"""`/sl/active`: somebody moved, typed or turned the wheel in a page that asks nothing else.

Scrolling through a stack runs no script of the server. The page says at most once a minute that a
person is there; what it does by itself never comes here.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

PATH = "/sl/active"


async def active(request: Request) -> Response:
    """The gate has moved the idle end of the session already."""
    return Response(status_code=204)


def routes() -> list[BaseRoute]:
    """The route, for whoever is signed in."""
    return [Route(PATH, active, methods=["POST"])]
