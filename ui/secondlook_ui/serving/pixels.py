"""/sl/pixels/{case}/{file}/{frame}: the values of a picture, for those who may see its case.

A file is named by its case and its place in it, never by a path or by what it holds. Only what
came with the case is served here: nothing that the machine says of it.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from secondlook.accounts.actor import Actor
from secondlook.cases import Attachment
from secondlook_ui.serving import frames
from secondlook_ui.serving.allowed import attachment_of
from secondlook_ui.serving.frames import Busy, CannotBeShown, Tile

WHOLE = "/sl/pixels/{case}/{file:int}/{frame:int}"
TILE = WHOLE + "/{level:int}/{column:int}/{row:int}"
CASE = re.compile(r"[0-9a-f]{64}")
LARGEST = 10**6
"""Of any number in an address."""
HEADERS = {
    "Content-Encoding": "identity",  # said, so that Streamlit's middleware does not compress it
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
logger = logging.getLogger("secondlook")


class Pixels:
    """ASGI endpoint of both addresses; an endpoint by function would answer HEAD as well."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await _answer(Request(scope, receive))
        response.headers.update(HEADERS)
        await response(scope, receive, send)


def routes() -> list[BaseRoute]:
    """For the application."""
    return [Route(WHOLE, endpoint=Pixels()), Route(TILE, endpoint=Pixels())]


async def _answer(request: Request) -> Response:
    if request.method != "GET":
        return _said(405, "method", "Only GET is answered here.", {"Allow": "GET"})
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None:
        return _said(401, "sign_in", "Sign in first.")
    try:
        return await _pixels(actor, request.path_params)
    except CannotBeShown as error:
        return _said(422, error.code, str(error))
    except Busy:
        return _said(503, "busy", "Too much is asked for at once.", {"Retry-After": "1"})
    except Exception as error:  # noqa: BLE001 - its message may quote a case
        logger.error("%s while pixels were served", type(error).__name__)
        return _said(500, "failed", "This picture could not be served.")


async def _pixels(actor: Actor, asked: Mapping[str, Any]) -> Response:
    numbers = {x: y for x, y in asked.items() if x != "case"}
    if not CASE.fullmatch(asked["case"]) or max(numbers.values()) > LARGEST:
        return _not_there()
    attachment = await asyncio.to_thread(attachment_of, actor, asked["case"], asked["file"])
    if attachment is None or asked["frame"] >= frames.frames_of(attachment):
        return _not_there()
    tile = (asked["level"], asked["column"], asked["row"]) if "level" in asked else None
    made = await _made(attachment, asked["frame"], tile)
    return _not_there() if made is None else Response(made, media_type="application/octet-stream")


async def _made(attachment: Attachment, frame: int, tile: Tile | None) -> bytes | None:
    made = frames.kept(attachment, frame, tile)
    if made is None:  # who goes away must not take the frame from others who wait for it
        made = await asyncio.shield(asyncio.wrap_future(frames.ask(attachment, frame, tile)))
    return made


def _not_there() -> Response:
    """The same for what does not exist and for what is not for this person."""
    return _said(404, "not_there", "There is no such picture.")


def _said(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse({"error": code, "message": message}, status, dict(headers or {}))
