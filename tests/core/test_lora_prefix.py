"""A tower cut in two gives what it gives whole, and frozen states keep."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import SwinConfig, SwinModel

from lora_towers import FAMILIES, VIT, difference, inputs, tower
from secondlook.errors import BackboneError, ModelError
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.cache import SMALL, PrefixCache, PrefixKey
from secondlook.models.lora.prefix import FrozenState, split
from secondlook.models.lora.slots import LoraSlots

DEPTHS = [0, 1, 2, 3, 4]


def others(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the blocks need beside the state."""
    return {x: y for x, y in batch.items() if x == "attention_mask"}


def randomised(slots: LoraSlots) -> Callable[[], Any]:
    """Weights whose B is random too, so that gradients flow into A."""

    def load() -> Any:
        fresh = slots.fresh(0)
        numbers = torch.Generator().manual_seed(1)
        pairs = {
            x: y._replace(b=torch.randn(y.b.shape, generator=numbers) / 5)
            for x, y in fresh.pairs.items()
        }
        return replace(fresh, pairs=pairs)

    return load


@pytest.mark.parametrize("last", DEPTHS)
@pytest.mark.parametrize("family", FAMILIES)
def test_both_parts_together_are_the_tower(family: str, last: int) -> None:
    model, batch = tower(family), inputs(family)
    prefix, suffix = split(model, last)
    output = suffix(prefix(**batch), **others(batch))
    whole = model(**batch, output_hidden_states=True)
    again = suffix(prefix(**batch), **others(batch))  # transformers has hooked the blocks by now
    for part in (output, again):
        assert difference(part.last_hidden_state, whole.last_hidden_state) <= 1e-6
        assert difference(part.pooler_output, whole.pooler_output) <= 1e-6
        assert len(part.hidden_states) == len(whole.hidden_states)
        for mine, its in zip(part.hidden_states, whole.hidden_states, strict=True):
            assert difference(mine, its) <= 1e-6
    later = model(**batch, output_hidden_states=True).hidden_states
    assert len(later) == len(whole.hidden_states)  # and not twice as many


@pytest.mark.parametrize("family", FAMILIES)
def test_the_prefix_runs_none_of_the_last_blocks_and_the_suffix_only_those(family: str) -> None:
    model, batch = tower(family), inputs(family)
    ran: list[str] = []
    found = find_blocks(model).blocks
    for block in found:
        block.module.register_forward_hook(lambda *_, name=block.name: ran.append(name))
    prefix, suffix = split(model, 3)
    state = prefix(**batch)
    assert ran == [x.name for x in found[:-3]]
    ran.clear()
    suffix(state, **others(batch))
    assert ran == [x.name for x in found[-3:]]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cached_step_has_the_gradients_of_the_naive_one(family: str) -> None:
    model, batch = tower(family), inputs(family)
    slots = LoraSlots(model, rank=2, last=3)
    prefix, suffix = split(model, 3)  # before the layers are put in: they are seen all the same
    slots.bind("a", randomised(slots))
    with slots.training("a") as parameters, slots.active("a"):

        def gradients(output: Any) -> list[Tensor]:
            last = output.last_hidden_state
            weights = torch.linspace(-1, 1, last.numel()).view_as(last)
            loss = (last * weights).mean() + output.pooler_output.square().mean()
            return list(torch.autograd.grad(loss, parameters))

        naive = gradients(model(**batch))
        cached = gradients(suffix(prefix(**batch), **others(batch)))
    assert all(x.any() for x in naive)
    for mine, its in zip(cached, naive, strict=True):
        assert difference(mine, its) <= 1e-4 * float(its.abs().max())


def test_the_prefix_is_the_same_for_every_adapter() -> None:
    model, batch = tower("resnet"), inputs("resnet")
    slots = LoraSlots(model, rank=2, last=3)
    prefix, suffix = split(model, 3)
    before = prefix(**batch)
    slots.bind("a", randomised(slots))
    with slots.active("a"):
        after = prefix(**batch)
        assert difference(suffix(after).last_hidden_state, suffix(before).last_hidden_state) == 0
        changed = suffix(after).last_hidden_state
    assert torch.equal(before.hidden, after.hidden)
    assert difference(changed, suffix(before).last_hidden_state) > 1e-4


def test_states_can_be_learned_from() -> None:
    batch = inputs("vit")
    prefix, _ = split(tower("vit").requires_grad_(True), 2)
    hidden = prefix(**batch).hidden
    assert not hidden.requires_grad
    assert not hidden.is_inference()


def test_the_tower_itself_is_untouched_and_shared() -> None:
    model = tower("convnext")
    before = {x: id(y) for x, y in model.named_modules()}
    _, suffix = split(model, 3)
    assert {x: id(y) for x, y in model.named_modules()} == before
    state = split(model, 3)[0](**inputs("convnext"))
    plain = suffix(state).last_hidden_state
    model.encoder.stages[3].layers[1].pwconv1.weight.data.mul_(3)
    assert difference(suffix(state).last_hidden_state, plain) > 1e-6


