"""Which adapters were in use one after another, as the audit trail tells it."""

import json
from collections.abc import Container

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.store.audit import WORKSPACE
from secondlook.store.base import AdapterState
from secondlook.store.review_tables import AuditEventRow

ADDED, PROMOTED, ROLLED_BACK = "adapter.added", "adapter.promoted", "adapter.rolled_back"
"""Actions of the workspace's chain that put an adapter into use; the first only as champion."""


def in_use(session: Session, ids: Container[str]) -> tuple[str, ...]:
    """The adapters among `ids` that were in use, oldest first; the last one is now.

    What a rollback took out of use is left out, and comes in again when it is promoted again.
    """
    event, steps = AuditEventRow, list[str]()
    query = select(event.action, event.body).where(
        event.chain == WORKSPACE, event.action.in_((ADDED, PROMOTED, ROLLED_BACK))
    )
    for action, text in session.execute(query.order_by(event.seq)):
        body = json.loads(text)
        if body["adapter"] not in ids:
            continue
        if action == ADDED and body["state"] != AdapterState.CHAMPION.value:
            continue
        if action == ROLLED_BACK:
            del steps[-1:]
        elif steps[-1:] != [body["adapter"]]:
            steps.append(body["adapter"])
    return tuple(steps)
