"""Many adapters on one tower: switching, room, threads, training, mixed batches.

Some tests hold what peft does in silence on its own (see the messages of the tests).
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor
from transformers import ViTConfig, ViTModel

from lora_towers import FAMILIES, VIT, difference, inputs, tower
from secondlook.errors import AdapterError, BackboneError
from secondlook.models.checkpoints import fingerprint
from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.weights import LoraWeights, Pair


def learned(slots: LoraSlots, seed: int) -> LoraWeights:
    """Weights of the slots' own shape that change the output."""
    fresh = slots.fresh(seed)
    numbers = torch.Generator().manual_seed(seed + 100)
    pairs = {
        x: Pair(a, torch.randn(b.shape, generator=numbers) / 5) for x, (a, b) in fresh.pairs.items()
    }
    return replace(fresh, pairs=pairs)


def source(slots: LoraSlots, seed: int) -> Callable[[], LoraWeights]:
    return lambda: learned(slots, seed)


@torch.no_grad()
def answer(model: Any, batch: Mapping[str, Tensor]) -> Tensor:
    output: Tensor = model(**batch).last_hidden_state
    return output


def alone(family: str, seed: int, **options: Any) -> Tensor:
    """What one adapter answers on a tower of its own."""
    model = tower(family)
    slots = LoraSlots(model, rank=2, **options)
    slots.bind("only", source(slots, seed))
    with slots.active("only"):
        return answer(model, inputs(family))


@pytest.fixture
def vit() -> tuple[Any, LoraSlots]:
    """A tower with the adapters a, b and c bound."""
    model = tower("vit")
    slots = LoraSlots(model, rank=2, last=2, capacity=3)
    for seed, name in enumerate("abc"):
        slots.bind(name, source(slots, seed))
    return model, slots


@pytest.mark.parametrize("family", FAMILIES)
def test_each_adapter_answers_as_if_it_were_alone(family: str) -> None:
    model, batch = tower(family), inputs(family)
    before = answer(model, batch)
    slots = LoraSlots(model, rank=2, capacity=3)
    for seed in range(3):
        slots.bind(str(seed), source(slots, seed))
    answers = []
    for seed in (0, 2, 1):
        with slots.active(str(seed)):
            answers.append(answer(model, batch))
        assert difference(answers[-1], alone(family, seed)) <= 1e-6
        assert difference(answers[-1], before) > 1e-4
    assert difference(answers[0], answers[1]) > 1e-4
    with slots.active(None):
        assert torch.equal(answer(model, batch), before)
    assert torch.equal(answer(model, batch), before)


def test_nothing_is_put_in_before_the_first_adapter() -> None:
    model = tower("vit")
    before = fingerprint(model)
    slots = LoraSlots(model, rank=2)
    assert slots.backbone == before == fingerprint(model)
    with slots.active(None):
        assert not [x for x in model.modules() if isinstance(x, LoraLayer)]


def test_a_fresh_adapter_changes_nothing() -> None:
    model, batch = tower("resnet"), inputs("resnet")
    before = answer(model, batch)
    slots = LoraSlots(model, rank=2)
    slots.bind("new", lambda: slots.fresh(0))
    with slots.active("new"):
        assert torch.equal(answer(model, batch), before)


