"""Learning from goods: within its time, with goods apart for each question, and saying so."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from secondlook import BackboneRef
from secondlook.errors import BackboneError, ModelError
from secondlook.models.bank import PatchBank, Scored
from secondlook.models.calibration import calibrate
from secondlook.models.gate import Gate, signature
from secondlook.models.goods import combined
from secondlook.models.untrained import untrained_resnet
from secondlook.models.vision import PatchNetwork
from secondlook.training import (
    checkpoint,
    dense,
    dense_state,
    goods_bank,
    goods_dense,
    goods_ground,
    goods_parts,
    judging,
)
from secondlook.training.aside import Aside
from secondlook.training.bank_plan import (
    LEAST_LOOKS,
    LEAST_ROWS,
    BankConfig,
    BankPlan,
    Pace,
    fitted,
)
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.goods import GoodsConfig, LearnedGoods, learn_goods
from secondlook.training.goods_embed import LEAST_READ
from tiny_goods import with_dense

Pixels = NDArray[np.uint8]
REF = BackboneRef(name="means", revision="1", fingerprint="f" * 64, trained=False)
SMALL = GoodsConfig(rows=200, pool=1000, held_back=40, folds=2, seconds=0)
DENSE = with_dense(SMALL)


@dataclass
class Means:
    """A vision backbone: mean colour and texture of 8 x 8 squares, in pictures of 64 x 64."""

    ref: BackboneRef = REF
    pause: float = 0.0
    """Seconds that each picture takes."""

    def patches(self, images: Sequence[Pixels]) -> NDArray[np.float32]:
        time.sleep(self.pause * len(images))
        blocks = np.stack(images).reshape(len(images), 8, 8, 8, 8, 3).astype(np.float32)
        return np.concatenate([blocks.mean(axis=(2, 4)), blocks.std(axis=(2, 4))], axis=-1)


def good(seed: int, side: int = 64) -> Pixels:
    noise = np.random.default_rng(seed).normal(128, 12, (side, side, 3))
    return noise.clip(0, 255).astype(np.uint8)


def goods(count: int, side: int = 64) -> Iterator[tuple[str, Pixels]]:
    return ((f"{i:064x}", good(i, side)) for i in range(count))


@pytest.fixture(autouse=True)
def few_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred painted pictures would take seconds."""
    monkeypatch.setattr(judging, "PAINTED", 8)


@pytest.fixture(scope="module")
def network() -> PatchNetwork:
    return untrained_resnet(side=32)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_wanted_number_calibrates_however_many_goods(network: PatchNetwork, seed: int) -> None:
    config = replace(DENSE, held_back=20, painted=30, seed=seed)
    learned = learn_goods(goods(200, 32), vision=network, config=config)
    assert learned.part.dense is not None
    assert learned.threshold.goods == 10


