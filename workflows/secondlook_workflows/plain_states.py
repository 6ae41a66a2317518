"""States of killed runs that name groups by plain digests, as versions without a key for them did.

Whoever knows the numbers of patients can compute a plain digest. A state is bound to the groups in
it, so that no run goes on from such a one once the database is under the key.
"""

import re
from pathlib import Path

from secondlook.errors import WorkspaceError
from secondlook_workflows.cut_off import LEARNING, forget

PLAIN_GROUP = re.compile(rb'\], "[0-9a-f]{16}"\]')
"""How a state ends a case: its key, its labels, its group."""


def forget_plain(home: Path) -> int:
    """Remove them from a workspace, and say how many; the run of each begins again.

    Raises WorkspaceError where one cannot be read or removed.
    """
    try:
        folders = {x.parent for x in (home / LEARNING).rglob("work.*") if _plain(x)}
        for folder in folders:
            forget(folder)
    except OSError as error:
        raise WorkspaceError(
            f"cannot remove the state of a killed run from {home / LEARNING}: {error.strerror}; "
            "remove that folder by hand"
        ) from error
    return len(folders)


def _plain(path: Path) -> bool:
    return path.is_file() and PLAIN_GROUP.search(path.read_bytes()) is not None
