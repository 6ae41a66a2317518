"""`/worklist`: the first page by its name. Streamlit knows that page as `/` alone, and says of its
name that there is no such page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from secondlook_ui.serving import answers

PATH = "/worklist"


async def lead_on(request: Request) -> Response:
    """To the first page, with what the address asks for."""
    query = request.url.query
    return answers.go(f"/?{query}" if query else "/")


def routes() -> list[BaseRoute]:
    """The route, for whoever is signed in."""
    return [Route(PATH, lead_on, methods=["GET"])]
