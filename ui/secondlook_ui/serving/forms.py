"""What a form sends: small, soon, and of one kind. Where to go afterwards: a page of ours."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

KIND = "application/x-www-form-urlencoded"
LARGEST = 16 * 1024
SECONDS = 10.0
LONGEST_PATH = 2000
ENTRANCES = ("/sign-in", "/sign-out", "/set-up", "/passphrase", "/sl/", "/auth/", "/oauth2callback")
"""Not led back to after signing in."""


async def read(request: Request) -> Mapping[str, str]:
    """The fields of a form. HTTPException 413, 415 or 408 for whatever no form of ours sends."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
        raise HTTPException(415, "Send the form of the page.")
    try:
        async with asyncio.timeout(SECONDS):
            body = await _body(request)
    except TimeoutError:
        raise HTTPException(408, "The form took too long to arrive.") from None
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HTTPException(400, "Send the form of the page.") from None
    return dict(fields)


def safe(path: str | None) -> str:
    """A path of this server with its query, or `/`; never another host, never a way in or out."""
    wanted = path or "/"
    plain = wanted.isprintable() and "\\" not in wanted and len(wanted) <= LONGEST_PATH
    if not plain or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path.startswith(ENTRANCES):
        return "/"
    kept = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    return f"{kept}?{quote(parts.query, safe='/%:@!$()*+,;=~-._&?')}" if parts.query else kept


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, "This is more than the form of the page sends.")
    return bytes(body)
