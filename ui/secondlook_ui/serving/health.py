"""`/sl/health`: whether the server answers, for whoever watches it."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

PATH = "/sl/health"


async def health(request: Request) -> Response:
    """Nothing but that it answers."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def routes() -> list[BaseRoute]:
    """The route, open to everybody."""
    return [Route(PATH, health, methods=["GET"])]
