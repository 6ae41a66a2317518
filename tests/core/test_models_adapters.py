"""Adapters on disk, learning from goods, and the forward pass over both."""

import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from secondlook import BackboneRef, ImageInput, ModelInputs, Query
from secondlook.digests import file_sha256
from secondlook.errors import AdapterError, ModelError
from secondlook.intake.passages import note
from secondlook.models import adapter_files
from secondlook.models.adapter_files import folder_sha256, read_card
from secondlook.models.adapters import Adapter
from secondlook.models.backbones import TextBackbone
from secondlook.models.backbones import minilm as load_minilm
from secondlook.models.forward import forward
from secondlook.models.retrieval import RememberingText, rank_passages
from secondlook.models.untrained import untrained_resnet
from secondlook.models.vision import PatchNetwork
from secondlook.training import goods_dense
from secondlook.training.dense_plan import DenseConfig, LearnedDense
from secondlook.training.goods import GoodsConfig, LearnedGoods, learn_goods
from secondlook.training.goods_adapter import goods_adapter

REF = BackboneRef(name="means", revision="1", fingerprint="f" * 64, trained=False)
CONFIG = GoodsConfig(rows=200, pool=1000, held_back=40, folds=4)
Pixels = NDArray[np.uint8]


@dataclass
class Means:
    """A vision backbone: mean colour and texture of 8 x 8 squares, in pictures of 64 x 64."""

    ref: BackboneRef = REF
    seen: int = 0

    def patches(self, images: Sequence[Pixels]) -> NDArray[np.float32]:
        self.seen += len(images)
        blocks = np.stack(images).reshape(len(images), 8, 8, 8, 8, 3).astype(np.float32)
        mean, spread = blocks.mean(axis=(2, 4)), blocks.std(axis=(2, 4))
        return np.concatenate([mean, spread], axis=-1)


def good(seed: int) -> Pixels:
    return np.random.default_rng(seed).normal(128, 12, (64, 64, 3)).clip(0, 255).astype(np.uint8)


def goods(count: int) -> Iterator[tuple[str, Pixels]]:
    return ((f"{i:064x}", good(i)) for i in range(count))


def scratched(seed: int) -> Pixels:
    pixels = good(seed)
    pixels[20:22, 8:56] = 250
    return pixels


@pytest.fixture(scope="module")
def learned() -> LearnedGoods:
    return learn_goods(goods(30), vision=Means(), config=CONFIG)


@pytest.fixture(scope="module")
def adapter(learned: LearnedGoods) -> Adapter:
    return goods_adapter(
        learned,
        domain="defect-inspector",
        product="tile",
        version=1,
        vision="means",
        backbone=Means(),
    )


@pytest.fixture(scope="module")
def minilm() -> TextBackbone:
    return load_minilm()


def test_learning_is_the_same_for_the_same_seed(learned: LearnedGoods) -> None:
    again = learn_goods(goods(30), vision=Means(), config=CONFIG)
    assert (again.part.bank.rows == learned.part.bank.rows).all()
    assert again.threshold == learned.threshold
    other = learn_goods(goods(30), vision=Means(), config=replace(CONFIG, seed=1))
    assert other.threshold != learned.threshold


def test_defects_score_above_the_threshold_and_goods_mostly_below(
    adapter: Adapter,
) -> None:
    score = {
        name: [
            adapter.goods.bank.score(Means().patches([make(i)])[0]).score for i in range(100, 140)
        ]
        for name, make in (("good", good), ("bad", scratched))
    }
    assert min(score["bad"]) > adapter.threshold
    assert np.mean(np.array(score["good"]) > adapter.threshold) <= 0.2


def test_copies_are_learned_once(learned: LearnedGoods) -> None:
    vision = Means()
    twice = learn_goods([*goods(30), *goods(30)], vision=vision, config=CONFIG)
    assert (twice.goods, twice.duplicates, vision.seen) == (30, 30, 30)
    assert twice.data_sha256 == learned.data_sha256


def test_memory_is_bounded_by_the_pools() -> None:
    config = GoodsConfig(rows=50, pool=100, held_back=10, folds=3)
    learned = learn_goods(goods(60), vision=Means(), config=config)
    assert len(learned.part.bank.rows) == 50
    assert learned.threshold.goods == 10
    assert learned.goods == 60


def test_progress_ends_at_the_total() -> None:
    steps: list[tuple[int, int]] = []
    learn_goods(
        goods(12), vision=Means(), config=CONFIG, total=12, progress=lambda *x: steps.append(x)
    )
    assert steps == [(i, 24) for i in range(1, 25)]


