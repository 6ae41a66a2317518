"""`/passphrase`: everybody changes their own; a one-time one must be changed first of all."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from secondlook.accounts.actor import Actor
from secondlook.errors import SecondlookError, SignedOut
from secondlook_ui.serving import answers, cookies, forms, visit
from secondlook_ui.serving.gate import PASSPHRASE, SIGN_IN
from secondlook_ui.serving.owner import NOT_THE_SAME
from secondlook_workflows.accounts import passphrase


async def show(request: Request) -> Response:
    """The form."""
    return _form(request, forms.safe(request.query_params.get("next")))


async def change(request: Request) -> Response:
    """Change it, under a new session."""
    here, fields = visit.of(request), await forms.read(request)
    wanted, chosen = forms.safe(fields.get("next")), fields.get("passphrase", "")
    if chosen != fields.get("again"):
        return _form(request, wanted, NOT_THE_SAME)
    try:
        begun = await run_in_threadpool(
            passphrase.change, _actor(request), fields.get("present", ""), chosen, here.context
        )
    except SignedOut:
        return answers.go(f"{SIGN_IN}?why=ended")
    except SecondlookError as error:
        return _form(request, wanted, str(error))
    return cookies.give(answers.go(wanted), request, here.hosts, begun.token)


def routes() -> list[BaseRoute]:
    """The routes, for whoever is signed in."""
    return [
        Route(PASSPHRASE, show, methods=["GET"]),
        Route(PASSPHRASE, change, methods=["POST"]),
    ]


def _actor(request: Request) -> Actor:
    actor = visit.of(request).actor
    if actor is None:  # the gate lets nobody through to here
        raise SignedOut("Sign in first.")
    return actor


def _form(request: Request, wanted: str, wrong: str = "") -> Response:
    here = visit.of(request).signed_in
    return answers.page(
        "passphrase",
        422 if wrong else 200,
        next=wanted,
        name=_actor(request).name,
        must=here is not None and here.must_change,
        wrong=wrong,
    )
