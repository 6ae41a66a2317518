"""Large pictures are looked at in tiles, without seams, and small ones as ever."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from secondlook import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models.adapters import Adapter
from secondlook.models.bank import nearest
from secondlook.models.goods import GoodsPart, dense_map
from secondlook.models.goods_tiles import MOST, Tiled, TilePlan, plan_tiles, sight
from secondlook.models.pictures import Preprocessing
from secondlook.models.untrained import untrained_resnet
from secondlook.models.vision import PatchNetwork
from secondlook.training import judging
from secondlook.training.goods import GoodsConfig, LearnedGoods, learn_goods
from secondlook.training.goods_adapter import goods_adapter
from secondlook.training.goods_tiles import Windows, planned
from textures import texture, with_hole
from tiny_goods import with_dense

Pixels = NDArray[np.uint8]
BANK = GoodsConfig(rows=400, least_rows=400, pool=5_000, held_back=40, folds=2, seconds=0)
DENSE = with_dense(BANK)


@dataclass
class Squares:
    """Reads 224 x 224: darkest, mean and spread of squares of 7 pixels, and sees how many."""

    ref: BackboneRef = field(
        default_factory=lambda: BackboneRef(
            name="squares", revision="1", fingerprint="f" * 64, trained=False
        )
    )
    prepare: Preprocessing = field(default_factory=lambda: Preprocessing(224))
    preprocessing: str = ""
    most: int = 0
    """The largest batch that was seen."""

    def patches(self, images: Sequence[Pixels]) -> NDArray[np.float32]:
        self.most = max(self.most, len(images))
        grey = np.stack([self.prepare.resized(x)[..., 0] for x in images]).astype(np.float32)
        blocks = grey.reshape(len(images), 32, 7, 32, 7)
        parts = [blocks.min(axis=(2, 4)), blocks.mean(axis=(2, 4)), blocks.std(axis=(2, 4))]
        return np.stack(parts, axis=-1)


@pytest.fixture(autouse=True)
def few_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PAINTED", 8)


@pytest.fixture(scope="module")
def network() -> PatchNetwork:
    return untrained_resnet(side=32)


def made(count: int, side: int) -> list[tuple[str, Pixels]]:
    return [(f"{i:064x}", texture(i, side)) for i in range(count)]


def auroc(part: GoodsPart, good: list[Pixels], bad: list[Pixels]) -> float:
    scores = [part.look(Squares(), x).score for x in (*good, *bad)]
    return float(roc_auc_score([0] * len(good) + [1] * len(bad), scores))


def test_small_holes_in_large_goods_are_found_with_tiles_and_not_without() -> None:
    goods = made(10, 1200)
    good = [texture(100 + i) for i in range(10)]
    bad = [with_hole(texture(200 + i), i, across=6) for i in range(10)]
    tiled, whole = (
        learn_goods(goods, vision=Squares(), config=replace(BANK, tile=tile)).part
        for tile in (None, 0)
    )
    assert tiled.tiles is not None and whole.tiles is None
    assert auroc(tiled, good, bad) > 0.95
    assert auroc(whole, good, bad) < 0.85


@pytest.mark.parametrize("size", [(352, 352), (448, 448), (152, 352), (8, 8)])
def test_goods_up_to_twice_the_input_are_looked_at_whole(size: tuple[int, int]) -> None:
    assert plan_tiles(Squares(), size, None) is None
    assert sight(vision := Squares(), None) is vision


def test_small_goods_are_learned_to_the_bit_as_without_tiles(network: PatchNetwork) -> None:
    goods = made(40, 64)
    asked, decided = (
        learn_goods(goods, vision=network, config=replace(DENSE, tile=tile)) for tile in (0, None)
    )
    assert decided.part.tiles is None
    assert np.array_equal(asked.part.bank.rows, decided.part.bank.rows)
    assert asked.threshold == decided.threshold
    looks = [x.part.look(network, goods[0][1]) for x in (asked, decided)]
    assert np.array_equal(looks[0].map, looks[1].map)
    part = decided.part
    assert part.dense is not None and part.units is not None
    bank = part.bank.score(network.patches([goods[0][1]])[0])
    logits = part.dense.map(network, goods[0][1])
    assert bank.score > 0 and logits.shape == looks[0].map.shape
    assert np.array_equal(logits, dense_map(part.dense, network, goods[0][1]))


@given(st.integers(300, 20_000), st.integers(300, 20_000), st.integers(32, 4000) | st.none())
@settings(max_examples=100, deadline=None)
def test_tiles_cover_any_picture_and_stay_few(height: int, width: int, side: int | None) -> None:
    plan = plan_tiles(Squares(), (height, width), side)
    if plan is None:
        assert max(height, width) <= (side or 448) + 2
        return
    assert 2 <= plan.count <= MOST
    tops, lefts = zip(*plan.starts((224, 224)), strict=True)
    assert (max(tops) + 224, max(lefts) + 224) == plan.canvas((224, 224))
    steps = np.diff(sorted(set(tops))).tolist() + np.diff(sorted(set(lefts))).tolist()
    assert all(0 < x < 224 for x in steps)  # no gap, and always some overlap


def test_tiles_of_a_stated_size_are_about_so_large() -> None:
    plan = plan_tiles(Squares(), (1200, 1600), 400)
    assert plan is not None
    assert all(0.75 * 400 <= x <= 400 for x in plan.pixels)
    larger = plan_tiles(Squares(), (10_000, 10_000), 100)
    assert larger is not None and larger.count == MOST and min(larger.pixels) > 1000
    assert plan_tiles(Squares(), (1200, 1200), 0) is None
    assert plan_tiles(Squares(), (1200, 1200), 1200) is None


def test_a_map_has_no_seams() -> None:
    """What every tile sees alike is one slope when joined, also where tiles meet."""
    plan = plan_tiles(Squares(), (1200, 1200), None)
    assert plan is not None
    ramp = np.linspace(0, 255, 1200, dtype=np.float32).astype(np.uint8)
    picture = np.repeat(np.tile(ramp, (1200, 1))[..., None], 3, axis=2)
    joined = Tiled(Squares(), plan).patches([picture])[0][..., 1]
    slope = np.diff(joined[len(joined) // 2])
    assert joined.shape == plan.canvas((32, 32))
    assert slope.min() > 0 and slope.max() < 3 * slope.mean()


def test_what_tiles_say_differently_fades_from_one_to_the_next() -> None:
    plan = TilePlan(rows=1, columns=2, overlap=(0.25, 0.25), usual=(500, 900))
    tiled = Tiled(Squares(), plan)
    number = iter(range(2))
    levels = tiled.joined(
        texture(0, 300),
        lambda x: np.stack([np.full((32, 32, 1), next(number), dtype=np.float32) for _ in x]),
    )[0, :, 0]
    assert levels[0] == 0 and levels[-1] == 1
    assert np.abs(np.diff(levels)).max() < 0.2
    assert (np.diff(levels) >= 0).all()


def test_the_score_of_a_picture_does_not_depend_on_the_batch() -> None:
    plan = plan_tiles(Squares(), (1200, 1200), None)
    assert plan is not None
    tiled, pictures = Tiled(Squares(), plan), [texture(i) for i in range(3)]
    together = tiled.patches(pictures)
    for alone, picture in zip(together, pictures, strict=True):
        assert np.array_equal(alone, tiled.patches([picture])[0])
    assert tiled.patches([]).shape == (0, 0, 0, 0)


def test_a_picture_of_100_megapixels_is_looked_at_in_few_tiles_batch_by_batch() -> None:
    plan = plan_tiles(Squares(), (10_000, 10_000), None)
    assert plan is not None and plan.count == MOST
    vision = Squares()
    huge = np.broadcast_to(np.uint8(90), (10_000, 10_000, 3))
    seen = Tiled(vision, plan).patches([np.ascontiguousarray(huge)])
    assert vision.most <= 16
    assert seen.nbytes < 2**20
    assert np.allclose(seen[..., 1], 90)


@pytest.fixture(scope="module")
def learned(network: PatchNetwork) -> LearnedGoods:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "PAINTED", 8)
        return learn_goods(made(36, 100), vision=network, config=DENSE)


def test_one_score_in_memory_and_after_reload(
    network: PatchNetwork, learned: LearnedGoods, tmp_path: Path
) -> None:
    assert learned.part.tiles is not None and learned.part.dense is not None
    assert learned.part.tiles.words in learned.notes
    adapter = goods_adapter(
        learned, domain="d", product=None, version=1, vision="x", backbone=network
    )
    adapter.save(tmp_path / "1")
    again = Adapter.load(tmp_path / "1")
    assert again.card.goods is not None and again.card.goods.tiles == learned.part.tiles
    assert again.goods is not None
    picture = with_hole(texture(900, 100), 0)
    here, there = (x.look(network, picture) for x in (learned.part, again.goods))
    assert np.array_equal(here.map, there.map)
    assert here.score == there.score == here.map.max()
    assert min(here.map.shape) > min(network.patches([picture]).shape[1:3])


def test_a_learned_threshold_is_of_the_scores_that_looking_gives(
    network: PatchNetwork, learned: LearnedGoods
) -> None:
    """Goods that calibrate go through the same tiles as pictures later: few are flagged."""
    flagged = [
        learned.part.look(network, texture(500 + i, 100)).score > learned.threshold.value
        for i in range(20)
    ]
    assert np.mean(flagged) <= 0.4


def test_dense_models_learn_on_tiles() -> None:
    vision = Squares()
    plan = plan_tiles(vision, (1200, 1200), None)
    assert plan is not None
    tiled = Tiled(vision, plan)
    canvases = [tiled.prepare.resized(texture(i)) for i in range(2)]
    windows = Windows(canvases, tiled)
    assert len(windows) == 2 * plan.count
    assert windows[plan.count].shape == (224, 224, 3)
    every = list(tiled.windows(canvases[1]))
    assert all(np.array_equal(x, y) for x, y in zip(windows[plan.count :], every, strict=True))
    with pytest.raises(IndexError):
        windows[len(windows)]


def test_planning_gives_back_every_picture_in_order() -> None:
    goods = made(20, 500)
    plan, again = planned(iter(goods), Squares(), None)
    assert plan is not None and plan.usual == (500, 500)
    assert [name for name, _ in again] == [name for name, _ in goods]
    assert planned([], Squares(), None) == (None, [])


def test_planning_holds_few_large_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.training.goods_tiles.PEEK_BYTES", 2 * 500 * 500 * 3)
    taken = []

    def stream() -> object:
        for name, pixels in made(10, 500):
            taken.append(name)
            yield name, pixels

    planned(stream(), Squares(), None)  # type: ignore[arg-type]
    assert len(taken) == 3


def test_a_backbone_without_a_stated_size_is_never_given_tiles() -> None:
    vision = Squares(prepare=None)  # type: ignore[arg-type]
    assert plan_tiles(vision, (5000, 5000), None) is None
    plan = TilePlan(rows=2, columns=2, overlap=(0.25, 0.25), usual=(500, 500))
    with pytest.raises(AdapterError, match="learn again with --tile 0"):
        sight(vision, plan).patches([texture(0, 100)])


@pytest.mark.parametrize("changed", [{"rows": 9, "columns": 9}, {"overlap": (0.9, 0)}, {"rows": 0}])
def test_a_plan_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    plain = {"rows": 2, "columns": 2, "overlap": (0.25, 0.25), "usual": (500, 500)}
    with pytest.raises(ValidationError):
        TilePlan.model_validate(plain | changed)


def test_many_patches_are_compared_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    queries, rows = (random.normal(size=(n, 5)).astype(np.float32) for n in (50, 20))
    whole = nearest(queries, rows)
    monkeypatch.setattr("secondlook.models.bank.QUERIES", 7)
    parts = nearest(queries, rows)
    assert np.allclose(whole[0], parts[0]) and np.array_equal(whole[1], parts[1])
    assert torch.from_numpy(parts[0]).dtype == torch.float32
    assert len(nearest(queries[:0], rows)[0]) == 0
