"""Signing in with an OpenID Connect provider, over the routes that `st.login` uses.

Streamlit talks to the provider (Authlib, PKCE, state, nonce) and leaves what it was told in a
cookie of its own that would be good for 30 days. Here that cookie is looked at once, turned into a
session of ours with its own ends, and removed.
"""

import json
import secrets
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from secondlook.errors import NotSignedIn, SettingsError
from secondlook.settings import Provider
from secondlook_ui.serving import answers, cookies, forms, visit
from secondlook_ui.serving.hosts import Hosts
from secondlook_workflows.accounts import provided
from secondlook_workflows.context import Context

PATH, START, BACK = "/sign-in/provider", "/auth/login", "/oauth2callback"
ANSWER = "_streamlit_user"
"""Streamlit's cookies: who somebody is, and their tokens, each in parts where it is long."""
NEXT = "secondlook-next"
NEXT_SECONDS = 600


def on(provider: Provider) -> bool:
    """Whether there is a provider. SettingsError where it is half set, or the library is missing."""
    if not provider.client_id:
        return False
    if not provider.metadata_url or not provider.origin:
        raise SettingsError("[provider] needs metadata_url and origin beside client_id")
    if find_spec("authlib") is None:
        raise SettingsError("[provider] needs Authlib: pip install 'secondlook[oidc]'")
    return True


def auth_section(provider: Provider) -> dict[str, Any]:
    """What `st.login` reads as `[auth]`; the key of its cookie lives as long as this process."""
    return {
        "redirect_uri": f"{(provider.origin or '').rstrip('/')}{BACK}",
        "cookie_secret": secrets.token_hex(32),
        "client_id": provider.client_id,
        "client_secret": provider.client_secret or "",
        "server_metadata_url": provider.metadata_url,
    }


async def start(request: Request) -> Response:
    """Send the browser to the provider, and remember where it was going."""
    from streamlit.user_info import generate_login_redirect_url

    response = answers.go(generate_login_redirect_url("default"))
    wanted = forms.safe(request.query_params.get("next"))
    secure = visit.of(request).hosts.secure(request.headers["host"])
    response.set_cookie(
        NEXT, wanted, max_age=NEXT_SECONDS, secure=secure, httponly=True, samesite="lax"
    )
    return response


async def accept(connection: HTTPConnection, context: Context, hosts: Hosts) -> Response | None:
    """Turn what the provider answered into a session; None where it answered nothing."""
    answer = _answer(connection)
    if answer is None:
        return None
    try:
        begun = await run_in_threadpool(provided.run, _claims(answer), answer.decode(), context)
    except NotSignedIn as error:
        words = {"title": "Not signed in", "text": str(error), "path": "/sign-in", "label": "Back"}
        return _cleared(answers.page("message", 403, **words), connection)
    # The provider's site led here, so the browser would not send the new cookie straight on.
    page = answers.again(forms.safe(connection.cookies.get(NEXT, "").strip('"')))
    page.delete_cookie(NEXT)
    return _cleared(cookies.give(page, connection, hosts, begun.token), connection)


def routes() -> list[BaseRoute]:
    """The route, open to everybody; the gate answers 404 where no provider is set."""
    return [Route(PATH, start, methods=["GET"])]


def _answer(connection: HTTPConnection) -> bytes | None:
    """The signed content of Streamlit's cookie; None without one, or where it is not its own."""
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

    def one(name: str) -> bytes | None:
        given = connection.cookies.get(name)
        if given is None:
            return None
        return decode_signed_value(get_cookie_secret(), name, given.encode("latin-1", "replace"))

    return get_cookie_with_chunks(one, ANSWER)


def _claims(answer: bytes) -> Mapping[str, Any]:
    try:
        claims = json.loads(answer)
    except ValueError:
        raise NotSignedIn("The answer of the identity provider cannot be read.") from None
    return claims if isinstance(claims, dict) else {}


def _cleared(response: Response, connection: HTTPConnection) -> Response:
    for name in connection.cookies:
        if name.startswith(ANSWER):
            response.delete_cookie(name, path="/")
    return response
