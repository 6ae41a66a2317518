"""Pages without any script, made from templates that escape; refusals in plain words."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, PlainTextResponse, Response

STYLE = (files(__package__) / "templates" / "style.css").read_text(encoding="utf-8")
_digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_digest}'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""Of these pages: no script, nothing fetched, forms to this server only."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    # Never the path, which may hold the token of a link. With no referrer at all browsers name no
    # origin with a form either, and it would be refused.
    "Referrer-Policy": "strict-origin",
}


def page(template: str, status: int = 200, **words: object) -> Response:
    """A page; `words` are put in as text."""
    text = _templates().get_template(f"{template}.html").render(style=STYLE, **words)
    return HTMLResponse(text, status, headers=HEADERS)


def again(path: str) -> Response:
    """A page that opens `path` at once.

    A browser sends the cookie of a session only with what our own pages ask for, so whoever comes
    by a link from elsewhere is sent once more from here.
    """
    return page("again", path=path)


def go(path: str) -> Response:
    """Send the browser to another page of ours."""
    return Response(status_code=303, headers={"Location": path, "Cache-Control": "no-store"})


def refuse(status: int, words: str) -> Response:
    """A line of text."""
    return PlainTextResponse(f"{words}\n", status, headers={"Cache-Control": "no-store"})


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined
    )