@pytest.mark.parametrize("family", ["vit", "dinov2", "convnext"])
def test_a_tower_that_always_records_is_not_made_to_record_twice(family: str) -> None:
    model, batch = tower(family), inputs(family)
    model.config.output_hidden_states = True
    prefix, suffix = split(model, 2)
    parts = suffix(prefix(**batch)).hidden_states
    whole = model(**batch).hidden_states
    assert len(parts) == len(whole) == len(tower(family)(**batch, output_hidden_states=True)[2])


def test_padding_does_not_reach_the_words() -> None:
    batch = inputs("bert")
    prefix, suffix = split(tower("bert"), 2)
    words = batch["attention_mask"].bool()
    noise = torch.where(words, batch["input_ids"], torch.full_like(batch["input_ids"], 5))
    states = [prefix(batch["input_ids"], attention_mask=batch["attention_mask"])]
    states.append(prefix(noise, attention_mask=batch["attention_mask"]))
    one, two = (suffix(x, attention_mask=batch["attention_mask"]) for x in states)
    assert difference(one.last_hidden_state[words], two.last_hidden_state[words]) <= 1e-6
    assert difference(one.last_hidden_state[~words], two.last_hidden_state[~words]) > 1e-3


def test_threads_can_share_the_parts() -> None:
    prefix, suffix = split(tower("vit"), 2)
    batches = [inputs("vit", seed=x) for x in range(4)]
    expected = [suffix(prefix(**x)) for x in batches]

    def work(number: int) -> float:
        worst = 0.0
        for _ in range(5):
            with torch.no_grad():
                output = suffix(prefix(**batches[number]))
            states = zip(output.hidden_states, expected[number].hidden_states, strict=True)
            worst = max(worst, *(difference(x, y) for x, y in states))
        return worst

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(work, range(4))) == 0.0


def test_more_blocks_than_there_are_cannot_be_cut_off() -> None:
    with pytest.raises(BackboneError, match="from 0 to 8"):
        split(tower("resnet"), 9)


def test_a_module_that_is_no_tower_cannot_be_cut() -> None:
    with pytest.raises(BackboneError, match="give one tower"):
        split(nn.Linear(2, 2), 1)


def test_stages_that_end_with_more_than_blocks_are_refused() -> None:
    swin = SwinModel(
        SwinConfig(image_size=32, patch_size=4, embed_dim=8, depths=[2, 2], num_heads=[2, 2])
    )
    with pytest.raises(BackboneError, match="SwinStage runs downsample after its blocks"):
        split(swin, 3)


def test_unknown_modules_before_the_blocks_are_refused() -> None:
    model = tower("clip")
    model.pre_layrnorm = nn.Linear(16, 16)
    with pytest.raises(BackboneError, match="pre_layrnorm between its embedding embeddings"):
        split(model, 1)


def test_blocks_without_an_embedding_are_refused() -> None:
    blocks = nn.ModuleList([nn.Sequential(nn.Linear(2, 2))])
    with pytest.raises(BackboneError, match="no embedding before blocks"):
        split(nn.ModuleDict({"blocks": blocks}), 1)


def test_rows_of_a_batch_join_again() -> None:
    batch = inputs("resnet")
    prefix, suffix = split(tower("resnet"), 3)
    state = prefix(**batch).keep({1, 2})
    assert [x is None for x in state.levels] == [True, False, False]
    again = FrozenState.join([state.row(x) for x in range(3)])
    assert torch.equal(again.hidden, state.hidden)
    hidden_states = suffix(again).hidden_states
    assert [x is None for x in hidden_states] == [True, False, False, False, False]


def test_states_that_differ_do_not_join() -> None:
    state = FrozenState(hidden=torch.zeros(1, 3, 4), levels=())
    other = FrozenState(hidden=torch.zeros(1, 2, 4), levels=())
    with pytest.raises(ModelError, match="2 frozen states of 2 shapes.*pad texts"):
        FrozenState.join([state, other])
    with pytest.raises(ModelError, match="0 frozen states"):
        FrozenState.join([])


def key(number: int = 0, **changes: Any) -> PrefixKey:
    base = PrefixKey(backbone="b" * 64, last_k=4, picture=f"{number:064x}", view=0, preparation="p")
    return replace(base, **changes)


def a_state(number: int = 0, size: int = 64 * 192) -> FrozenState:
    numbers = torch.Generator().manual_seed(number)
    hidden = torch.randn(1, size, generator=numbers)
    return FrozenState(hidden=hidden, levels=(None, hidden[:, :8] * 2))


