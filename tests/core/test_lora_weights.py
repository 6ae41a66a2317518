"""The files of an adapter's weights: read by peft, and refused when they are not what they say."""

import json
import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from lora_towers import difference, inputs, tower
from secondlook.errors import AdapterError
from secondlook.models.lora.files import CONFIG, WEIGHTS
from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.targets import find_targets
from secondlook.models.lora.weights import LoraWeights, Pair

BACKBONE = "b" * 64


def learned(family: str = "vit", seed: int = 0, last: int = 2) -> LoraWeights:
    """Weights that change the output: B is random too."""
    model = tower(family)
    fresh = LoraWeights.fresh(
        model,
        find_targets(model, last),
        rank=2,
        alpha=4,
        last=last,
        backbone=BACKBONE,
        seed=seed,
    )
    numbers = torch.Generator().manual_seed(seed + 100)
    pairs = {
        x: Pair(a, torch.randn(b.shape, generator=numbers) / 5) for x, (a, b) in fresh.pairs.items()
    }
    return replace(fresh, pairs=pairs)


def load(folder: Path) -> LoraWeights:
    return LoraWeights.load(folder, fingerprint=BACKBONE)


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    """Change the tensors of a file and leave its header."""
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS, framework="pt") as file:
        header = file.metadata()
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS, metadata=header)


def reconfigure(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps(config | changes), encoding="utf-8")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    learned().save(tmp_path)
    return tmp_path


def test_what_was_saved_is_loaded(saved: Path) -> None:
    before, after = learned(), load(saved)
    assert (after.rank, after.alpha, after.last, after.backbone) == (2, 4, 2, BACKBONE)
    assert set(after.targets) == set(before.targets)
    for name, pair in before.pairs.items():
        assert all(torch.equal(x, y) for x, y in zip(pair, after.pairs[name], strict=True))


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    assert learned().save(tmp_path / "a") == learned().save(tmp_path / "b")
    for name in (CONFIG, WEIGHTS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("family", ["vit", "resnet", "siglip", "bert"])
def test_peft_itself_reads_the_files(family: str, tmp_path: Path) -> None:
    from peft import PeftModel

    weights = learned(family)
    weights.save(tmp_path)
    model, batch = tower(family), inputs(family)
    slots = LoraSlots(model, rank=2, fingerprint=BACKBONE)
    slots.bind("a", lambda: weights)
    with torch.no_grad(), slots.active("a"):
        ours = model(**batch).last_hidden_state
    with warnings.catch_warnings():  # peft asks transformers for a deprecated attribute
        warnings.simplefilter("ignore", FutureWarning)
        other = PeftModel.from_pretrained(tower(family), str(tmp_path))
    with torch.no_grad():
        theirs = other(**batch).last_hidden_state
        plain = tower(family)(**batch).last_hidden_state
    assert difference(ours, theirs) <= 1e-6
    assert difference(ours, plain) > 1e-3


def test_weights_of_another_backbone_are_refused(saved: Path) -> None:
    with pytest.raises(AdapterError, match="backbone bbbbbbbbbbbb, not with cccccccccccc: use the"):
        LoraWeights.load(saved, fingerprint="c" * 64)


def test_weights_that_name_no_backbone_are_refused(saved: Path) -> None:
    save_file(load_file(saved / WEIGHTS), saved / WEIGHTS)
    with pytest.raises(AdapterError, match="does not say for which backbone"):
        load(saved)


def test_a_tower_of_other_depth_is_refused_although_peft_takes_it() -> None:
    """peft puts a 12-block adapter on a 6-block network without a word."""
    weights = learned()
    shallow = tower("vit")
    shallow.layers = shallow.layers[:3]
    with pytest.raises(AdapterError, match=r"layers\.3\.attention\.q_proj, which ViTModel does no"):
        weights.check(shallow, BACKBONE)


def test_a_tower_of_other_width_is_refused() -> None:
    weights = learned()
    a, b = weights.pairs["layers.3.attention.q_proj"]
    wide = replace(
        weights, pairs={"layers.3.attention.q_proj": Pair(torch.zeros(2, 24), torch.zeros(24, 2))}
    )
    with pytest.raises(AdapterError, match=r"\(2, 16\) and \(16, 2\), not \(2, 24\) and \(24, 2\)"):
        wide.check(tower("vit"), BACKBONE)
    replace(weights, pairs={"layers.3.attention.q_proj": Pair(a, b)}).check(tower("vit"), BACKBONE)


def test_layers_that_cannot_be_adapted_are_refused() -> None:
    pairs = {"head.attention.out_proj": Pair(torch.zeros(2, 16), torch.zeros(16, 2))}
    with pytest.raises(AdapterError, match=r"head\.attention\.out_proj.*cannot adapt"):
        replace(learned("siglip"), pairs=pairs).check(tower("siglip"), BACKBONE)


@pytest.mark.parametrize("keep", [0, 4, 40, 0.5, -1])
def test_truncated_weights_are_refused(saved: Path, keep: float) -> None:
    content = (saved / WEIGHTS).read_bytes()
    end = int(len(content) * keep) if isinstance(keep, float) else keep
    (saved / WEIGHTS).write_bytes(content[:end])
    with pytest.raises(AdapterError, match=r"cannot use .*safetensors: .*restore it from a copy"):
        load(saved)


def test_a_renamed_file_is_refused_by_both_names(saved: Path) -> None:
    (saved / WEIGHTS).rename(saved / "weights.safetensors")
    with pytest.raises(AdapterError, match=rf"no {WEIGHTS}; it holds .*weights\.safetensors"):
        load(saved)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=f"has no {CONFIG}; it holds nothing"):
        load(tmp_path / "nowhere")


