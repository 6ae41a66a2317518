"""stay: somebody did something, so their session goes on."""

from secondlook.store import clock
from secondlook.store.sessions import GRAIN, SignedIn
from secondlook_workflows.accounts import costs
from secondlook_workflows.context import Context


def run(signed_in: SignedIn, context: Context) -> None:
    """Move the idle end of a session; nothing is written for an act just after another one."""
    idle, digest = costs.lasting(context)["idle"], signed_in.actor.session
    if digest is None or signed_in.idle_at > clock.now() + idle - min(GRAIN, idle / 10):
        return
    with context.workspace.database.write() as unit:
        unit.sessions.touch(digest, idle)
        unit.commit()