def test_too_few_goods_say_how_many_are_needed() -> None:
    images = [*goods(2), *goods(2)]
    with pytest.raises(ModelError, match="at least 3 different .* got 2 .*2 copies"):
        learn_goods(images, vision=Means(), config=CONFIG)


def test_goods_that_all_look_the_same_are_refused() -> None:
    same = [(f"{i:064x}", np.full((64, 64, 3), 80, dtype=np.uint8)) for i in range(12)]
    with pytest.raises(ModelError, match="all look the same"):
        learn_goods(same, vision=Means(), config=CONFIG)


def test_a_real_network_learns_without_nan() -> None:
    learned = learn_goods(goods(9), vision=untrained_resnet(side=64), config=CONFIG)
    assert np.isfinite(learned.part.bank.rows).all()
    assert learned.threshold.value > 0


def test_an_adapter_comes_back_as_it_was(adapter: Adapter, tmp_path: Path) -> None:
    sha256 = adapter.save(tmp_path / "a" / "1")
    loaded = Adapter.load(tmp_path / "a" / "1", backbone_fingerprint="f" * 64, sha256=sha256)
    assert loaded.card.model_copy(update={"files": {}}) == adapter.card
    assert loaded.id == "defect-inspector/tile/1"
    patches = Means().patches([scratched(3)])[0]
    before, after = adapter.goods.bank.score(patches), loaded.goods.bank.score(patches)
    assert (before.score, before.nearest) == (after.score, after.nearest)
    assert [x.name for x in (tmp_path / "a").iterdir()] == ["1"]


def test_an_adapter_is_never_overwritten(adapter: Adapter, tmp_path: Path) -> None:
    adapter.save(tmp_path / "1")
    with pytest.raises(AdapterError, match="raise its version"):
        adapter.save(tmp_path / "1")


