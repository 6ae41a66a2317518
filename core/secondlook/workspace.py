"""The workspace: one folder with settings, database, blobs, adapters and keys.

$SECONDLOOK_HOME, else ./.secondlook
├── secondlook.toml     settings (optional)
├── secondlook.db       the case database, unless `database_url` says otherwise
├── workflows.db        durable workflows, unless the case database is PostgreSQL
├── blobs/              attachments and anomaly maps, named by their content
├── adapters/           one folder per adapter version
├── keys/audit.key      signs the heads of the audit chains; keep a copy elsewhere
└── keys/patients.key   seals the way back from cases to patients; made when it is needed

All of it is for the owner alone: folders are made with mode 0700, files with 0600.
"""

import contextlib
import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from secondlook.deid.seal import KEY_BYTES, Seal
from secondlook.errors import WorkspaceError
from secondlook.settings import FILE, Settings, load_settings
from secondlook.store.base import storable
from secondlook.store.blobs import BlobStore
from secondlook.store.database import SHORTEST_KEY, Database
from secondlook.store.engines import parse_url, shown_url

HOME_VARIABLE = "SECONDLOOK_HOME"
DATABASE = "secondlook.db"
WORKFLOWS = "workflows.db"
KEY = "keys/audit.key"
PATIENTS_KEY = "keys/patients.key"
"""The parts of a workspace that are named more than once, relative to its folder."""


def default_home() -> Path:
    """The folder that commands use: $SECONDLOOK_HOME, else ./.secondlook."""
    return Path(os.environ.get(HOME_VARIABLE) or ".secondlook").absolute()


@dataclass(frozen=True)
class Workspace:
    """An open workspace. `database` holds no connection yet, and is shared by threads."""

    home: Path
    settings: Settings
    database: Database
    blobs: BlobStore

    @property
    def adapters(self) -> Path:
        """Folder of the adapters."""
        return self.home / "adapters"

    def seal(self, *, make: bool = False) -> Seal:
        """What links back to patients are sealed with; `make` makes its key where there is none.

        Raises WorkspaceError where there is no key, or it is damaged.
        """
        file = self.home / PATIENTS_KEY
        if make:
            _make_key(file)
        try:
            key = bytes.fromhex(file.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise WorkspaceError(
                f"{file} is missing or damaged, and without it no case leads back to its patient; "
                "put it back from its copy, or set keep_link = false under [deidentify]"
            )
        return Seal(key)

    @property
    def workflows_url(self) -> str:
        """Database of the durable workflows: beside the cases, or the same PostgreSQL."""
        if self.database.engine.dialect.name == "postgresql":
            return self.database.engine.url.render_as_string(hide_password=False)
        return f"sqlite:///{self.home / WORKFLOWS}"


def init_workspace(home: Path, database_url: str | None = None) -> Workspace:
    """Make the folder if needed, remember the database, and bring its schema up to date.

    Nothing is remembered of a URL that cannot be used, or of a database that another key signs.

    Raises WorkspaceError for a folder that cannot be made and for a key that is missing beside a
    database, damaged or another one; StoreError for a URL or a database that does not work.
    """
    if database_url is not None:
        parse_url(storable(database_url, "a database URL"))
    try:
        _make_folders(home)
        if database_url is not None:
            _open_database(home, database_url).dispose()
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
    """Open an existing workspace. Raises WorkspaceError that says how to make one.

    A database that has an audit trail must have been signed with the workspace's key; to see that
    it is reached once, so StoreError when it cannot be.
    """
    home = home or default_home()
    _read_key(home)  # before anything else: without it there is no workspace
    try:
        settings = load_settings(home)
    except OSError as error:
        raise WorkspaceError(f"cannot read {home / FILE}: {error.strerror}") from None
    url = settings.database_url or f"sqlite:///{home / DATABASE}"
    return Workspace(home, settings, _open_database(home, url), BlobStore(home / "blobs"))


def _open_database(home: Path, url: str) -> Database:
    database = Database.connect(url, audit_key=_read_key(home))
    if database.signed_by_another():
        raise WorkspaceError(
            f"the key in {home / KEY} did not sign the database {shown_url(parse_url(url))}; "
            f"copy {KEY} of the workspace that made it"
        )
    return database


def _make_folders(home: Path) -> None:
    """Make what is missing, for the owner alone; what is there keeps its mode."""
    _refuse_lost_key(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("blobs", "adapters", "keys"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
    _make_key(home / KEY)
    (home / WORKFLOWS).touch(mode=0o600)


def _refuse_lost_key(home: Path) -> None:
    database = (home / DATABASE).exists()  # before the key: who makes both makes the key first
    if database and not (home / KEY).exists():
        raise WorkspaceError(
            f"{home} holds a database but no key, and a new key could not verify it; put "
            f"{KEY} back from its copy"
        )


def _make_key(path: Path) -> None:
    """Make the signing key once. A kill in between leaves either no key or a whole one."""
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32), encoding="ascii")
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def _read_key(home: Path) -> bytes:
    file = home / KEY
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (FileNotFoundError, NotADirectoryError):
        raise WorkspaceError(
            f"there is no workspace at {home}; make one with `secondlook init`"
        ) from None
    except OSError as error:
        raise WorkspaceError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        key = b""
    if len(key) < SHORTEST_KEY:
        raise WorkspaceError(f"{file} is damaged: it holds no key; restore it from its copy")
    return key


def _remember_database(home: Path, url: str) -> None:
    """Put the URL, which may hold a password, at the top of the settings: all of them or none."""
    file = home / FILE
    try:
        kept = file.read_text(encoding="utf-8") if file.exists() else ""
    except UnicodeDecodeError:
        raise WorkspaceError(f"{file} is not UTF-8 text; save it as UTF-8 first") from None
    top, *tables = re.split(r"^(?=\s*\[)", kept, maxsplit=1, flags=re.MULTILINE)
    rest = re.sub(r"^\s*database_url\s*=.*\n?", "", top, flags=re.MULTILINE) + "".join(tables)
    handle, name = tempfile.mkstemp(dir=home, prefix=f".{FILE}.")  # its mode is 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(f"database_url = {json.dumps(url, ensure_ascii=False)}\n{rest}")
            new.flush()
            os.fsync(new.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
