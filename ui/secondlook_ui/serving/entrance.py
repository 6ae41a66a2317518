"""The ways in and out: sign in by passphrase or by a link of the terminal, sign out."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from secondlook.errors import NotSignedIn
from secondlook_ui.serving import answers, cookies, forms, visit
from secondlook_ui.serving.gate import LINK, PASSPHRASE, SIGN_IN, SIGN_OUT
from secondlook_ui.serving.visit import Visit
from secondlook_workflows.accounts import set_up, sign_in
from secondlook_workflows.accounts.sign_in import Begun

KEPT = "You are signed out. Drafts are kept; sign in to go on where you were."
GONE = "You are signed out."


async def show(request: Request) -> Response:
    """The sign-in page; whoever is signed in is led on."""
    here = visit.of(request)
    wanted = forms.safe(request.query_params.get("next"))
    if here.signed_in is not None:
        return answers.go(wanted)
    note = {"ended": KEPT, "out": GONE}.get(request.query_params.get("why", ""), "")
    return await _form(here, next=wanted, note=note)


async def enter(request: Request) -> Response:
    """A name and a passphrase."""
    here, fields = visit.of(request), await forms.read(request)
    name, wanted = fields.get("name", "").strip(), forms.safe(fields.get("next"))
    try:
        begun = await run_in_threadpool(
            sign_in.with_passphrase, name, fields.get("passphrase", ""), here.context
        )
    except NotSignedIn as error:
        status = 429 if error.wait else 401
        answer = await _form(here, status, next=wanted, name=name, wrong=str(error))
        if error.wait:
            answer.headers["Retry-After"] = str(error.wait)
        return answer
    return await admit(request, begun, PASSPHRASE if begun.must_change else wanted)


async def link(request: Request) -> Response:
    """The page of a link: looking at it uses nothing up, as programs look at links too."""
    return answers.page("link", token=request.query_params.get("token", ""))


async def follow(request: Request) -> Response:
    """A link that is good once."""
    here, fields = visit.of(request), await forms.read(request)
    try:
        begun = await run_in_threadpool(sign_in.with_link, fields.get("token", ""), here.context)
    except NotSignedIn as error:
        return await _form(here, 401, wrong=str(error))
    return await admit(request, begun, "/")


async def leave(request: Request) -> Response:
    """End the session of this browser."""
    here = visit.of(request)
    await forms.read(request)
    await _end(here)
    return cookies.take(answers.go(f"{SIGN_IN}?why=out"), request, here.hosts)


async def admit(request: Request, begun: Begun, path: str) -> Response:
    """Let somebody in under a new token; what this browser was signed in by before is over."""
    here = visit.of(request)
    await _end(here)
    return cookies.give(answers.go(path), request, here.hosts, begun.token)


def routes() -> list[BaseRoute]:
    """The routes, open to everybody."""
    return [
        Route(SIGN_IN, show, methods=["GET"]),
        Route(SIGN_IN, enter, methods=["POST"]),
        Route(LINK, link, methods=["GET"]),
        Route(LINK, follow, methods=["POST"]),
        Route(SIGN_OUT, leave, methods=["POST"]),
    ]


async def _end(here: Visit) -> None:
    if here.actor is not None and here.actor.session is not None:
        await run_in_threadpool(sign_in.out, here.actor.session, here.context)


async def _form(
    here: Visit,
    status: int = 200,
    *,
    next: str = "/",
    name: str = "",
    wrong: str = "",
    note: str = "",
) -> Response:
    new = await run_in_threadpool(set_up.wanted, here.context)
    title = here.context.workspace.settings.provider
    return answers.page(
        "sign_in",
        status,
        next=next,
        name=name,
        wrong=wrong,
        note=note,
        new=new,
        provider=title.title if title.client_id else "",
    )