def test_a_write_that_breaks_leaves_nothing(
    adapter: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adapter_files, "_sync", full)
    with pytest.raises(AdapterError, match="No space left"):
        adapter.save(tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


def test_another_backbone_is_refused(adapter: Adapter, tmp_path: Path) -> None:
    adapter.save(tmp_path / "1")
    with pytest.raises(AdapterError, match="means .*ffffffffffff.* learn again"):
        Adapter.load(tmp_path / "1", backbone_fingerprint="0" * 64)


def truncate(folder: Path) -> None:
    file = folder / "bank.safetensors"
    file.write_bytes(file.read_bytes()[:-7])


def rename(folder: Path) -> None:
    (folder / "bank.safetensors").rename(folder / "weights.safetensors")


def pickle_bank(folder: Path) -> None:
    (folder / "bank.safetensors").unlink()
    (folder / "bank.pkl").write_bytes(pickle.dumps([1]))


def pickle_under_its_name(folder: Path) -> None:
    data = pickle.dumps([1])
    (folder / "bank.safetensors").write_bytes(data)
    rewrite_card(folder, files={"bank.safetensors": file_sha256(folder / "bank.safetensors")})


def cut_card(folder: Path) -> None:
    file = folder / "adapter.json"
    file.write_bytes(file.read_bytes()[:50])


def wrong_threshold(folder: Path) -> None:
    rewrite_card(folder, threshold=0)


def rewrite_card(folder: Path, **change: object) -> None:
    file = folder / "adapter.json"
    card = json.loads(file.read_bytes())
    goods = {x: change.pop(x) for x in list(change) if x in card["goods"]}
    card["goods"] |= goods
    file.write_text(json.dumps(card | change), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [truncate, rename, pickle_bank, pickle_under_its_name, cut_card, wrong_threshold],
)
def test_a_damaged_adapter_is_refused(damage: object, adapter: Adapter, tmp_path: Path) -> None:
    adapter.save(tmp_path / "1")
    assert callable(damage)
    damage(tmp_path / "1")
    with pytest.raises(AdapterError, match=r"learn"):
        Adapter.load(tmp_path / "1", backbone_fingerprint="f" * 64)


def test_a_changed_card_does_not_pass_for_the_stored_one(adapter: Adapter, tmp_path: Path) -> None:
    sha256 = adapter.save(tmp_path / "1")
    rewrite_card(tmp_path / "1", threshold=1e9)
    assert read_card(tmp_path / "1").goods.threshold == 1e9
    assert folder_sha256(tmp_path / "1") != sha256
    with pytest.raises(AdapterError, match="not the one that was stored"):
        Adapter.load(tmp_path / "1", sha256=sha256)


def test_a_missing_adapter_says_what_it_would_be(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"no adapter\.json; an adapter is a folder"):
        read_card(tmp_path / "nowhere")


def test_forward_scores_pictures_and_ranks_passages(adapter: Adapter, minilm: TextBackbone) -> None:
    manual = note("## Scratches\nLonger than 2 mm: reject.", kind="manual", name="m")
    inputs = ModelInputs(
        images=(ImageInput(attachment="a", pixels=scratched(1)),),
        records=(manual,),
        queries=(Query(label="scratch", text="scratch"),),
    )
    outputs = forward(inputs, vision=Means(), text=minilm, adapter=adapter)
    (image,) = outputs.images
    assert image.score == image.anomaly_map.max() > image.threshold == adapter.threshold
    assert np.unravel_index(image.anomaly_map.argmax(), (8, 8))[0] == 2
    assert image.nearest in adapter.goods.bank.references
    assert [x.record for x in outputs.matches] == [manual]
    assert [x.name for x in outputs.backbones] == ["means", "all-MiniLM-L6-v2"]
    assert outputs.adapter == adapter.id


def test_forward_leaves_out_what_it_has_no_model_for(adapter: Adapter) -> None:
    inputs = ModelInputs(images=(ImageInput(attachment="a", pixels=good(1)),))
    outputs = forward(inputs, vision=None, text=None, adapter=None)
    assert (outputs.images, outputs.matches, outputs.adapter, outputs.backbones) == (
        (),
        (),
        None,
        (),
    )
    assert forward(ModelInputs(), vision=None, text=None, adapter=adapter).adapter == adapter.id


def test_forward_refuses_another_backbone(adapter: Adapter) -> None:
    inputs = ModelInputs(images=(ImageInput(attachment="a", pixels=good(1)),))
    other = Means(ref=replace(REF, fingerprint="0" * 64))
    with pytest.raises(AdapterError, match="learn again"):
        forward(inputs, vision=other, text=None, adapter=adapter)


MANUAL = """## 3.1 Scratches
A scratch longer than 2 mm is a reason to reject the part.

## 3.2 Pores
Blowholes up to 0.3 mm are allowed, at most two per face.

## 4 Delivery
Parts are delivered on pallets of 400 and invoiced within 30 days.

## 5 Cracks
Any crack or fracture leads to scrap.
"""


@pytest.mark.parametrize(
    ("query", "words"), [("scratch", "2 mm"), ("pore", "0.3 mm"), ("broken, cracked", "scrap")]
)
def test_the_clause_about_a_defect_comes_first(
    query: str, words: str, minilm: TextBackbone
) -> None:
    manual = note(MANUAL, kind="manual", name="m")
    matches = rank_passages(minilm, [manual], [Query(label="x", text=query)])
    assert words in matches[0].passage.text
    assert [x.similarity for x in matches] == sorted((x.similarity for x in matches), reverse=True)


def test_nothing_to_rank_gives_nothing() -> None:
    empty = replace(note("x", kind="manual", name="m"), passages=())
    assert rank_passages(Texts(), [empty], [Query(label="x", text="x")]) == ()
    assert rank_passages(Texts(), [note("x", kind="manual", name="m")], []) == ()


class Texts:
    """A text backbone that counts what it is asked for."""

    ref = REF

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(x), 1] for x in texts], dtype=np.float32).reshape(-1, 2)


def test_texts_are_embedded_once_while_they_are_remembered() -> None:
    texts = Texts()
    remembering = RememberingText(texts, limit=2)
    assert remembering.embed(["a", "bb", "a"]).tolist() == [[1, 1], [2, 1], [1, 1]]
    remembering.embed(["bb", "a"])
    assert texts.asked == ["a", "bb"]
    assert remembering.embed(["ccc", "dddd", "a"]).tolist() == [[3, 1], [4, 1], [1, 1]]
    assert len(remembering) == 2
    assert remembering.embed([]).shape == (0, 2)


def test_the_card_is_plain_json(adapter: Adapter) -> None:
    card = json.loads(json.dumps(adapter.card.model_dump(mode="json")))
    assert card["backbone"]["trained"] is False
    assert datetime.fromisoformat(card["created_at"]) <= datetime.now(UTC)


@pytest.fixture(scope="module")
def network() -> PatchNetwork:
    return untrained_resnet(side=64)


DENSE = replace(
    CONFIG,
    seconds=60,
    least_painted=32,
    least_gain=-1,
    dense=DenseConfig(steps=6, batch=4, rank=2, alpha=4, last=2, warm_up=2),
)


@pytest.fixture(scope="module")
def seeing(network: PatchNetwork) -> Adapter:
    """An adapter with a dense model that took six steps."""
    learned = learn_goods(goods(40), vision=network, config=DENSE)
    return goods_adapter(
        learned, domain="defect-inspector", product="t", version=1, vision="x", backbone=network
    )


