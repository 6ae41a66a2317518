"""What the gate found out about a request, and where handlers find it."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import Scope

from secondlook.accounts.actor import Actor
from secondlook.store.sessions import SignedIn
from secondlook_ui.serving.hosts import Hosts
from secondlook_workflows.context import Context


@dataclass(frozen=True)
class Visit:
    """Who asks, and of which server."""

    signed_in: SignedIn | None
    context: Context
    hosts: Hosts

    @property
    def actor(self) -> Actor | None:
        """Who is signed in; None for nobody."""
        return self.signed_in.actor if self.signed_in else None


def keep(scope: Scope, visit: Visit) -> None:
    """Put it where handlers look; `scope["state"]["actor"]` for those who need only that."""
    state = scope.setdefault("state", {})
    state["visit"], state["actor"] = visit, visit.actor


def of(connection: HTTPConnection) -> Visit:
    """The visit of a request that came through the gate."""
    visit: Visit = connection.scope["state"]["visit"]
    return visit