def test_putting_slots_in_draws_no_random_numbers() -> None:
    state = torch.random.get_rng_state()
    slots = LoraSlots(tower("vit"), rank=2)
    slots.bind("a", source(slots, 0))
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_own_switch_equals_that_of_peft(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    batch = inputs("vit")
    layers = [x for x in model.modules() if isinstance(x, LoraLayer)]
    for name in "abc":
        with slots.active(name):
            own, told = answer(model, batch), layers[0].active_adapters
        for layer in layers:
            layer.set_adapter(told, inference_mode=True)
        assert torch.equal(answer(model, batch), own)


def test_a_switch_asks_for_no_gradients(vit: tuple[Any, LoraSlots]) -> None:
    """peft's set_adapter turns requires_grad on."""
    model, slots = vit
    for name in "abc":
        with slots.active(name):
            assert not [x for x in model.parameters() if x.requires_grad]
    with slots.active("a"):
        names = next(x for x in model.modules() if isinstance(x, LoraLayer)).active_adapters
    for layer in [x for x in model.modules() if isinstance(x, LoraLayer)]:
        layer.set_adapter(names)
    assert [x for x in model.parameters() if x.requires_grad]  # the pitfall is still there


def test_adapters_nest_and_the_outer_one_comes_back(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    batch = inputs("vit")
    with slots.active("a"):
        outer = answer(model, batch)
        with slots.active("b"):
            assert difference(answer(model, batch), outer) > 1e-4
        assert torch.equal(answer(model, batch), outer)
        with pytest.raises(RuntimeError, match="on purpose"), slots.active("c"):
            raise RuntimeError("on purpose")
        assert torch.equal(answer(model, batch), outer)


def test_the_adapter_used_longest_ago_makes_room_and_comes_back() -> None:
    model, batch = tower("vit"), inputs("vit")
    slots = LoraSlots(model, rank=2, capacity=2)
    for seed in range(2):
        slots.bind(str(seed), source(slots, seed))
    with slots.active("0"):
        first = answer(model, batch)
    slots.bind("2", source(slots, 2))
    assert slots.resident == ("0", "2")
    with slots.active("1"):
        assert difference(answer(model, batch), alone("vit", 1)) <= 1e-6
    assert slots.resident == ("2", "1")
    with slots.active("0"):
        assert torch.equal(answer(model, batch), first)


def test_slots_do_not_grow_beyond_the_capacity() -> None:
    model = tower("vit")
    slots = LoraSlots(model, rank=2, capacity=2)
    for seed in range(7):
        slots.bind(str(seed), source(slots, seed))
    layer = next(x for x in model.modules() if isinstance(x, LoraLayer))
    assert len(layer.lora_A) == 2


def test_what_made_room_leaves_no_trace() -> None:
    model = tower("vit")
    slots = LoraSlots(model, rank=2, capacity=1)
    slots.bind("old", source(slots, 0))
    old = [x.clone() for x in slots.parameters("old")]
    held = slots.parameters("old")
    slots.forget("old")
    assert not [x for x in held if x.any()]
    slots.bind("old", source(slots, 0))
    slots.bind("new", lambda: slots.fresh(1))
    for tensor in model.parameters():
        assert not [x for x in old if x.shape == tensor.shape and torch.equal(x, tensor)]
    assert not [x for x in slots.parameters("new")[1::2] if x.any()]


def test_adapters_of_other_ranks_and_depths_share_a_tower() -> None:
    model, batch = tower("vit"), inputs("vit")
    slots = LoraSlots(model, rank=4, alpha=8, last=4, capacity=2)
    shallow = LoraSlots(tower("vit"), rank=2, alpha=4, last=1, kind="all")
    assert shallow.backbone == slots.backbone
    slots.bind("deep", source(slots, 0))
    slots.bind("shallow", source(shallow, 1))
    for _ in range(2):
        with slots.active("shallow"):
            expected = alone("vit", 1, alpha=4, last=1, kind="all")
            assert difference(answer(model, batch), expected) <= 1e-6
        slots.bind("third", source(slots, 3))  # takes the place of one of another shape
        with slots.active("third"):
            answer(model, batch)
        with slots.active("deep"):
            deep = answer(model, batch)
    fresh = tower("vit")
    single = LoraSlots(fresh, rank=4, alpha=8, last=4)
    single.bind("deep", source(single, 0))
    with single.active("deep"):
        assert difference(deep, answer(fresh, batch)) <= 1e-6
    assert len(slots.resident) == 2


def test_a_rank_above_that_of_the_slots_is_refused() -> None:
    slots = LoraSlots(tower("vit"), rank=2)
    big = LoraSlots(tower("vit"), rank=3)
    with pytest.raises(AdapterError, match="adapter x has rank 3, slots hold at most rank 2"):
        slots.bind("x", source(big, 0))


def test_weights_of_another_backbone_change_nothing(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    other = LoraSlots(tower("vit", seed=9), rank=2, last=2)
    before = {x: y.clone() for x, y in model.state_dict().items()}
    with pytest.raises(AdapterError, match="do not belong to backbone"):
        slots.bind("x", source(other, 0))
    assert slots.resident == ("a", "b", "c")
    assert all(torch.equal(y, before[x]) for x, y in model.state_dict().items())
    with pytest.raises(AdapterError, match="x is not known .*known: a, b, c.*bind it first"):
        slots.active("x").__enter__()


def test_a_source_that_fails_changes_nothing(vit: tuple[Any, LoraSlots]) -> None:
    _, slots = vit

    def fail() -> LoraWeights:
        raise AdapterError("gone")

    with pytest.raises(AdapterError, match="gone"):
        slots.bind("x", fail)
    assert slots.resident == ("a", "b", "c")


def test_room_is_not_taken_from_adapters_in_use() -> None:
    slots = LoraSlots(tower("vit"), rank=2, capacity=1)
    slots.bind("a", source(slots, 0))
    message = "all 1 slots are in use: raise the capacity"
    with slots.active("a"), pytest.raises(AdapterError, match=message):
        slots.bind("b", source(slots, 1))
    with slots.training("a"), pytest.raises(AdapterError, match=message):
        slots.bind("b", source(slots, 1))
    with slots.active("a"), pytest.raises(AdapterError, match="a is in use"):
        slots.forget("a")
    slots.bind("b", source(slots, 1))


def test_no_slots_are_refused() -> None:
    with pytest.raises(AdapterError, match="0 slots hold no adapter"):
        LoraSlots(tower("vit"), capacity=0)


def test_threads_with_different_adapters_do_not_meet(vit: tuple[Any, LoraSlots]) -> None:
    """`_active_adapter` is state of the modules: a switch amid a forward mixes two adapters."""
    model, slots = vit
    batch = inputs("vit")
    expected: dict[str | None, Tensor] = {}
    for name in (None, "a", "b", "c"):
        with slots.active(name):
            expected[name] = answer(model, batch)
    for layer in model.layers:
        layer.register_forward_hook(lambda *_: time.sleep(0.0005))
    start = threading.Barrier(4)

    def work(name: str | None) -> float:
        start.wait()
        worst = 0.0
        for _ in range(8):
            with slots.active(name):
                worst = max(worst, difference(answer(model, batch), expected[name]))
        return worst

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(work, expected)) == 0.0


def test_threads_that_crowd_each_other_out_get_their_own_adapter() -> None:
    model, batch = tower("vit"), inputs("vit")
    slots = LoraSlots(model, rank=2, capacity=2)
    for seed in range(4):
        slots.bind(str(seed), source(slots, seed))
    expected = [alone("vit", seed) for seed in range(4)]

    def work(seed: int) -> float:
        worst = 0.0
        for _ in range(6):
            slots.bind(str(seed), source(slots, seed))
            with slots.active(str(seed)):
                worst = max(worst, difference(answer(model, batch), expected[seed]))
        return worst

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(work, range(4))) <= 1e-6


def step(model: Any, parameters: list[torch.nn.Parameter], family: str = "vit") -> None:
    optimizer = torch.optim.SGD(parameters, lr=0.5)
    output = model(**inputs(family)).last_hidden_state
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).mean().backward()
    optimizer.step()


