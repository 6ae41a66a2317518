"""People who are signed in, without a passphrase: a session straight in the store."""

from datetime import timedelta
from pathlib import Path

import pytest

from secondlook.accounts.actor import ANY, Role
from secondlook.store.account_tables import How
from secondlook.workspace import Workspace, open_workspace
from secondlook_ui import who

ENDS = {"idle": timedelta(minutes=15), "absolute": timedelta(hours=12)}


def signed_in(
    workspace: Workspace, name: str = "Anna", role: Role | None = Role.LEAD, domain: str = ANY
) -> str:
    """The token of a new session of somebody in a role."""
    with workspace.database.write() as unit:
        unit.users.ensure(name)
        if role is not None:
            unit.users.grant(name, role, domain=domain, by="test")
        token = unit.sessions.begin(name, How.LINK, **ENDS)
        unit.commit()
    return token


def signed_in_at(home: Path, name: str = "Anna", role: Role | None = Role.LEAD) -> str:
    """The same in the workspace of a folder."""
    workspace = open_workspace(home)
    try:
        return signed_in(workspace, name, role)
    finally:
        workspace.database.dispose()


def come_in(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    """Let the pages of this process be drawn for whoever has this token; nobody for None."""
    monkeypatch.setattr(who, "token", lambda: token)
    monkeypatch.setattr(who, "FRESH_SECONDS", 0.0)
