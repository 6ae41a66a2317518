"""The life of an adapter: out of one workspace, into another, into use and out of it again."""

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner, Result

from plates import plate
from secondlook.digests import file_sha256
from secondlook.errors import AdapterError, NotFound, PluginError, StoreError, UsageError
from secondlook.models.adapter_archive import pack, unpack
from secondlook.models.adapter_card import AdapterCard
from secondlook.models.adapter_files import CARD, write_folder
from secondlook.store.adapters import AdapterInfo, Adapters
from secondlook.store.database import Database
from secondlook.training.dense import DenseConfig
from secondlook.training.goods import GoodsConfig, learn_goods
from secondlook.training.goods_adapter import goods_adapter
from secondlook.workspace import default_home, init_workspace
from secondlook_workflows import adapters, stored_adapters
from secondlook_workflows.adapter_import import ImportConfig, import_
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context, open_context
from store_values import BACKBONE, NOON, digest

DOMAIN = "defect-inspector"
CLI = build()
QUICK = GoodsConfig(
    rows=200,
    pool=1000,
    held_back=40,
    folds=2,
    seconds=120,
    least_painted=32,
    least_gain=-1,
    dense=DenseConfig(steps=4, batch=2, rank=2, alpha=4, last=1, warm_up=1),
)


@dataclass(frozen=True)
class Exported:
    """A file from another workspace, and how its adapter looked there."""

    file: Path
    report: adapters.ExportReport
    scores: tuple[float, ...]
    flagged: tuple[bool, ...]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """An adapter with bank, dense head and LoRA weights, learned in a workspace of its own."""
    place = tmp_path_factory.mktemp("elsewhere")
    init_workspace(place / "home").database.dispose()
    context = open_context(place / "home")
    vision = context.runtime.vision("untrained")
    goods = ((f"{i:064x}", np.asarray(plate(i).convert("RGB"))) for i in range(34))
    learned = goods_adapter(
        learn_goods(goods, vision=vision, config=QUICK),
        domain=DOMAIN,
        product="plate",
        version=1,
        vision="untrained",
        backbone=vision,
    )
    stored_adapters.register(learned, context)
    report = adapters.export(learned.id, place, context)
    yield Exported(Path(report.out), report, *looks(learned.id, context))
    context.workspace.database.dispose()


def looks(adapter: str, context: Context) -> tuple[tuple[float, ...], tuple[bool, ...]]:
    """Score and verdict on five pictures that nobody learned from."""
    with context.workspace.database.read() as unit:
        loaded = stored_adapters.load_adapter(unit.adapters.get(adapter), context)
    vision = context.runtime.vision(loaded.vision)
    pictures = [np.asarray(plate(100 + i, hole=i > 1).convert("RGB")) for i in range(5)]
    scores = tuple(loaded.goods.look(vision, x).score for x in pictures)
    return scores, tuple(x > loaded.threshold for x in scores)


def stored(context: Context) -> dict[str, str]:
    """State of each adapter by id."""
    with context.workspace.database.read() as unit:
        return {x.id: x.state for x in unit.adapters.all()}


def left(context: Context) -> list[str]:
    """All files and folders below the adapters' folder."""
    folder = context.workspace.adapters
    return sorted(x.relative_to(folder).as_posix() for x in folder.rglob("*"))


def events(context: Context) -> list[tuple[str, str, dict[str, Any]]]:
    """What the audit trail tells of adapters: action, actor, body."""
    with context.workspace.database.read() as unit:
        found = unit.audit.events("workspace")
    return [(x.action, x.actor, dict(x.body)) for x in found if x.action.startswith("adapter.")]


def test_an_imported_adapter_looks_as_it_did_elsewhere(
    exported: Exported, context: Context
) -> None:
    report = import_(ImportConfig(file=exported.file), context)
    assert (report.adapter, report.state, report.added) == (f"{DOMAIN}/plate/1", "challenger", True)
    scores, flagged = looks(report.adapter, context)
    assert np.abs(np.subtract(scores, exported.scores)).max() <= 1e-4
    assert flagged == exported.flagged
    assert any(flagged)
    with context.workspace.database.read() as unit:
        info = unit.adapters.get(report.adapter)
    assert info.card["goods"]["dense"]["lora"]
    assert (context.workspace.adapters / info.path / "dense" / "adapter_config.json").is_file()
    assert not [x for x in left(context) if x.startswith(".")]