def test_pickled_weights_are_refused_unopened(saved: Path) -> None:
    (saved / WEIGHTS).unlink()
    torch.save({"x": torch.zeros(1)}, saved / "adapter_model.bin")
    with pytest.raises(AdapterError, match=r"adapter_model\.bin\).*safe_serialization=True"):
        load(saved)


def test_a_pickle_under_the_right_name_is_refused(saved: Path) -> None:
    torch.save({"x": torch.zeros(1)}, saved / WEIGHTS)
    with pytest.raises(AdapterError, match="cannot use"):
        load(saved)


def _rename(tensors: dict[str, torch.Tensor]) -> None:
    name = min(tensors)
    tensors[name.replace("lora_A", "lora_C")] = tensors.pop(name)


def _add(tensors: dict[str, torch.Tensor]) -> None:
    tensors["classifier.weight"] = torch.zeros(2)


def _transpose(tensors: dict[str, torch.Tensor]) -> None:
    name = min(tensors)
    tensors[name] = tensors[name].T.contiguous()


def _poison(tensors: dict[str, torch.Tensor]) -> None:
    tensors[min(tensors)][0, 0] = torch.nan


def _whole(tensors: dict[str, torch.Tensor]) -> None:
    name = min(tensors)
    tensors[name] = tensors[name].to(torch.int32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_rename, r"lacks 1 tensors against .*layers\.2\.attention\.q_proj\.lora_A\.weight first"),
        (_add, r"adds 1 tensors .*classifier\.weight first"),
        (_transpose, r"layers\.2\S+: A of shape \(16, 2\).*not of rank 2"),
        (_poison, r"layers\.2\S+ holds numbers that are not finite"),
        (_whole, "is torch.int32, not float"),
    ],
)
def test_tensors_that_are_not_the_stated_ones_are_refused(
    saved: Path, change: Callable[[dict[str, torch.Tensor]], None], message: str
) -> None:
    rewrite(saved, change)
    with pytest.raises(AdapterError, match=message):
        load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lora_alpha": 400}, "its lora_alpha is 400, but the weights are for 4"),
        ({"r": 8}, "its r is 8"),
        ({"peft_type": "IA3"}, "its peft_type is 'IA3'"),
        ({"use_dora": True}, "sets use_dora: only plain LoRA"),
        ({"target_modules": ".*"}, "not a list of module names"),
        ({"target_modules": ["layers.3.attention.q_proj"]}, "adds 6 tensors"),
    ],
)
def test_a_config_that_contradicts_the_weights_is_refused(
    saved: Path, changes: dict[str, Any], message: str
) -> None:
    reconfigure(saved, **changes)
    with pytest.raises(AdapterError, match=message):
        load(saved)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_config_is_refused(saved: Path, content: bytes) -> None:
    (saved / CONFIG).write_bytes(content)
    with pytest.raises(AdapterError, match=f"cannot use .*{CONFIG}"):
        load(saved)


def test_a_header_with_nonsense_is_refused(saved: Path) -> None:
    header = {f"secondlook.{x}": "x" for x in ("rank", "alpha", "last")}
    tensors = load_file(saved / WEIGHTS)
    save_file(tensors, saved / WEIGHTS, metadata=header | {"secondlook.backbone": BACKBONE})
    with pytest.raises(AdapterError, match="its rank is 'x', not a whole number"):
        load(saved)


def test_weights_are_never_overwritten(saved: Path) -> None:
    before = (saved / WEIGHTS).read_bytes()
    with pytest.raises(AdapterError, match="never overwritten: write a new version"):
        learned(seed=5).save(saved)
    assert (saved / WEIGHTS).read_bytes() == before


def test_nothing_is_left_where_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail_second(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail_second)
    with pytest.raises(AdapterError, match="cannot write LoRA weights .*No space left"):
        learned().save(tmp_path)
    assert len(calls) == 2
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_to_write_to_is_said(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="cannot write LoRA weights to"):
        learned().save(tmp_path / "nowhere")


def test_weights_that_are_not_finite_cannot_be_made() -> None:
    weights = learned()
    name = weights.targets[0]
    bad = Pair(weights.pairs[name].a * torch.inf, weights.pairs[name].b)
    with pytest.raises(AdapterError, match="not finite"):
        replace(weights, pairs={name: bad})


def test_weights_for_no_layer_cannot_be_made() -> None:
    with pytest.raises(AdapterError, match="rank 2 for 0 layers"):
        replace(learned(), pairs={})


def test_a_seed_gives_the_same_start_everywhere() -> None:
    def start(seed: int) -> LoraWeights:
        model = tower("vit")
        targets = find_targets(model, 1)
        return LoraWeights.fresh(
            model, targets, rank=2, alpha=4, last=1, backbone=BACKBONE, seed=seed
        )

    state = torch.random.get_rng_state()
    name = "layers.3.attention.q_proj"
    first, again, other = start(3).pairs[name], start(3).pairs[name], start(4).pairs[name]
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(first.a, again.a)
    assert not torch.equal(first.a, other.a)
    assert 0.1 < float(first.a.abs().max()) <= 0.25  # kaiming: sqrt(6 / (6 * 16))
    assert not first.b.any()
