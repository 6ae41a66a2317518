"""Until there are accounts: whoever reaches this machine's own address is who uses the machine."""

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from secondlook_ui import session


@dataclass(frozen=True)
class Local:
    """The user of this machine, who may see everything."""

    name: str

    def may(self, permission: object, domain: str) -> bool:
        """Always."""
        return True


class LocalActor:
    """ASGI middleware that signs every request with the user of this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            scope.setdefault("state", {}).setdefault("actor", Local(session._system_user()))
        await self._app(scope, receive, send)