def test_it_waits_and_the_audit_says_who_and_from_what(
    exported: Exported, context: Context
) -> None:
    report = import_(ImportConfig(file=exported.file), replace_actor(context, "ann"))
    assert stored(context) == {report.adapter: "challenger"}
    source = hashlib.sha256(exported.file.read_bytes()).hexdigest()
    ((action, actor, body),) = events(context)
    assert (action, actor, body["source"]) == ("adapter.added", "ann", source)
    assert report.sha256 == exported.report.sha256 == source
    adapters.promote(report.adapter, context)
    assert stored(context) == {report.adapter: "champion"}


def replace_actor(context: Context, actor: str) -> Context:
    """The same surroundings, somebody else."""
    return Context(context.workspace, context.plugins, actor=actor)


def test_the_same_file_twice_changes_nothing(exported: Exported, context: Context) -> None:
    first = import_(ImportConfig(file=exported.file), context)
    before, told = left(context), events(context)
    again = import_(ImportConfig(file=exported.file), context)
    assert again == replace(first, added=False)
    assert (left(context), events(context)) == (before, told)


def test_a_copy_of_a_copy_is_known_and_keeps_its_origin(
    exported: Exported, context: Context, tmp_path: Path
) -> None:
    config = ImportConfig(file=exported.file, product="other")
    other = import_(config, context)
    assert other.adapter == f"{DOMAIN}/other/1"
    out = adapters.export(other.adapter, tmp_path / "copy.zip", context)
    again = import_(ImportConfig(file=Path(out.out)), context)
    assert (again.adapter, again.added) == (other.adapter, False)
    third = import_(ImportConfig(file=Path(out.out), product="third"), context)
    assert third.origin == other.origin
    assert other.origin is not None
    assert other.origin.startswith(f"{DOMAIN}/plate/1@")


def test_a_damaged_copy_is_mended_by_importing_again(exported: Exported, context: Context) -> None:
    first = import_(ImportConfig(file=exported.file), context)
    (context.workspace.adapters / first.adapter / "bank.safetensors").write_bytes(b"cut")
    for verb in (lambda: adapters.promote(first.adapter, context), lambda: out(first, context)):
        with pytest.raises(AdapterError, match="damaged"):
            verb()
    assert stored(context) == {first.adapter: "challenger"}
    again = import_(ImportConfig(file=exported.file), context)
    assert (again.adapter, again.added) == (f"{DOMAIN}/plate/2", True)


def out(report: Any, context: Context) -> object:
    return adapters.export(report.adapter, context.workspace.home, context)


def test_a_folder_left_by_a_kill_is_not_taken(exported: Exported, context: Context) -> None:
    (context.workspace.adapters / DOMAIN / "plate" / "1").mkdir(parents=True)
    assert import_(ImportConfig(file=exported.file), context).adapter == f"{DOMAIN}/plate/2"


