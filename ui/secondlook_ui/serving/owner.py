"""`/set-up`: the page of the link that the terminal shows while nobody owns the workspace."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from secondlook.errors import NotSignedIn, SecondlookError
from secondlook_ui.serving import answers, entrance, forms, visit
from secondlook_ui.serving.gate import SET_UP, SIGN_IN
from secondlook_workflows.accounts import set_up

NOT_THE_SAME = "The two passphrases are not the same."
OVER = (
    "This link was used already, or its time is over. The terminal shows a new one when "
    "`secondlook ui` is started again, as long as nobody owns the workspace."
)


async def show(request: Request) -> Response:
    """The form, for whoever has a link that is still good."""
    here, token = visit.of(request), request.query_params.get("token", "")
    if not await run_in_threadpool(set_up.is_good, token, here.context):
        return _over()
    return _form(token)


async def make(request: Request) -> Response:
    """Make the owner and sign them in."""
    here, fields = visit.of(request), await forms.read(request)
    token, name = fields.get("token", ""), fields.get("name", "").strip()
    if fields.get("passphrase") != fields.get("again"):
        return _form(token, name, NOT_THE_SAME)
    try:
        begun = await run_in_threadpool(
            set_up.run, token, name, fields.get("passphrase", ""), here.context
        )
    except NotSignedIn:
        return _over()
    except SecondlookError as error:
        return _form(token, name, str(error))
    return await entrance.admit(request, begun, "/")


def routes() -> list[BaseRoute]:
    """The routes, open to everybody: the token is what counts."""
    return [Route(SET_UP, show, methods=["GET"]), Route(SET_UP, make, methods=["POST"])]


def _form(token: str, name: str = "", wrong: str = "") -> Response:
    return answers.page("set_up", 422 if wrong else 200, token=token, name=name, wrong=wrong)


def _over() -> Response:
    words = {"title": "This link is over", "text": OVER, "path": SIGN_IN, "label": "Sign in"}
    return answers.page("message", 410, **words)
