"""Folders that a kill left among the adapters: found, named, cleared, and nobody's work lost."""

import json
import os
import shutil
import time
from collections.abc import Iterator
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
from secondlook_workflows.adapters import check_stored
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.doctor import run as doctor
from secondlook_workflows.learning import LearnConfig

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
    assert leftovers.clear(context) == names(context) != []
    # shown again: `clear` has not touched anything without being told to
    assert orphan.exists()
    assert leftovers.clear(context, remove=True) == [
        ".import-5f", f"{DOMAIN}/plate/.3-x7q", f"{DOMAIN}/plate/2",
    ]  # fmt: skip
    assert names(context) == []
    assert not any(x.exists() for x in (orphan, *parts))
    assert audited(context) == [{"folder": x} for x in (
        ".import-5f", f"{DOMAIN}/plate/.3-x7q", f"{DOMAIN}/plate/2",
    )]  # fmt: skip
    with context.workspace.database.read() as unit:
        check_stored(unit.adapters.get(stored.id), context)


def test_what_was_touched_lately_is_left_alone(context: Context, adapter: Adapter) -> None:
    orphan = killed(adapter, context)
    (orphan / "adapter.json").touch()  # one file of it was written just now
    part = half_written(context)
    (part / "bank.safetensors").touch()
    assert leftovers.clear(context, remove=True) == []
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
    assert leftovers.clear(context, remove=True) == []
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
    assert leftovers.clear(context, remove=True) == []
    assert audited(context) == []
    with context.workspace.database.read() as unit:
        check_stored(unit.adapters.get(adapter.id), context)


def test_a_writer_whose_folder_was_cleared_writes_it_again(
    context: Context, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asleep for a day between the folder and the row, and cleared in between."""
    named = stored_adapters._named

    def sleepy(adapter: Adapter, folder: Path, *rest: Any) -> str:
        monkeypatch.setattr(stored_adapters, "_named", named)
        age(folder)
        assert leftovers.clear(context, remove=True) == [adapter.id]
        return named(adapter, folder, *rest)

    monkeypatch.setattr(stored_adapters, "_named", sleepy)
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
        clearing = pool.submit(leftovers.clear, shared, remove=True)
        assert at_work.wait(10)
        naming = pool.submit(stored_adapters._named, adapter, folder, sha256, shared)
        time.sleep(0.5)
        waited = not naming.done()
        go_on.set()
        assert clearing.result() == [adapter.id]
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
    named = stored_adapters._named

    def late(mine: Adapter, folder: Path, *rest: Any) -> str:
        monkeypatch.setattr(stored_adapters, "_named", named)
        shutil.rmtree(folder)
        card = adapter.card.model_copy(update={"carried": "another"})
        stored_adapters.register(replace(adapter, card=card), context)
        return named(mine, folder, *rest)

    monkeypatch.setattr(stored_adapters, "_named", late)
    stored, state = stored_adapters.register(adapter, context)
    assert (stored.version, state) == (adapter.version + 1, "challenger")
    with context.workspace.database.read() as unit:
        for info in unit.adapters.all():
            check_stored(info, context)


def test_doctor_names_them_and_the_command(context: Context, adapter: Adapter) -> None:
    assert [x.ok for x in doctor() if x.name == "adapter folders"] == [True]
    killed(adapter, context)
    (check,) = [x for x in doctor() if x.name == "adapter folders"]
    assert not check.ok
    assert adapter.id in check.found
    assert check.remedy == "secondlook adapters clear"


def test_the_command_shows_and_removes(context: Context, adapter: Adapter) -> None:
    runner = CliRunner()
    orphan = killed(adapter, context)
    told = runner.invoke(build(), ["adapters", "clear"])
    assert told.exit_code == 0, told.output
    assert adapter.id in told.output
    assert "--remove" in told.output
    assert orphan.exists()
    done = runner.invoke(build(), ["adapters", "clear", "--remove", "--json"])
    assert json.loads(done.stdout) == {"folders": [adapter.id], "removed": True}
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
    with pytest.raises(AdapterError, match=rf"{adapter.id}.*Permission denied"):
        leftovers.clear(context, remove=True)
    assert audited(context) == []
