"""Folders that no adapter names: found, told, cleared, and nobody's work lost."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner

from plates import plate
from secondlook.errors import AdapterError
from secondlook.models.adapter_files import folder_sha256
from secondlook.models.adapters import Adapter
from secondlook.workspace import init_workspace
from secondlook_workflows import learn, leftovers, stored_adapters
from secondlook_workflows.adapter_import import ImportConfig, import_
from secondlook_workflows.adapters import check_stored
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.doctor import Check
from secondlook_workflows.doctor import run as doctor
from secondlook_workflows.learning import LearnConfig
from secondlook_workflows.leftovers import ClearReport

DOMAIN = "defect-inspector"
LONG_AGO = 10 * leftovers.QUIET


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adapter]:
    """One that was learned elsewhere, to be stored."""
    place = tmp_path_factory.mktemp("elsewhere")
    goods = place / "goods"
    goods.mkdir()
    for seed in range(12):
        plate(seed).save(goods / f"{seed}.png")
    init_workspace(place / "home").database.dispose()
    context = open_context(place / "home")
    config = LearnConfig(
        domain=DOMAIN, goods=goods, product="plate", minutes=0, backbone="untrained"
    )
    learned = learn.run(config, context)
    with context.workspace.database.read() as unit:
        yield stored_adapters.load_adapter(unit.adapters.get(learned.adapter), context)
    context.workspace.database.dispose()


def age(folder: Path, seconds: float = LONG_AGO) -> Path:
    """As if nobody had touched it for so long."""
    then = folder.stat().st_mtime - seconds
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then))
    return folder


def killed(adapter: Adapter, context: Context) -> Path:
    """A kill after the folder was written and before the database named it."""
    folder = context.workspace.adapters / adapter.id
    adapter.save(folder)
    return age(folder)


def half_written(context: Context, name: str = f"{DOMAIN}/plate/.3-x7q") -> Path:
    folder = context.workspace.adapters / name
    folder.mkdir(parents=True)
    (folder / "bank.safetensors").write_bytes(b"half")
    return age(folder)


def names(context: Context) -> list[str]:
    return [x.name for x in leftovers.found(context.workspace)]


def removed(context: Context) -> tuple[str, ...]:
    """Cleared as far as it goes."""
    return leftovers.clear(context, remove=True, unnamed=True).removed


def before_naming(monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], None]) -> None:
    """A writer that has written its folder sleeps, and this happens meanwhile, once."""
    named = stored_adapters._named

    def late(adapter: Adapter, folder: Path, *rest: Any) -> str:
        monkeypatch.setattr(stored_adapters, "_named", named)
        act(folder)
        return named(adapter, folder, *rest)

    monkeypatch.setattr(stored_adapters, "_named", late)


def audited(context: Context) -> list[dict[str, Any]]:
    with context.workspace.database.read() as unit:
        events = unit.audit.events("workspace")
    return [dict(x.body) for x in events if x.action == "adapter.cleared"]


def test_what_no_adapter_names_is_found_and_cleared(context: Context, adapter: Adapter) -> None:
    stored, _ = stored_adapters.register(adapter, context)
    age(context.workspace.adapters / stored.id)
    orphan = killed(adapter.numbered(2), context)
    parts = [half_written(context), half_written(context, ".import-5f")]
    assert names(context) == [".import-5f", f"{DOMAIN}/plate/.3-x7q", f"{DOMAIN}/plate/2"]
    half, whole = (".import-5f", f"{DOMAIN}/plate/.3-x7q"), (f"{DOMAIN}/plate/2",)
    shown = ClearReport(half_written=half, unnamed=whole, removed=())
    # twice the same: `clear` does not touch anything without being told to
    assert leftovers.clear(context) == leftovers.clear(context, unnamed=True) == shown
    assert orphan.exists()
    kept = leftovers.clear(context, remove=True)
    assert kept == ClearReport(half_written=(), unnamed=whole, removed=half)
    assert orphan.exists()
    assert not any(x.exists() for x in parts)
    gone = leftovers.clear(context, remove=True, unnamed=True)
    assert gone == ClearReport(half_written=(), unnamed=(), removed=whole)
    assert not orphan.exists()
    assert names(context) == []
    assert audited(context) == [{"folder": x} for x in (*half, *whole)]
    with context.workspace.database.read() as unit:
        check_stored(unit.adapters.get(stored.id), context)


def test_what_was_touched_lately_is_left_alone(context: Context, adapter: Adapter) -> None:
    orphan = killed(adapter, context)
    (orphan / "adapter.json").touch()  # one file of it was written just now
    part = half_written(context)
    (part / "bank.safetensors").touch()
    assert removed(context) == ()
    assert orphan.exists()
    assert part.exists()


def test_what_is_no_adapter_is_left_alone(context: Context, tmp_path: Path) -> None:
    root = context.workspace.adapters
    (root / "notes").mkdir()
    (root / "notes" / "read.me").touch()
    (root / ".nfs01").touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "adapter.json").touch()
    age(elsewhere)
    (root / "linked").symlink_to(elsewhere)
    (root / ".linked").symlink_to(elsewhere)
    age(root / "notes")
    assert removed(context) == ()
    assert (elsewhere / "adapter.json").exists()


def test_an_adapter_that_is_named_meanwhile_is_kept(
    context: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found without a row; its writer, asleep for a day, names it before it is cleared."""
    killed(adapter, context)
    seen = leftovers.found(context.workspace)
    shutil.rmtree(context.workspace.adapters / adapter.id)
    stored_adapters.register(adapter, context)
    monkeypatch.setattr(leftovers, "found", lambda _: seen)
    assert removed(context) == ()
    assert audited(context) == []
    with context.workspace.database.read() as unit:
        check_stored(unit.adapters.get(adapter.id), context)


