"""learn --goods: suspects are named, tiles follow the size or what is asked, three are enough."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from plates import plate
from secondlook.errors import ModelError, UsageError
from secondlook_workflows import learn
from secondlook_workflows.context import Context
from secondlook_workflows.stored_adapters import load_adapter
from textures import texture

CONFIG = learn.LearnConfig(domain="defect-inspector", product="plate", minutes=0)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with 24 good plates and one that has a hole."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for seed in range(24):
        plate(seed).save(folder / f"good-{seed}.png")
    plate(99, hole=True).save(folder / "holed.png")
    return folder


def test_a_defect_among_the_goods_is_named(context: Context, mixed: Path) -> None:
    report = learn.run(replace(CONFIG, goods=mixed), context)
    assert report.suspects[0].file == "holed.png"
    assert report.suspects[0].far == max(x.far for x in report.suspects) > 3
    (note,) = (x for x in report.notes if "may show a defect" in x)
    assert "holed.png" in note and "--drop-suspects" in note
    assert json.loads(json.dumps(asdict(report)))["suspects"][0]["file"] == "holed.png"
    with context.workspace.database.read() as unit:
        adapter = load_adapter(unit.adapters.get(report.adapter), context)
    assert adapter.card.goods is not None and adapter.card.goods.goods == 25
    assert adapter.card.goods.suspects[0].file == "holed.png"
    assert adapter.card.goods.suspects_dropped == 0


def test_a_defect_is_left_out_where_that_is_asked(context: Context, mixed: Path) -> None:
    report = learn.run(replace(CONFIG, goods=mixed, drop_suspects=True), context)
    assert report.suspects[0].file == "holed.png"
    assert report.metrics["goods"] == 25 - len(report.suspects)
    assert any("Nothing was learned from them" in x for x in report.notes)
    with context.workspace.database.read() as unit:
        adapter = load_adapter(unit.adapters.get(report.adapter), context)
    assert adapter.card.goods is not None
    assert adapter.card.goods.suspects_dropped == len(report.suspects)


def test_three_goods_are_enough_to_begin_with(context: Context, tmp_path: Path) -> None:
    for seed in range(3):
        plate(seed).save(tmp_path / f"{seed}.png")
    report = learn.run(replace(CONFIG, goods=tmp_path), context)
    assert report.state == "champion" and report.suspects == ()
    assert any("Only 3 good pictures" in x for x in report.notes)
    with context.workspace.database.read() as unit:
        adapter = load_adapter(unit.adapters.get(report.adapter), context)
    assert adapter.card.goods is not None and adapter.card.goods.bands is not None
    assert adapter.card.goods.bands.reject is None


def test_two_goods_are_too_few(context: Context, tmp_path: Path) -> None:
    for seed in range(2):
        plate(seed).save(tmp_path / f"{seed}.png")
    with pytest.raises(ModelError, match="at least 3 different good pictures, got 2"):
        learn.run(replace(CONFIG, goods=tmp_path), context)


def test_tiles_follow_what_is_asked(context: Context, tmp_path: Path) -> None:
    from PIL import Image

    for seed in range(3):
        Image.fromarray(texture(seed, 600)).save(tmp_path / f"{seed}.png")
    report = learn.run(replace(CONFIG, goods=tmp_path, tile=450), context)
    with context.workspace.database.read() as unit:
        adapter = load_adapter(unit.adapters.get(report.adapter), context)
    assert adapter.card.goods is not None and adapter.card.goods.tiles is not None
    assert (adapter.card.goods.tiles.count, adapter.card.goods.tiles.usual) == (4, (600, 600))
    assert any("4 overlapping tiles" in x for x in report.notes)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tile": 5}, "at least 32 pixels, or 0"),
        ({"tile": -1}, "at least 32 pixels, or 0"),
        ({"tile": 300, "goods": None, "decided": True}, "give them with --goods"),
        ({"drop_suspects": True, "goods": None, "decided": True}, "give them with --goods"),
    ],
)
def test_words_that_are_off_are_told(
    context: Context, goods: Path, changed: dict[str, object], said: str
) -> None:
    config = replace(CONFIG, goods=goods)
    with pytest.raises(UsageError, match=said):
        learn.run(replace(config, **changed), context)  # type: ignore[arg-type]