def test_only_the_adapter_in_training_learns(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    slots.forget("c")
    slots.bind("new", lambda: slots.fresh(7))
    before = {x: y.clone() for x, y in model.state_dict().items()}
    own = {id(x) for x in slots.parameters("new")}
    with slots.training("new") as parameters:
        assert {id(x) for x in parameters} == own
        assert {id(x) for x in model.parameters() if x.requires_grad} == own
        with slots.active("new"):
            step(model, parameters)
    assert not [x for x in model.parameters() if x.requires_grad or x.grad is not None]
    state = model.state_dict(keep_vars=True)
    changed = {x for x, y in state.items() if not torch.equal(y, before[x])}
    assert changed
    assert {id(state[x]) for x in changed} <= own
    with slots.active(None):
        plain = answer(tower("vit"), inputs("vit"))
        assert torch.equal(answer(model, inputs("vit")), plain)


def test_normalisation_statistics_stay_frozen() -> None:
    model = tower("resnet").train()
    slots = LoraSlots(model, rank=2)
    slots.bind("new", lambda: slots.fresh(0))
    assert not [x for x in model.modules() if x.training]
    before = {x: y.clone() for x, y in model.named_buffers()}
    with slots.training("new") as parameters, slots.active("new"):
        step(model, parameters, "resnet")
    assert all(torch.equal(y, before[x]) for x, y in model.named_buffers())


def test_what_was_learned_outlives_its_slot(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    with slots.training("a") as parameters, slots.active("a"):
        step(model, parameters)
    with slots.active("a"):
        after = answer(model, inputs("vit"))
    assert difference(after, answer_of(source(slots, 0), slots)) > 1e-5
    for seed in range(3):
        slots.bind(f"x{seed}", source(slots, seed + 20))
    assert "a" not in slots.resident
    with slots.active("a"):
        assert torch.equal(answer(model, inputs("vit")), after)


def answer_of(load: Callable[[], LoraWeights], like: LoraSlots) -> Tensor:
    model = tower("vit")
    slots = LoraSlots(model, rank=2, last=2, fingerprint=like.backbone)
    slots.bind("x", load)
    with slots.active("x"):
        return answer(model, inputs("vit"))


def test_training_that_fails_is_undone(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    before = [x.clone() for x in slots.parameters("a")]
    with pytest.raises(RuntimeError, match="on purpose"), slots.training("a") as parameters:
        with slots.active("a"):
            step(model, parameters)
        raise RuntimeError("on purpose")
    after = slots.parameters("a")
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))
    with pytest.raises(AdapterError, match="not finite"), slots.training("a") as parameters:
        parameters[0].data.fill_(torch.nan)
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))
    assert not [x for x in after if x.requires_grad]