def test_enough_goods_teach_a_dense_model_too(seeing: Adapter, network: PatchNetwork) -> None:
    assert seeing.goods.dense is not None
    assert seeing.card.goods.metrics["dense_steps"] == 6
    assert seeing.card.goods.calibration_goods == 10
    scored = seeing.goods.look(network, scratched(3))
    assert scored.map.shape == (16, 16)
    assert scored.score == scored.map.max() > 0


def test_goods_the_dense_model_saw_do_not_calibrate_it(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Pixels] = []
    real = goods_dense.learn_dense

    def spy(pictures: Sequence[Pixels], **given: Any) -> LearnedDense | None:
        seen.extend(pictures)
        return real(pictures, **given)

    monkeypatch.setattr(goods_dense, "learn_dense", spy)
    learned = learn_goods(goods(40), vision=network, config=DENSE)
    assert len(seen) == 25
    assert learned.threshold.goods == 10


def test_no_time_leaves_the_dense_model_out(network: PatchNetwork) -> None:
    learned = learn_goods(goods(40), vision=network, config=replace(DENSE, seconds=0))
    assert learned.part.dense is None


def test_the_backbone_is_untouched_by_learning(network: PatchNetwork, seeing: Adapter) -> None:
    fresh = untrained_resnet(side=64)
    assert (network.patches([good(1)]) == fresh.patches([good(1)])).all()


def test_a_dense_adapter_looks_the_same_after_reload(
    seeing: Adapter, network: PatchNetwork, tmp_path: Path
) -> None:
    sha256 = seeing.save(tmp_path / "1")
    again = Adapter.load(
        tmp_path / "1", backbone_fingerprint=network.ref.fingerprint, sha256=sha256
    )
    fresh = untrained_resnet(side=64)
    for seed in range(5):
        here, there = (
            x.goods.look(y, scratched(seed)) for x, y in ((seeing, network), (again, fresh))
        )
        assert np.abs(here.map - there.map).max() <= 1e-5
        assert here.nearest == there.nearest


def drop_lora(folder: Path) -> None:
    (folder / "dense" / "adapter_model.safetensors").unlink()


def cut_head(folder: Path) -> None:
    file = folder / "dense" / "head.safetensors"
    file.write_bytes(file.read_bytes()[:-9])


def escape(folder: Path) -> None:
    card = json.loads((folder / "adapter.json").read_bytes())
    rewrite_card(folder, files=card["files"] | {"../x": "0" * 64})


@pytest.mark.parametrize("damage", [drop_lora, cut_head, escape])
def test_a_damaged_dense_adapter_is_refused(damage: Any, seeing: Adapter, tmp_path: Path) -> None:
    seeing.save(tmp_path / "1")
    damage(tmp_path / "1")
    with pytest.raises(AdapterError, match=r"damaged.*learn"):
        Adapter.load(tmp_path / "1")


def test_other_preprocessing_is_refused(seeing: Adapter, network: PatchNetwork) -> None:
    other = PatchNetwork(
        network.image_tower, network.ref, replace(network.prepare, side=96), network.levels
    )
    with pytest.raises(AdapterError, match="made ready"):
        seeing.check(other)


def test_a_picture_of_something_else_is_unfamiliar_also_after_reload(
    adapter: Adapter, tmp_path: Path
) -> None:
    adapter.save(tmp_path / "1")
    loaded = Adapter.load(tmp_path / "1")
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 255
    for part in (adapter.goods, loaded.goods):
        assert part is not None
        assert part.look(Means(), stripes).unfamiliar
        assert not part.look(Means(), good(500)).unfamiliar
        assert not part.look(Means(), scratched(500)).unfamiliar
    assert loaded.card.goods is not None
    assert loaded.card.goods.bands is not None
    assert loaded.card.goods.bands.accept == loaded.threshold


def test_an_adapter_without_the_signatures_its_card_names_is_refused(
    adapter: Adapter, tmp_path: Path
) -> None:
    adapter.save(tmp_path / "1")
    tensors = load_file(tmp_path / "1" / "bank.safetensors")
    del tensors["signatures"]
    save_file(tensors, tmp_path / "1" / "bank.safetensors")
    rewrite_card(
        tmp_path / "1",
        files={"bank.safetensors": file_sha256(tmp_path / "1" / "bank.safetensors")},
    )
    with pytest.raises(AdapterError, match="damaged: bank.safetensors"):
        Adapter.load(tmp_path / "1")