@given(goods=st.integers(80, 20_000), held=st.integers(80, 500), limit=st.integers(16, 150))
@settings(max_examples=60, deadline=None)
def test_what_is_set_aside_is_held_back_and_never_used_twice(
    goods: int, held: int, limit: int
) -> None:
    numbers = np.random.default_rng(goods).permutation(goods)[:held].tolist()
    aside = Aside.of(numbers, goods, limit)
    assert len(aside.calibrating) == min(limit, goods // 4, len(numbers) // 2)
    assert len(set(aside.all)) == len(aside.all) <= 0.75 * len(numbers)
    assert set(aside.all) <= set(numbers)
    assert aside.judges and aside.enough


def test_80_goods_leave_enough_to_reach_the_rate() -> None:
    assert GoodsConfig().least_painted == 80
    assert len(Aside.of(range(80), 80, 150).calibrating) >= 19


def look(random: np.random.Generator) -> tuple[Scored, NDArray[np.float32]]:
    """What bank and dense model say about a made-up good; both have heavy tails."""
    near, logits = random.lognormal(0, 0.5, (2, 2, 2)).astype(np.float32)
    places = np.zeros((2, 2), dtype=np.int32)
    return Scored(map=near, places=places, references=("x",)), logits


def false_alarms(aside: Aside, drawn: int, repeats: int) -> float:
    """Share of fresh goods above a threshold of ten, over many draws of the goods."""
    random = np.random.default_rng(0)
    alarms = []
    for _ in range(repeats):
        looks = [look(random) for _ in range(drawn)]
        plain = {i: seen for i, (seen, _) in enumerate(looks)}
        units = aside.units(plain, [looks[i][1] for i in aside.judges])
        scores = [combined(*looks[i], units).score for i in aside.calibrating]
        limit = calibrate(scores).value
        alarms += [combined(*look(random), units).score > limit for _ in range(10)]
    return float(np.mean(alarms))


def test_false_alarms_keep_to_the_beta_law() -> None:
    aside = Aside.of(range(20), 40, 150)
    assert len(aside.calibrating) == 10
    assert false_alarms(aside, 20, 700) == pytest.approx(1 / 11, abs=0.012)


def test_the_units_are_of_other_goods_than_the_threshold() -> None:
    random = np.random.default_rng(0)
    looks = {i: look(random)[0] for i in range(40)}
    aside = Aside.of(range(40), 80, 150)
    before = aside.units(looks, [np.ones((2, 2), dtype=np.float32)])
    for i in aside.all:
        looks[i] = replace(looks[i], map=looks[i].map + 100)
    assert aside.units(looks, [np.ones((2, 2), dtype=np.float32)]) == before


def test_reading_stops_at_half_of_the_time_and_says_so() -> None:
    started = time.monotonic()
    learned = learn_goods(
        goods(400), vision=Means(pause=0.02), config=replace(SMALL, seconds=2), total=400
    )
    assert time.monotonic() - started < 4
    assert LEAST_READ <= learned.goods < 80
    assert learned.metrics["goods_unread"] == 400 - learned.goods
    assert any(f"{400 - learned.goods} were left out" in x for x in learned.notes)


def test_time_spent_before_counts() -> None:
    learned = learn_goods(
        goods(100), vision=Means(), config=replace(SMALL, seconds=60), started=time.monotonic() - 90
    )
    assert learned.goods == LEAST_READ
    assert learned.seconds > 90
    assert "goods_unread" not in learned.metrics
    assert any("the rest was left out" in x for x in learned.notes)


def test_no_limit_reads_all_and_says_nothing() -> None:
    learned = learn_goods(
        goods(100), vision=Means(), config=SMALL, total=100, started=time.monotonic() - 1e6
    )
    assert (learned.goods, learned.notes) == (100, ())
    assert learned.metrics["goods_unread"] == 0


WHOLE = BankPlan(
    config=BankConfig(rows=10_000, share=0.1, least_rows=2_000, folds=5, seed=0),
    numbers=tuple(range(500)),
)


@given(st.floats(0.01, 1000), st.floats(1e-5, 0.01), st.floats(1e-7, 1e-4))
@settings(max_examples=100, deadline=None)
def test_the_bank_fits_its_time_or_is_the_least(seconds: float, row: float, one: float) -> None:
    pace = Pace(bank=0.1, row=row, look=one)
    plan = fitted(WHOLE, pace, 100_000, seconds)
    rows, folds, looks = plan.config.limit(100_000), plan.config.folds, len(plan.numbers)
    least = rows <= LEAST_ROWS and looks == LEAST_LOOKS
    fixed = (folds + 1) * pace.bank
    assert pace.cost(rows, folds, looks) <= seconds + fixed + 1e-6 or least
    assert (plan.note is None) == (plan == WHOLE)
    if looks < 500 or rows < 10_000:
        assert folds == 2


def slow_banks(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[float]:
    """Nothing but a bank takes time; returned is a clock of one number."""
    now, real = [0.0], goods_bank.choose_bank

    def slow(*given: Any) -> PatchBank:
        now[0] += seconds
        return real(*given)

    monkeypatch.setattr("secondlook.training.clock.time.monotonic", lambda: now[0])
    monkeypatch.setattr(goods_bank, "choose_bank", slow)
    return now


def test_a_bank_of_a_slow_machine_stays_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = slow_banks(monkeypatch, 25)
    learned = learn_goods(goods(60), vision=Means(), config=replace(SMALL, seconds=60), total=60)
    assert now[0] == 75
    assert learned.goods == 60
    assert learned.threshold.goods == LEAST_LOOKS
    assert goods_ground.SLOWED in learned.notes


def test_a_bank_that_was_cut_short_still_has_a_dense_model(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = slow_banks(monkeypatch, 20)
    config = replace(DENSE, held_back=200, seconds=100)
    learned = learn_goods(goods(200, 32), vision=network, config=config)
    assert now[0] == 60
    assert learned.part.dense is not None
    assert LEAST_LOOKS <= learned.threshold.goods < 50
    assert learned.notes == (goods_ground.SLOWED,)
    monkeypatch.setattr(goods_ground, "LEAST_LOOKS", 40)
    alone = learn_goods(goods(200, 32), vision=network, config=config)
    assert alone.part.dense is None and goods_parts.UNADAPTED in alone.notes


def test_a_backbone_that_cannot_be_adapted_leaves_the_bank(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise BackboneError("no blocks here")

    monkeypatch.setattr(goods_dense, "fresh_dense", refuse)
    learned = learn_goods(goods(40, 32), vision=network, config=DENSE)
    assert learned.part.dense is None
    assert learned.threshold.goods == 40
    assert any("no blocks here" in x for x in learned.notes)


def test_few_goods_leave_the_backbone_as_it_is(network: PatchNetwork) -> None:
    learned = learn_goods(goods(40, 32), vision=network, config=replace(DENSE, least_painted=80))
    assert learned.part.dense is None
    assert any("at least 80" in x for x in learned.notes)


def test_what_does_not_help_is_left_out(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goods_dense, "auroc_of", lambda *_: (0.9, 0.8))
    learned = learn_goods(goods(40, 32), vision=network, config=replace(DENSE, least_gain=0.0))
    assert learned.part.dense is None and learned.threshold.goods == 40
    assert learned.metrics["painted_auroc_bank"] == 0.9
    assert learned.metrics["painted_auroc_whole"] == 0.8
    assert any("left out" in x and "0.800" in x for x in learned.notes)
    assert not network.slots.resident


def test_a_kept_dense_model_says_how_it_was_judged(network: PatchNetwork) -> None:
    learned = learn_goods(goods(40, 32), vision=network, config=DENSE)
    assert learned.part.dense is not None and learned.notes == ()
    assert 0 <= learned.metrics["painted_auroc_whole"] <= 1
    assert 0 <= learned.metrics["painted_auroc_bank"] <= 1
    assert not network.slots.resident


def test_too_few_steps_are_not_begun(network: PatchNetwork) -> None:
    dense = replace(DENSE.dense, steps=None, least_steps=3000)
    learned = learn_goods(
        goods(40, 32), vision=network, config=replace(DENSE, seconds=4, dense=dense)
    )
    assert learned.part.dense is None
    assert any("3000 steps" in x for x in learned.notes)


def test_the_bands_begin_at_the_threshold() -> None:
    few = learn_goods(goods(40), vision=Means(), config=SMALL)
    assert few.bands.accept == few.threshold.value and few.bands.reject is None
    config = replace(SMALL, held_back=200, reject_rate=0.02)
    many = learn_goods(goods(120), vision=Means(), config=config)
    assert many.bands.accept == many.threshold.value
    assert many.bands.reject is not None and many.bands.reject >= many.bands.accept


def test_another_product_is_unfamiliar_and_a_defect_is_not() -> None:
    vision = Means()
    part = learn_goods(goods(60), vision=vision, config=SMALL).part
    scratched = good(1000)
    scratched[20:22, 8:56] = 250
    for pixels in (good(1001), scratched):
        assert not part.look(vision, pixels).unfamiliar
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[:, None, None] * 4, (64, 64, 3))
    black, red = np.zeros((64, 64, 3), dtype=np.uint8), good(5) // np.array([1, 8, 8], np.uint8)
    for pixels in (black, ramp, red):
        assert part.look(vision, pixels).unfamiliar


def test_few_goods_let_more_through() -> None:
    random = np.random.default_rng(0)
    made = [random.normal(3, 1, (4, 4, 12)).astype(np.float32) for _ in range(400)]
    few, many = (Gate.fit(np.stack([signature(x) for x in made[:n]])) for n in (8, 300))
    fresh = [random.normal(3, 1, (4, 4, 12)).astype(np.float32) for _ in range(300)]
    for gate in (few, many):
        assert np.mean([gate.strangeness(x) > 1 for x in fresh]) <= 0.02
        assert gate.strangeness(-fresh[0]) > 1
        assert not Scored(
            map=fresh[0][..., 0],
            places=np.zeros((4, 4), dtype=np.int32),
            references=("x",),
            strangeness=gate.strangeness(fresh[0]),
        ).unfamiliar


def test_a_gate_needs_signatures_of_the_same_backbone() -> None:
    gate = Gate.fit(np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32))
    with pytest.raises(ModelError, match="3 channels and the gate 5"):
        gate.strangeness(np.zeros((2, 2, 3), dtype=np.float32))
    with pytest.raises(ModelError, match="finite signatures"):
        replace(gate, signatures=np.full((9, 5), np.nan, dtype=np.float32))
    nothing = Scored(
        map=np.zeros((1, 1), dtype=np.float32),
        places=np.zeros((1, 1), dtype=np.int32),
        references=("x",),
        strangeness=float("nan"),
    )
    assert nothing.unfamiliar


class Killed(BaseException):
    """What a kill looks like from inside."""


LONGER = replace(DENSE, dense=replace(DENSE.dense, steps=6))


def learn_kept(network: PatchNetwork, folder: Path | None, count: int = 40) -> LearnedGoods:
    names = [name for name, _ in goods(count, 32)]
    kept = Checkpoint(folder, LONGER.work(names, network))
    return learn_goods(
        goods(count, 32), vision=network, config=LONGER, total=count, checkpoint=kept
    )


def learn_killed(network: PatchNetwork, folder: Path, *, step: int) -> None:
    """The same; the process ends in this step of the dense model."""
    steps, real = [0], dense._step

    def count(*given: Any) -> float:
        steps[0] += 1
        if steps[0] == step:
            raise Killed
        return real(*given)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(dense, "_step", count)
        learn_kept(network, folder)


def leave_out(folder: Path, state: str, names: str) -> None:
    """The arrays whose names begin so were never written."""
    (file,) = folder.rglob(f"{state}.safetensors")
    kept = load_file(file)
    left = {k: v for k, v in kept.items() if not k.startswith(names)}
    assert len(left) < len(kept)
    save_file(left, file)


def test_a_run_killed_in_the_middle_goes_on_and_ends_with_the_same(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense_state, "EVERY", 0.0)
    whole = learn_kept(network, None)
    learn_killed(network, tmp_path, step=4)
    with monkeypatch.context() as patch:
        taken: list[int] = []
        patch.setattr(dense, "_step", lambda *x, run=dense._step: taken.append(1) or run(*x))
        patch.setattr(goods_ground, "held_back_looks", None)  # no bank is made again
        again = learn_kept(network, tmp_path)
    assert len(taken) == 3
    assert again.notes == ("Learning was cut off before, and went on after 3 steps.",)
    assert (again.threshold, again.bands, again.goods) == (
        whole.threshold,
        whole.bands,
        whole.goods,
    )
    assert again.data_sha256 == whole.data_sha256
    assert without_memory(again) == without_memory(whole)
    assert same_dense(again, whole)
    assert not network.slots.resident


def test_the_course_is_logged(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense_state, "LOGGED", 2)
    learned = learn_kept(network, tmp_path)
    (file,) = tmp_path.rglob("log.jsonl")
    lines = [json.loads(x) for x in file.read_text().splitlines()]
    assert [(x["name"], x["step"]) for x in lines] == [("dense", 2), ("dense", 4), ("dense", 6)]
    losses = [x["loss"] for x in lines]
    assert np.mean(losses) == pytest.approx(learned.metrics["dense_loss"])


def without_memory(learned: LearnedGoods) -> dict[str, float]:
    return {k: v for k, v in learned.metrics.items() if k != "peak_rss_mb"}


def same_dense(one: LearnedGoods, other: LearnedGoods) -> bool:
    first, second = one.part.dense, other.part.dense
    assert first is not None and first.lora is not None
    assert second is not None and second.lora is not None
    return all(
        torch.equal(x, second.head.state_dict()[k]) for k, x in first.head.state_dict().items()
    ) and all(
        torch.equal(x, y)
        for k, pair in first.lora.pairs.items()
        for x, y in zip(pair, second.lora.pairs[k], strict=True)
    )


def test_other_goods_begin_a_run_of_their_own(network: PatchNetwork, tmp_path: Path) -> None:
    learn_killed(network, tmp_path, step=2)
    learned = learn_kept(network, tmp_path, count=44)
    assert learned.goods == 44 and learned.notes == ()


@pytest.mark.parametrize("name", ["bank", "dense"])
def test_a_damaged_state_is_made_again(
    name: str, network: PatchNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense_state, "EVERY", 0.0)
    learn_killed(network, tmp_path, step=4)
    (file,) = tmp_path.rglob(f"{name}.safetensors")
    file.write_bytes(file.read_bytes()[:-100])
    assert same_dense(learn_kept(network, tmp_path), learn_kept(network, None))


def test_a_dense_state_of_another_bank_is_not_taken_up(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense_state, "EVERY", 0.0)
    real = goods_ground.plan_bank

    def hurried(*given: Any) -> BankPlan:
        plan = real(*given)
        return replace(plan, numbers=plan.numbers[10:])  # other goods calibrate

    with monkeypatch.context() as patch:
        patch.setattr(goods_ground, "plan_bank", hurried)
        learn_killed(network, tmp_path, step=4)
    (bank,) = tmp_path.rglob("bank.safetensors")
    bank.unlink()
    again = learn_kept(network, tmp_path)
    assert again.notes == ()
    assert same_dense(again, learn_kept(network, None))


def test_a_bank_kept_by_another_version_is_made_again(
    network: PatchNetwork, tmp_path: Path
) -> None:
    learn_killed(network, tmp_path, step=2)
    leave_out(tmp_path, "bank", "shelf")
    assert same_dense(learn_kept(network, tmp_path), learn_kept(network, None))


def test_a_full_disk_keeps_what_was_kept(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense_state, "EVERY", 0.0)
    written: list[int] = []

    def sync(_: int) -> None:
        written.append(1)
        if len(written) == 5:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.os, "fsync", sync)
        with pytest.raises(ModelError, match="No space left on device.*goes on from what is kept"):
            learn_kept(network, tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    again = learn_kept(network, tmp_path)
    assert again.notes == ("Learning was cut off before, and went on after 2 steps.",)
    assert same_dense(again, learn_kept(network, None))


def test_two_runs_of_the_same_work_do_not_disturb_each_other(tmp_path: Path) -> None:
    def write(number: int) -> None:
        one = Checkpoint(tmp_path, {"work": 1})
        for _ in range(20):
            one.write("step", {"number": np.full(1000, number)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    found = Checkpoint(tmp_path, {"work": 1}).read("step")
    assert found is not None and len(set(found["number"].tolist())) == 1
    assert {x.stat().st_mode & 0o777 for x in tmp_path.rglob("*") if x.is_file()} == {0o600}


def test_a_state_of_other_weights_is_refused(
    network: PatchNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense_state, "EVERY", 0.0)
    learn_killed(network, tmp_path, step=4)
    leave_out(tmp_path, "dense", "lora/")
    with pytest.raises(ModelError, match="cannot go on where learning was cut off"):
        learn_kept(network, tmp_path)
    assert not network.slots.resident
    assert learn_kept(network, tmp_path).notes == ()  # it is gone, as was said