def test_an_adapter_is_trained_once_at_a_time(vit: tuple[Any, LoraSlots]) -> None:
    _, slots = vit
    with slots.training("a"):
        with pytest.raises(AdapterError, match="a is being trained already"):
            slots.training("a").__enter__()
        with slots.training("b"):
            pass
        assert all(x.requires_grad for x in slots.parameters("a"))


def test_weights_taken_out_are_copies(vit: tuple[Any, LoraSlots]) -> None:
    _, slots = vit
    taken, given = slots.weights("a"), learned(slots, 0)
    for name, pair in given.pairs.items():
        assert all(torch.equal(x, y) for x, y in zip(pair, taken.pairs[name], strict=True))
    taken.pairs[given.targets[0]].a.zero_()
    assert slots.weights("a").pairs[given.targets[0]].a.any()
    assert (taken.rank, taken.alpha, taken.last) == (2, 16, 2)


@pytest.mark.parametrize("family", ["vit", "resnet", "bert"])
def test_a_mixed_batch_gives_each_row_its_own_adapter(family: str) -> None:
    """peft's adapter_names is ignored in silence once layers are put in by injection."""
    model, batch = tower(family), inputs(family, 6)
    slots = LoraSlots(model, rank=2, capacity=1)
    for seed, name in enumerate("ab"):
        slots.bind(name, source(slots, seed))
    rows: list[str | None] = ["b", None, "a", "b", "a", None]
    calls: list[int] = []

    def run(part: Mapping[str, Tensor]) -> Tensor:
        calls.append(len(next(iter(part.values()))))
        return answer(model, part)

    mixed = slots.forward_grouped(rows, batch, run)
    assert calls == [2, 2, 2]
    for row, owner in enumerate(rows):
        with slots.active(owner):
            single = answer(model, {x: y[row : row + 1] for x, y in batch.items()})
        assert difference(mixed[row : row + 1], single) <= 1e-5 * max(
            1.0, float(single.abs().max())
        )
    with slots.active("a"):
        assert difference(mixed, answer(model, batch)) > 1e-4


