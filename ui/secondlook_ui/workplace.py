"""The workspace that this process serves, for whatever is no run of the script."""

from secondlook_ui import session
from secondlook_workflows.context import Context


def context() -> Context:
    """The workspace and the plugins, for whoever may do anything: nothing is checked here."""
    return session.context()
