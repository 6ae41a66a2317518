"""Dense learning: the same for the same steps, gone from the backbone, and safe to load."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import ViTConfig, ViTModel

from secondlook import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models.bank import Scored
from secondlook.models.dense import DenseModel
from secondlook.models.goods import Unit, combined
from secondlook.models.pictures import Preprocessing
from secondlook.models.untrained import untrained_resnet
from secondlook.models.vision import PatchNetwork
from secondlook.training import dense
from secondlook.training.dense import fresh_dense, learn_dense
from secondlook.training.dense_plan import PACE, DenseConfig, LearnedDense, Plan

CONFIG = DenseConfig(steps=PACE + 4, batch=2, rank=2, alpha=4, last=2, warm_up=3)


@pytest.fixture(scope="module")
def network() -> PatchNetwork:
    return untrained_resnet(side=32)


@pytest.fixture(scope="module")
def goods() -> list[NDArray[np.uint8]]:
    noise = np.random.default_rng(0).normal(128, 12, (6, 32, 32, 3))
    return list(noise.clip(0, 255).astype(np.uint8))


def learned(network: PatchNetwork, goods: list[NDArray[np.uint8]], **given: Any) -> LearnedDense:
    found = learn_dense(goods, vision=network, config=replace(CONFIG, **given))
    assert found is not None
    return found


def same(one: LearnedDense, other: LearnedDense) -> bool:
    heads = (x.model.head.state_dict() for x in (one, other))
    assert one.model.lora is not None and other.model.lora is not None
    loras = (x.model.lora.pairs for x in (one, other) if x.model.lora is not None)
    left, right = (
        [*h.values(), *(t for p in q.values() for t in p)]
        for h, q in zip(heads, loras, strict=True)
    )
    return all(torch.equal(x, y) for x, y in zip(left, right, strict=True))


def test_the_same_seed_and_steps_learn_the_same_to_the_bit(
    network: PatchNetwork, goods: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, other = (learned(network, goods, steps=4, seed=x) for x in (0, 0, 1))
    assert same(one, two) and not same(one, other)
    # As many steps as followed from the time learn what so many stated steps learn.
    ticks = iter(x / 100 for x in range(10_000))
    monkeypatch.setattr("secondlook.training.dense_plan.time.monotonic", lambda: next(ticks))
    timed = learned(network, goods, steps=None, seconds=0.41)
    monkeypatch.undo()
    assert timed.steps == timed.planned == 37
    assert same(timed, learned(network, goods, steps=37))


def test_the_rates_follow_the_steps() -> None:
    plan = Plan(replace(CONFIG, steps=100, warm_up=1))
    rates = [plan.factor(x) for x in range(100)]
    assert rates[: PACE + 1] == [1.0] * (PACE + 1)
    assert rates == sorted(rates, reverse=True) and rates[-1] < 0.03


def test_a_slow_machine_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("secondlook.training.dense_plan.time.monotonic", lambda: now[0])
    plan = Plan(DenseConfig(seconds=100))
    done = 0
    while plan.goes_on(done):
        done += 1
        now[0] += 0.5 if done < 50 else 5
    assert plan.steps == 190
    assert now[0] <= 105


def test_few_steps_give_nothing(network: PatchNetwork, goods: list[NDArray[np.uint8]]) -> None:
    config = replace(CONFIG, steps=None, seconds=0.05, least_steps=1000)
    assert learn_dense(goods, vision=network, config=config) is None
    assert not network.slots.resident


def test_the_backbone_forgets_what_failed(
    network: PatchNetwork, goods: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> float:
        raise RuntimeError("no more")

    monkeypatch.setattr(dense, "_step", fail)
    with pytest.raises(RuntimeError, match="no more"):
        learn_dense(goods, vision=network, config=CONFIG)
    assert not network.slots.resident


def test_a_look_does_not_keep_its_weights_from_learning(
    network: PatchNetwork, goods: list[NDArray[np.uint8]]
) -> None:
    model = fresh_dense(network, CONFIG)
    model.map(network, goods[0])
    assert not any(x.is_inference() for x in network.slots.parameters(model.name))
    found = learn_dense(goods, vision=network, config=CONFIG, fresh=model)
    assert found is not None and np.isfinite(found.loss)


def test_a_tower_with_few_blocks_is_adapted_in_all_that_are_read() -> None:
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
    )
    ref = BackboneRef(name="vit", revision="1", fingerprint="a" * 64, trained=False)
    tower = ViTModel(config, add_pooling_layer=False).eval()
    model = fresh_dense(PatchNetwork(tower, ref, Preprocessing(32), (1, 2)), DenseConfig(last=4))
    assert model.lora is not None and model.lora.last == 2
    assert len(model.lora.targets) == 4


def cut_width(tensors: dict[str, torch.Tensor]) -> None:
    tensors["leave.weight"] = torch.zeros(1, 7, 3, 3)


def flatten(tensors: dict[str, torch.Tensor]) -> None:
    tensors["leave.weight"] = torch.zeros(3)


def lose_part(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["enter.0.0.weight"]


@pytest.mark.parametrize("damage", [cut_width, flatten, lose_part])
def test_a_damaged_head_is_refused(damage: Any, network: PatchNetwork, tmp_path: Path) -> None:
    model = fresh_dense(network, replace(CONFIG, last=0))
    model.save(tmp_path / "head.safetensors")
    tensors = load_file(tmp_path / "head.safetensors")
    damage(tensors)
    save_file(tensors, tmp_path / "head.safetensors")
    with pytest.raises(AdapterError, match="no dense head"):
        DenseModel.load(tmp_path / "head.safetensors", levels=model.levels, backbone=None, name="x")


@pytest.mark.parametrize("levels", [(), (-1, 2, 3), (1, 1, 2), (3, 2, 1)])
def test_levels_that_no_head_reads_are_refused(
    levels: tuple[int, ...], network: PatchNetwork, tmp_path: Path
) -> None:
    fresh_dense(network, replace(CONFIG, last=0)).save(tmp_path / "head.safetensors")
    with pytest.raises(AdapterError, match="no dense head"):
        DenseModel.load(tmp_path / "head.safetensors", levels=levels, backbone=None, name="x")


def test_the_nearest_good_is_that_of_the_highest_place() -> None:
    seen = Scored(
        map=np.array([[0.5, 0.1], [0.1, 0.2]], dtype=np.float32),
        places=np.array([[0, 1], [2, 3]], dtype=np.int32),
        references=("a", "b", "c", "d"),
    )
    assert seen.nearest == "a"
    logits = np.zeros((8, 8), dtype=np.float32)
    logits[5:, 5:] = 50
    unit = Unit(middle=0, spread=1)
    both = combined(seen, logits, (unit, unit))
    assert np.unravel_index(both.map.argmax(), (8, 8)) > (4, 4)
    assert both.nearest == "d"
    assert both.score == both.map.max()
