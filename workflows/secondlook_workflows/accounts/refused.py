"""refused: what somebody wanted and may not is told in the audit trail, apart from the act."""

from secondlook.accounts.actor import Actor
from secondlook.errors import NotAllowed
from secondlook_workflows.context import Context


def run(actor: Actor, error: NotAllowed, context: Context) -> None:
    """Keep that it was refused; the refused act itself left nothing."""
    with context.workspace.database.write() as unit:
        unit.accounts.tell(
            "role.refused", actor.name, permission=error.permission, domain=error.domain
        )
        unit.commit()