def test_a_writer_whose_folder_was_cleared_writes_it_again(
    context: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asleep for a day between the folder and the row, and cleared in between."""

    def clear(folder: Path) -> None:
        age(folder)
        assert removed(context) == (adapter.id,)

    before_naming(monkeypatch, clear)
    stored, state = stored_adapters.register(adapter, context)
    assert (stored.id, state) == (adapter.id, "champion")
    with context.workspace.database.read() as unit:
        check_stored(unit.adapters.get(stored.id), context)


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Context]:
    """A workspace over each kind of database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    init_workspace(tmp_path / "shared", url).database.dispose()
    context = open_context(tmp_path / "shared")
    yield context
    context.workspace.database.dispose()


def test_who_clears_and_who_names_take_turns(
    shared: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = killed(adapter, shared)
    sha256, quiet = folder_sha256(folder), leftovers._quiet
    at_work, go_on, asked = Event(), Event(), 0

    def slow(folder: Path) -> bool:
        nonlocal asked
        asked += 1
        if asked == 2:  # once it was found, and again in the transaction that clears it
            at_work.set()
            go_on.wait(10)
        return quiet(folder)

    monkeypatch.setattr(leftovers, "_quiet", slow)
    with ThreadPoolExecutor() as pool:
        clearing = pool.submit(removed, shared)
        assert at_work.wait(10)
        naming = pool.submit(stored_adapters._named, adapter, folder, sha256, shared)
        time.sleep(0.5)
        waited = not naming.done()
        go_on.set()
        assert clearing.result() == (adapter.id,)
        with pytest.raises(stored_adapters._Cleared):
            naming.result()
    assert waited
    with shared.workspace.database.read() as unit:
        assert unit.adapters.all() == ()
        assert unit.audit.verify().problems == ()


def test_a_late_writer_never_removes_the_folder_of_another(
    context: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own was cleared, and somebody else's stands under the same version since."""

    def take(folder: Path) -> None:
        shutil.rmtree(folder)
        card = adapter.card.model_copy(update={"carried": "another"})
        stored_adapters.register(replace(adapter, card=card), context)

    before_naming(monkeypatch, take)
    stored, state = stored_adapters.register(adapter, context)
    assert (stored.version, state) == (adapter.version + 1, "challenger")
    with context.workspace.database.read() as unit:
        for info in unit.adapters.all():
            check_stored(info, context)


def looked() -> Check:
    (check,) = [x for x in doctor() if x.name == "adapter folders"]
    return check


def test_doctor_names_them_and_the_command(context: Context, adapter: Adapter) -> None:
    assert (looked().ok, looked().found) == (True, "each has its adapter")
    killed(adapter, context)
    check = looked()
    assert (check.ok, check.remedy) == (True, "secondlook adapters clear")
    assert check.found == f"no adapter of this database names {adapter.id}"
    half_written(context)
    check = looked()
    assert (check.ok, check.remedy) == (False, "secondlook adapters clear")
    assert check.found.startswith(f"left by a kill: {DOMAIN}/plate/.3-x7q; no adapter of this")


def test_the_command_shows_and_removes(context: Context, adapter: Adapter) -> None:
    runner = CliRunner()
    orphan = killed(adapter, context)
    told = runner.invoke(build(), ["adapters", "clear"])
    assert told.exit_code == 0, told.output
    words = " ".join(told.output.split())
    assert "no adapter of this database names them" in words
    assert "left by a kill" not in words
    assert f"secondlook adapters import {orphan}" in told.output.replace("\n", "")
    assert "--remove --unnamed" in words
    part = half_written(context)
    told = runner.invoke(build(), ["adapters", "clear"])
    assert "1 half-written, left by a kill: remove them with --remove" in told.output
    done = runner.invoke(build(), ["adapters", "clear", "--remove"])
    assert "1 removed" in done.output
    assert (part.exists(), orphan.exists()) == (False, True)
    done = runner.invoke(build(), ["adapters", "clear", "--remove", "--unnamed", "--json"])
    report = {"half_written": [], "unnamed": [], "removed": [adapter.id]}
    assert json.loads(done.stdout) == report
    assert not orphan.exists()
    again = runner.invoke(build(), ["adapters", "clear"])
    assert "nothing to clear" in again.output


def test_a_folder_that_cannot_be_cleared_is_named(
    context: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(adapter, context)

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(AdapterError, match=rf"{adapter.id} .*Permission denied; remove .*/1 by"):
        removed(context)
    assert audited(context) == []


def test_what_is_set_aside_and_stays_is_named_as_it_is_called_now(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = half_written(context)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(AdapterError, match="Permission denied") as error:
            removed(context)
    (aside,) = part.parent.iterdir()
    assert aside.name.startswith(".cleared-")
    assert f"remove {aside} by hand" in str(error.value)
    assert removed(context) == (f"{DOMAIN}/plate/{aside.name}",)


@pytest.mark.parametrize("back", ["another database", "an older database"])
def test_adapters_of_another_database_are_kept_and_can_be_taken_in(
    context: Context, adapter: Adapter, tmp_path: Path, back: str
) -> None:
    home, database = context.workspace.home, context.workspace.home / "secondlook.db"
    context.workspace.database.dispose()
    shutil.copy(database, tmp_path / "older.db")
    stored, _ = stored_adapters.register(adapter, context)
    folder = age(context.workspace.adapters / stored.id)
    context.workspace.database.dispose()
    if back == "an older database":
        for path in home.glob("secondlook.db*"):
            path.unlink()
        shutil.copy(tmp_path / "older.db", database)
    else:
        init_workspace(home, f"sqlite:///{tmp_path / 'other.db'}").database.dispose()
    now = open_context(home)
    report = leftovers.clear(now, remove=True)
    assert report == ClearReport(half_written=(), unnamed=(stored.id,), removed=())
    assert "left by a kill" not in looked().found
    taken = import_(ImportConfig(file=folder), now)
    assert (taken.adapter, taken.added) == (f"{DOMAIN}/plate/{adapter.version + 1}", True)
    with now.workspace.database.read() as unit:
        check_stored(unit.adapters.get(taken.adapter), now)
    assert not import_(ImportConfig(file=folder), now).added
    now.workspace.database.dispose()


def test_a_folder_that_is_no_adapter_is_not_taken_in(
    context: Context, adapter: Adapter, tmp_path: Path
) -> None:
    with pytest.raises(AdapterError, match=r"is not an adapter: it has no adapter\.json"):
        import_(ImportConfig(file=tmp_path), context)
    adapter.save(tmp_path / "damaged")
    (tmp_path / "damaged" / "bank.safetensors").write_bytes(b"half")
    with pytest.raises(AdapterError, match="damaged: bank.safetensors"):
        import_(ImportConfig(file=tmp_path / "damaged"), context)
    assert list(context.workspace.adapters.iterdir()) == []


def test_without_a_folder_of_adapters_there_is_nothing(context: Context) -> None:
    context.workspace.adapters.rmdir()
    assert names(context) == []
    assert looked().ok


def test_a_folder_that_cannot_be_read_is_named(
    context: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(adapter, context)
    closed, usual = context.workspace.adapters / DOMAIN, Path.iterdir

    def refuse(self: Path) -> Iterator[Path]:
        if self == closed:
            raise PermissionError(13, "Permission denied", str(self))
        return usual(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(AdapterError, match=f"in {closed}: Permission denied"):
        leftovers.found(context.workspace)
    assert not looked().ok
    assert f"{closed}: Permission denied" in looked().found
    assert [x.found for x in doctor() if x.name == "database"] == ["schema is up to date"]