def test_a_folder_cleared_while_it_is_imported_is_not_named(
    exported: Exported, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Adapters.add

    def slow(self: Adapters, info: AdapterInfo, **given: Any) -> None:
        add(self, info, **given)
        shutil.rmtree(context.workspace.adapters / info.path)

    with monkeypatch.context() as patch:
        patch.setattr(Adapters, "add", slow)
        with pytest.raises(AdapterError, match="import the adapter again"):
            import_(ImportConfig(file=exported.file), context)
    assert stored(context) == {}
    assert import_(ImportConfig(file=exported.file), context).added


def remade(file: Path, tmp_path: Path, change: Callable[[Path, AdapterCard], AdapterCard]) -> Path:
    """The same archive with other files or another card in it, and all sha256 right."""
    unpack(file, tmp_path / "was")
    card = AdapterCard.model_validate_json((tmp_path / "was" / CARD).read_bytes())

    def write(folder: Path) -> AdapterCard:
        for name in card.files:
            (folder / name).parent.mkdir(exist_ok=True)
            (tmp_path / "was" / name).rename(folder / name)
        return change(folder, card)

    write_folder(tmp_path / "is", write)
    pack(tmp_path / "is", tmp_path / "remade.zip")
    return tmp_path / "remade.zip"


def other_backbone(folder: Path, card: AdapterCard) -> AdapterCard:
    ref = replace(card.backbone, name="DINO-x", fingerprint="0" * 64)
    return card.model_copy(update={"backbone": ref, "vision": "/nowhere/dino"})


def other_preprocessing(folder: Path, card: AdapterCard) -> AdapterCard:
    return card.model_copy(update={"preprocessing": "upside down"})


def pickled(folder: Path, card: AdapterCard) -> AdapterCard:
    (folder / "bank.safetensors").write_bytes(pickle.dumps([1]))
    return card


def narrow(folder: Path, card: AdapterCard) -> AdapterCard:
    bank = load_file(folder / "bank.safetensors")
    bank["rows"] = np.ascontiguousarray(bank["rows"][:, :5])
    save_file(bank, folder / "bank.safetensors")
    return card


def not_numbers(folder: Path, card: AdapterCard) -> AdapterCard:
    bank = load_file(folder / "bank.safetensors")
    bank["rows"][:] = np.nan
    save_file(bank, folder / "bank.safetensors")
    return card


def other_domain(folder: Path, card: AdapterCard) -> AdapterCard:
    return card.model_copy(update={"domain": "astrology"})


def odd_product(folder: Path, card: AdapterCard) -> AdapterCard:
    return card.model_copy(update={"product": "../../x"})


BAD: list[tuple[Callable[[Path, AdapterCard], AdapterCard], type[Exception], str]] = [
    (other_backbone, AdapterError, r"learned with backbone DINO-x \(000000000000\).*--backbone"),
    (other_preprocessing, AdapterError, "upside down"),
    (pickled, AdapterError, "damaged: bank.safetensors"),
    (narrow, AdapterError, "do not fit backbone"),
    (not_numbers, AdapterError, "not finite"),
    (other_domain, PluginError, "there is: defect-inspector"),
    (odd_product, UsageError, "cannot name a product"),
]


@pytest.mark.parametrize(("change", "kind", "words"), BAD)
def test_what_does_not_work_here_is_refused_and_leaves_nothing(
    exported: Exported,
    context: Context,
    tmp_path: Path,
    change: Callable[[Path, AdapterCard], AdapterCard],
    kind: type[Exception],
    words: str,
) -> None:
    file = remade(exported.file, tmp_path, change)
    with pytest.raises(kind, match=words) as error:
        import_(ImportConfig(file=file), context)
    assert ".import-" not in str(error.value)
    assert (stored(context), left(context), events(context)) == ({}, [], [])


def test_the_backbone_asked_for_is_the_only_one_tried(exported: Exported, context: Context) -> None:
    with pytest.raises(AdapterError, match=r"untrained.*that is not starter"):
        import_(ImportConfig(file=exported.file, backbone="starter"), context)
    assert import_(ImportConfig(file=exported.file, backbone="untrained"), context).added


def test_a_domain_that_no_plugin_brings_has_nothing_to_roll_back(context: Context) -> None:
    with pytest.raises(PluginError, match="astrology"):
        adapters.rollback("astrology", None, context)


def test_a_rollback_to_damaged_files_changes_nothing(exported: Exported, context: Context) -> None:
    one = import_(ImportConfig(file=exported.file), context).adapter
    (context.workspace.adapters / one / "dense" / "head.safetensors").write_bytes(b"cut")
    two = import_(ImportConfig(file=exported.file), context).adapter
    with context.workspace.database.write() as unit:
        unit.adapters.promote(one, actor="ann")
        unit.commit()
    adapters.promote(two, context)
    with pytest.raises(AdapterError, match="damaged"):
        adapters.rollback(DOMAIN, "plate", context)
    assert stored(context) == {one: "retired", two: "champion"}
    assert "adapter.rolled_back" not in [x[0] for x in events(context)]


def made_up(version: int) -> AdapterInfo:
    """An adapter of the product tile without files."""
    name = f"parts/tile/{version}"
    return AdapterInfo(
        id=name,
        domain="parts",
        product="tile",
        version=version,
        backbone=BACKBONE,
        path=name,
        sha256=digest(name),
        state="challenger",
        card={},
        created_at=NOON,
    )


def promoted(database: Database, *versions: int) -> None:
    """Promote one after another; each is added when it first comes."""
    with database.write() as unit:
        known = {x.id for x in unit.adapters.all()}
        for version in versions:
            info = made_up(version)
            if info.id not in known:
                unit.adapters.add(info, actor="ann")
            known.add(info.id)
            unit.adapters.promote(info.id, actor="ann")
        unit.commit()


def rolled(database: Database) -> tuple[int, int]:
    """Versions of the champion and of the retired one after a rollback."""
    with database.write() as unit:
        done = unit.adapters.rollback("parts", "tile", actor="bob")
        unit.commit()
    assert (done.champion.state, done.retired.state) == ("champion", "retired")
    return done.champion.version, done.retired.version


def test_rolling_back_goes_step_by_step_and_loses_nothing(database: Database) -> None:
    promoted(database, 1, 2, 3, 3)
    assert (rolled(database), rolled(database)) == ((2, 3), (1, 2))
    with pytest.raises(NotFound, match=r"nothing was in use before.*parts/tile/2, parts/tile/3"):
        rolled(database)
    promoted(database, 3)
    assert rolled(database) == (1, 3)
    promoted(database, 2, 1)
    assert (rolled(database), rolled(database)) == ((2, 1), (1, 2))
    with database.read() as unit:
        assert {x.version: x.state for x in unit.adapters.all()} == {
            1: "champion",
            2: "retired",
            3: "retired",
        }
        last = unit.audit.events("workspace")[-1]
        assert (last.action, last.actor) == ("adapter.rolled_back", "bob")
        assert last.body == {"adapter": "parts/tile/1", "retired": "parts/tile/2"}
        assert unit.audit.verify().problems == ()


def test_nothing_in_use_cannot_be_rolled_back(database: Database) -> None:
    with pytest.raises(NotFound, match="has no champion.*there is: none"):
        rolled(database)


def test_a_champion_that_the_trail_does_not_know_is_not_rolled_back(database: Database) -> None:
    promoted(database, 1, 2)
    swap = (
        "UPDATE adapters SET state = 'retired'",
        ("UPDATE adapters SET state = 'champion' WHERE version = 1"),
    )
    with database.engine.begin() as connection:
        for statement in swap:
            connection.exec_driver_sql(statement)
    with pytest.raises(StoreError, match="verify-audit"):
        rolled(database)


def test_rollbacks_and_promotions_at_once_take_turns(database: Database) -> None:
    promoted(database, *range(1, 9))
    with ThreadPoolExecutor(4) as pool:
        steps = list(pool.map(lambda _: rolled(database), range(5)))
    assert sorted(steps) == [(i, i + 1) for i in range(3, 8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda version: promoted(database, version), (5, 6, 7, 8)))
    with database.read() as unit:
        states = [x.state for x in unit.adapters.all()]
        assert (states.count("champion"), len(states)) == (1, 8)
        assert unit.audit.verify().problems == ()


def run(*words: str, status: int = 0) -> Result:
    """Run a command and check its exit status."""
    outcome = CliRunner().invoke(CLI, ["adapters", *words])
    assert outcome.exit_code == status, outcome.output
    return outcome


def test_the_commands_from_an_empty_folder(exported: Exported, tmp_path: Path) -> None:
    added = json.loads(run("import", str(exported.file), "--json").stdout)
    name = added["adapter"]
    assert added["added"]
    assert "nothing was changed" in run("import", str(exported.file)).stderr
    assert json.loads(run("promote", name, "--json").stdout) == {"champion": name}
    second = json.loads(run("import", str(exported.file), "--product", "other", "--json").stdout)[
        "adapter"
    ]
    listed = run("list").stdout
    assert name in listed
    assert second in listed
    assert "champion" in listed
    assert "held out)" in listed
    shown = run("show", name).stdout
    assert "dense units 1 middle" in shown
    assert "files bank.safetensors" in shown
    assert not {"{", "[", "'"} & set(shown)
    assert added["origin"] in shown
    said = run("rollback", DOMAIN, "--product", "plate", status=2).stderr
    assert "nothing was in use before" in " ".join(said.split())
    wrote = json.loads(run("export", name, "--out", str(tmp_path), "--json").stdout)
    file = tmp_path / f"{DOMAIN}-plate-1.secondlook-adapter.zip"
    assert (wrote["out"], wrote["sha256"]) == (str(file), file_sha256(file))
    run("export", name, "--out", str(tmp_path), status=1)
    run("export", "nobody/1", status=2)
    run("import", str(tmp_path / "nowhere.zip"), status=1)
    assert default_home().is_dir()


def test_rollback_by_command(exported: Exported) -> None:
    names = []
    for version in (1, 2):  # the same file comes in twice while the first copy is damaged
        names.append(json.loads(run("import", str(exported.file), "--json").stdout)["adapter"])
        card = default_home() / "adapters" / names[0] / CARD
        if version == 1:
            card.rename(default_home() / "card")
    (default_home() / "card").rename(card)
    for name in names:
        run("promote", name)
    words = ("rollback", DOMAIN, "--product", "plate", "--json")
    assert json.loads(run(*words).stdout) == {"champion": names[0], "retired": names[1]}