def test_peft_ignores_adapter_names_in_silence(vit: tuple[Any, LoraSlots]) -> None:
    """Why mixed batches are grouped: every row answers with the active adapter."""
    model, slots = vit
    batch = inputs("vit", 2)
    with slots.active("a"):
        active = answer(model, batch)
        with torch.no_grad():
            ignored = model(**batch, adapter_names=["slot2", "slot3"]).last_hidden_state
    assert torch.equal(ignored, active)
    mixed = slots.forward_grouped(["b", "c"], batch, lambda x: answer(model, x))
    assert difference(mixed, active) > 1e-4


def test_tensors_of_a_mixed_batch_have_equal_sizes(vit: tuple[Any, LoraSlots]) -> None:
    _, slots = vit
    batch = {"x": torch.zeros(2, 3), "y": torch.zeros(1, 3)}
    with pytest.raises(AdapterError, match="2 adapters for a batch of 1 and 2"):
        slots.forward_grouped(["a", "b"], batch, lambda x: x["x"])


def test_a_mixed_batch_of_one_tensor(vit: tuple[Any, LoraSlots]) -> None:
    model, slots = vit
    pixels = inputs("vit", 2)["pixel_values"]
    mixed = slots.forward_grouped(["b", "a"], pixels, lambda x: answer(model, {"pixel_values": x}))
    with slots.active("a"):
        assert difference(mixed[1:], answer(model, {"pixel_values": pixels[1:]})) <= 1e-6


@pytest.mark.parametrize("rows", [[], ["a"], ["a", "b", "a"]])
def test_a_mixed_batch_names_an_adapter_for_each_row(
    vit: tuple[Any, LoraSlots], rows: list[str | None]
) -> None:
    _, slots = vit
    with pytest.raises(AdapterError, match=f"{len(rows)} adapters for a batch of 2"):
        slots.forward_grouped(rows, torch.zeros(2, 3), lambda x: x)


def test_slots_made_without_gradients_can_still_learn() -> None:
    """What is made inside torch.inference_mode can never be written or learned outside of it."""
    model, batch = tower("vit"), inputs("vit")
    with torch.inference_mode():
        slots = LoraSlots(model, rank=2, last=2, capacity=1)
        slots.bind("a", lambda: learned(slots, 0))
        with slots.active("a"):
            expected = answer(model, batch).clone()
    assert not [x for x in slots.parameters("a") if x.is_inference()]
    slots.bind("b", lambda: learned(slots, 1))  # takes the place of a
    with slots.active("a"):
        assert torch.equal(answer(model, batch), expected)
    with slots.training("a") as parameters, slots.active("a"):
        step(model, parameters)
    with slots.active("a"):
        assert not torch.equal(answer(model, batch), expected)
    slots.forget("a")


def test_slots_of_weights_made_without_gradients_can_learn() -> None:
    model = tower("vit")
    slots = LoraSlots(model, rank=2, last=2)
    with torch.inference_mode():
        weights = learned(slots, 0)
    slots.bind("a", lambda: weights)
    with torch.inference_mode():
        taken = slots.weights("a")
        slots.forget("a")
        slots.bind("a", lambda: weights)
        with slots.training("a"):
            pass
    assert not [x for pair in taken.pairs.values() for x in pair if x.is_inference()]
    with slots.training("a") as parameters, slots.active("a"):
        step(model, parameters)


@pytest.mark.parametrize("last", [4, 99])
def test_a_short_tower_is_adapted_in_all_its_blocks(last: int) -> None:
    shallow: Any = ViTModel(ViTConfig(**VIT | {"num_hidden_layers": 2}))
    slots = LoraSlots(shallow, rank=2, last=last)
    assert len(slots.targets) == 4  # query and value of two blocks
    assert slots.fresh(0).last == 2
    slots.bind("a", lambda: learned(slots, 0))


def test_a_number_of_blocks_below_none_is_refused() -> None:
    with pytest.raises(BackboneError, match="the last -1 blocks of 4"):
        LoraSlots(tower("vit"), last=-1)
