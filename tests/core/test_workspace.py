"""The workspace folder: its key, its settings, and who may read them."""

import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from database_fixtures import AUDIT_KEY
from secondlook.errors import SettingsError, StoreError, WorkspaceError
from secondlook.store.database import Database
from secondlook.workspace import Workspace, default_home, init_workspace, open_workspace
from store_values import add_case, behind_the_triggers

OTHER = b"f" * 32


def made(home: Path, url: str | None = None) -> Workspace:
    """A new workspace whose connections are closed."""
    workspace = init_workspace(home, url)
    workspace.database.dispose()
    return workspace


def key_of(home: Path) -> Path:
    """Where the signing key of a workspace lies."""
    return home / "keys" / "audit.key"


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return path.stat().st_mode & 0o777


def test_a_workspace_opens_again_with_its_key(tmp_path: Path) -> None:
    made(tmp_path)
    key = key_of(tmp_path).read_text()
    made(tmp_path)
    workspace = open_workspace(tmp_path)
    assert key_of(tmp_path).read_text() == key
    assert workspace.database.check() == ()
    workspace.database.dispose()


def test_a_folder_without_a_key_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="make one with `secondlook init`"):
        open_workspace(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_was_not_migrated_yet_opens(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "secondlook.db").unlink()
    open_workspace(tmp_path)
    assert not (tmp_path / "secondlook.db").exists()
    (tmp_path / "secondlook.db").touch()
    workspace = open_workspace(tmp_path)
    workspace.database.upgrade()
    assert workspace.database.check() == ()
    workspace.database.dispose()


def test_a_second_key_is_refused(tmp_path: Path, empty_url: str) -> None:
    made(tmp_path / "one", empty_url)
    with pytest.raises(WorkspaceError, match=r"did not sign .* copy keys/audit.key"):
        init_workspace(tmp_path / "two", empty_url)
    assert not (tmp_path / "two" / "secondlook.toml").exists()
    key_of(tmp_path / "one").write_text(OTHER.hex())
    with pytest.raises(WorkspaceError, match="did not sign"):
        open_workspace(tmp_path / "one")


def test_the_same_key_opens_one_server_from_two_folders(tmp_path: Path, empty_url: str) -> None:
    made(tmp_path / "one", empty_url)
    key_of(tmp_path / "two").parent.mkdir(parents=True)
    key_of(tmp_path / "two").write_text(key_of(tmp_path / "one").read_text())
    made(tmp_path / "two", empty_url)
    open_workspace(tmp_path / "one")


def test_a_forged_head_is_not_taken_for_a_wrong_key(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    add_case(workspace.database, "a")
    with behind_the_triggers(workspace.database) as connection:
        forge = "UPDATE audit_heads SET signature = 'x' WHERE chain = 'workspace'"
        connection.execute(text(forge))
    workspace.database.dispose()
    with open_workspace(tmp_path).database.read() as unit:
        assert len(unit.audit.verify().problems) == 1


def test_a_server_that_does_not_answer_is_no_wrong_key(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not answer"):
        init_workspace(tmp_path / "home", f"postgresql://ann@/cases?host={tmp_path}")
    assert not (tmp_path / "home" / "secondlook.toml").exists()


def test_no_new_key_is_made_beside_an_old_database(tmp_path: Path) -> None:
    made(tmp_path)
    key_of(tmp_path).unlink()
    with pytest.raises(WorkspaceError, match="a database but no key"):
        init_workspace(tmp_path)
    assert not key_of(tmp_path).exists()


@pytest.mark.parametrize("damage", [b"not hex", b"abcd", b"\xff\xfe", b""])
def test_a_damaged_key_is_told(tmp_path: Path, damage: bytes) -> None:
    made(tmp_path)
    key_of(tmp_path).write_bytes(damage)
    for use in (open_workspace, init_workspace):
        with pytest.raises(WorkspaceError, match=r"audit.key is damaged.*from its copy"):
            use(tmp_path)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:////tmp/\udcff.db"]
)
def test_a_url_that_cannot_be_used_is_not_remembered(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError):
        init_workspace(tmp_path / "home", url)
    assert not (tmp_path / "home").exists()


def test_the_database_is_remembered_and_other_settings_stay(tmp_path: Path) -> None:
    settings = tmp_path / "secondlook.toml"
    before = 'lease_minutes = 7  # Größe\ndatabase_url = "old"\n\n[plugins.x]\ndatabase_url = "x"\n'
    settings.write_text(before, encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'other ä 🙂.db'}"
    workspace = made(tmp_path, url)
    assert (workspace.settings.database_url, workspace.settings.lease_minutes) == (url, 7)
    assert workspace.settings.plugins == {"x": {"database_url": "x"}}
    assert "# Größe" in settings.read_text(encoding="utf-8")
    assert "old" not in settings.read_text(encoding="utf-8")
    assert {x.name for x in tmp_path.glob("*toml*")} == {"secondlook.toml"}


def test_settings_that_are_not_utf8_are_told(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "secondlook.toml").write_bytes(b'text_backbone = "\xff"\n')
    with pytest.raises(SettingsError, match="secondlook.toml"):
        open_workspace(tmp_path)
    with pytest.raises(WorkspaceError, match="UTF-8"):
        init_workspace(tmp_path, f"sqlite:///{tmp_path / 'secondlook.db'}")


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="choose another folder with SECONDLOOK_HOME"):
        init_workspace(tmp_path / "file" / "home")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        workspace = init_workspace(tmp_path / "deep" / "home", f"sqlite:///{tmp_path}/cases.db")
        made(default_home())
        add_case(workspace.database, "a")
    finally:
        os.umask(before)
    home = workspace.home
    folders = (home, home / "keys", home / "blobs", home / "adapters")
    files = (home / "secondlook.toml", home / "workflows.db", key_of(home))
    databases = [*tmp_path.glob("cases.db*"), default_home() / "secondlook.db"]
    assert len(databases) == 4, databases
    assert {mode(x) for x in folders} == {0o700}
    assert {mode(x) for x in (*files, *databases)} == {0o600}
    workspace.database.dispose()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "shared.db"
    file.touch(mode=0o660)
    file.chmod(0o660)
    database = Database.connect(f"sqlite:///{file}", audit_key=AUDIT_KEY)
    database.upgrade()
    assert mode(file) == 0o660
    database.dispose()
