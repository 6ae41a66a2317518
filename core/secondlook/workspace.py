"""The workspace: one folder with settings, database, blobs, adapters and keys.

$SECONDLOOK_HOME, else ./.secondlook
├── secondlook.toml     settings (optional)
├── secondlook.db       the case database, unless `database_url` says otherwise
├── workflows.db        durable workflows, unless the case database is PostgreSQL
├── blobs/              attachments and anomaly maps, named by their content
├── adapters/           one folder per adapter version
└── keys/audit.key      signs the heads of the audit chains; keep a copy elsewhere
"""

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import WorkspaceError
from secondlook.settings import FILE, Settings, load_settings
from secondlook.store.blobs import BlobStore
from secondlook.store.database import Database

HOME_VARIABLE = "SECONDLOOK_HOME"


def default_home() -> Path:
    """The folder that commands use: $SECONDLOOK_HOME, else ./.secondlook."""
    return Path(os.environ.get(HOME_VARIABLE) or ".secondlook").absolute()


@dataclass(frozen=True)
class Workspace:
    """An open workspace. `database` connects lazily and is shared by threads."""

    home: Path
    settings: Settings
    database: Database
    blobs: BlobStore

    @property
    def adapters(self) -> Path:
        """Folder of the adapters."""
        return self.home / "adapters"

    @property
    def workflows_url(self) -> str:
        """Database of the durable workflows: beside the cases, or the same PostgreSQL."""
        if self.database.engine.dialect.name == "postgresql":
            return self.database.engine.url.render_as_string(hide_password=False)
        return f"sqlite:///{self.home / 'workflows.db'}"


def init_workspace(home: Path, database_url: str | None = None) -> Workspace:
    """Make the folder if needed, remember the database, and bring its schema up to date."""
    try:
        for folder in (home, home / "blobs", home / "adapters", home / "keys"):
            folder.mkdir(parents=True, exist_ok=True)
        _ensure_key(home / "keys" / "audit.key")
        if database_url is not None:
            _remember_database(home, database_url)
    except OSError as error:
        raise WorkspaceError(
            f"cannot make a workspace at {home}: {error.strerror}; "
            f"choose another folder with {HOME_VARIABLE}"
        ) from None
    workspace = open_workspace(home)
    workspace.database.upgrade()
    return workspace


def open_workspace(home: Path | None = None) -> Workspace:
    """Open an existing workspace. Raises WorkspaceError that says how to make one."""
    home = home or default_home()
    key = home / "keys" / "audit.key"
    if not key.is_file():
        raise WorkspaceError(f"there is no workspace at {home}; make one with `secondlook init`")
    settings = load_settings(home)
    url = settings.database_url or f"sqlite:///{home / 'secondlook.db'}"
    database = Database.connect(url, audit_key=bytes.fromhex(key.read_text().strip()))
    return Workspace(home, settings, database, BlobStore(home / "blobs"))


def _ensure_key(path: Path) -> None:
    """Make the signing key once. A kill in between leaves either no key or a whole one."""
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32))
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def _remember_database(home: Path, url: str) -> None:
    file = home / FILE
    kept = file.read_text().splitlines(keepends=True) if file.exists() else []
    rest = [x for x in kept if not x.startswith("database_url")]
    file.write_text(f"database_url = {json.dumps(url)}\n" + "".join(rest))
    file.chmod(0o600)  # the URL may hold a password
