"""The workspace that this process serves, opened once."""

from functools import lru_cache
from pathlib import Path

from secondlook.workspace import default_home
from secondlook_workflows.context import Context, open_context


@lru_cache(maxsize=4)
def opened(home: str) -> Context:
    """The workspace in a folder, and the plugins; for every thread of this process."""
    return open_context(Path(home))


def context() -> Context:
    """The workspace and the plugins, for whoever may do anything: nothing is checked here."""
    return opened(str(default_home()))