def test_a_cache_gives_back_what_was_put() -> None:
    state = a_state()
    with PrefixCache() as cache:
        cache.put(key(), state)
        kept = cache.get(key())
        assert kept is not None
        assert kept.hidden.dtype == torch.float32
        assert 0 < difference(kept.hidden, state.hidden) <= 2**-11 * float(state.hidden.abs().max())
        assert kept.levels[0] is None
        assert kept.levels[1] is not None
        assert torch.equal(kept.levels[1], state.hidden[:, :8] * 2)  # small: exact
        assert (len(cache), key() in cache, key(1) in cache) == (1, True, False)


@pytest.mark.parametrize(
    "change",
    [{"backbone": "c"}, {"last_k": 3}, {"picture": "x"}, {"view": 1}, {"preparation": "q"}],
)
def test_everything_a_state_depends_on_is_in_its_key(change: dict[str, Any]) -> None:
    with PrefixCache() as cache:
        cache.put(key(), a_state())
        assert cache.get(key(**change)) is None


def test_small_or_large_numbers_stay_exact() -> None:
    small, large = a_state(size=SMALL // 4), a_state()
    large.hidden[0, 0] = 1e6
    with PrefixCache() as cache:
        for number, state in enumerate((small, large)):
            cache.put(key(number), state)
            kept = cache.get(key(number))
            assert kept is not None
            assert torch.equal(kept.hidden, state.hidden)


def test_a_cache_can_keep_full_precision() -> None:
    with PrefixCache(half=False) as cache:
        cache.put(key(), a_state())
        kept = cache.get(key())
        assert kept is not None
        assert torch.equal(kept.hidden, a_state().hidden)


def test_what_memory_does_not_hold_goes_to_a_file(tmp_path: Path) -> None:
    with PrefixCache() as memory, PrefixCache(memory_bytes=30_000, folder=tmp_path) as cache:
        for number in range(5):
            memory.put(key(number), a_state(number))
            cache.put(key(number), a_state(number))
        assert cache._end == 4 * (64 * 192 * 2 + 32)
        for number in (4, 0, 3, 1, 2):
            mine, its = cache.get(key(number)), memory.get(key(number))
            assert mine is not None
            assert its is not None
            assert torch.equal(mine.hidden, its.hidden)
            mine.hidden.zero_()
            again = cache.get(key(number))
            assert again is not None
            assert torch.equal(again.hidden, its.hidden)
    assert not list(tmp_path.iterdir())


def test_what_no_room_holds_is_not_kept(tmp_path: Path) -> None:
    with PrefixCache(memory_bytes=0, disk_bytes=60_000, folder=tmp_path) as cache:
        for number in range(4):
            cache.put(key(number), a_state(number))
        assert [cache.get(key(x)) is not None for x in range(4)] == [True, True, False, False]


def test_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    cache = PrefixCache(memory_bytes=30_000, folder=tmp_path / "nowhere")
    for number in range(3):
        cache.put(key(number), a_state(number))
    assert [cache.get(key(x)) is not None for x in range(3)] == [True, False, False]


def test_a_closed_cache_keeps_nothing() -> None:
    cache = PrefixCache(memory_bytes=0)
    cache.put(key(), a_state())
    cache.close()
    cache.put(key(1), a_state())
    assert (cache.get(key()), cache.get(key(1))) == (None, None)


def test_threads_can_share_a_cache() -> None:
    with PrefixCache(memory_bytes=50_000) as cache, ThreadPoolExecutor(4) as pool:

        def work(number: int) -> bool:
            cache.put(key(number % 8), a_state(number % 8))
            kept = cache.get(key(number % 8))
            expected = a_state(number % 8).hidden.half().float()
            return kept is not None and torch.equal(kept.hidden, expected)

        assert all(pool.map(work, range(40)))
        assert len(cache) == 8


def test_a_step_from_cached_states_has_the_gradients_of_the_naive_one() -> None:
    model, batch = tower("vit"), inputs("vit")
    slots = LoraSlots(model, rank=2, last=2)
    slots.bind("a", randomised(slots))
    prefix, suffix = split(model, 2)
    state = prefix(**batch)
    with PrefixCache(half=False) as cache:
        for number in range(3):
            cache.put(key(number), state.row(number))
        rows = [x for number in range(3) if (x := cache.get(key(number)))]
    with slots.training("a") as parameters, slots.active("a"):
        losses = (
            model(**batch).pooler_output.square().sum(),
            suffix(FrozenState.join(rows)).pooler_output.square().sum(),
        )
        naive, cached = (torch.autograd.grad(x, parameters) for x in losses)
    for mine, its in zip(cached, naive, strict=True):
        assert difference(mine, its) <= 1e-4 * float(its.abs().max())


def test_a_size_of_picture_other_than_trained_for_passes_through() -> None:
    model = tower("vit")
    pixels = torch.randn(2, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    assert VIT["image_size"] == 16
    prefix, suffix = split(model, 2)
    whole = model(pixels, interpolate_pos_encoding=True).last_hidden_state
    state = prefix(pixels, interpolate_pos_encoding=True)
    assert difference(suffix(state).last_hidden_state, whole) <= 1e-6
