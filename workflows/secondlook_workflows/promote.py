"""promote: put whoever has waited too long one band higher. Done before listing and by workers.

Claiming does it by itself. Any number of processes may do it at once: a case is promoted once.
"""

import logging
import time
from dataclasses import dataclass, field

from secondlook.errors import StoreError
from secondlook_workflows.context import Context

log = logging.getLogger("secondlook")


def run(context: Context, *, batches: int | None = None) -> int:
    """How many were promoted; nothing is written where nobody is due.

    `batches` bounds the work before a page is drawn: those that are due longest come first.
    """
    database, promoted = context.workspace.database, 0
    while batches is None or batches > 0:
        with database.read() as unit:
            if not unit.priorities.due():
                break
        with database.write() as unit:
            step = unit.priorities.promote()
            unit.commit()
        if not step:  # others are at it
            break
        promoted += step
        batches = None if batches is None else batches - 1
    return promoted


def attempt(context: Context, *, batches: int | None = None) -> None:
    """The same before a list is shown: where the database is busy the list comes all the same."""
    try:
        run(context, batches=batches)
    except StoreError as error:
        log.warning("promotion is put off: %s", error)


@dataclass
class Promoter:
    """Promotes every now and then, inside a loop that has other things to do."""

    context: Context
    every: float
    """Seconds."""
    _next: float = field(default=0.0)

    def look(self) -> bool:
        """Promote if it is time; always True. A busy database is tried again at the next time."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self.every
            attempt(self.context)
        return True
