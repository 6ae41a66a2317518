"""Precision: what auto chooses, that bfloat16 is used and used alike, and that words tell it."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from secondlook import BackboneSpec
from secondlook.errors import SettingsError
from secondlook.models import precision
from secondlook.models.backbones import starter, untrained_vision
from secondlook.models.precision import WORTH, chosen
from secondlook.models.runtime import Runtime
from secondlook.settings import load_settings
from tiny_checkpoints import Tiny
from tiny_models import network, picture

SMALL, LARGE = nn.Linear(8, 8), nn.Linear(1024, WORTH // 1024 + 1)


@pytest.mark.parametrize(
    ("choice", "model", "able", "expected"),
    [
        ("auto", LARGE, True, "bfloat16"),
        ("auto", LARGE, False, "float32"),
        ("auto", SMALL, True, "float32"),
        ("float32", LARGE, True, "float32"),
        ("bfloat16", LARGE, False, "bfloat16"),
        ("bfloat16", SMALL, True, "bfloat16"),
        ("auto", nn.Linear(8, 8).half(), True, "float16"),
        ("float32", nn.Linear(8, 8).bfloat16(), True, "bfloat16"),
    ],
)
def test_what_is_chosen(
    choice: Any, model: nn.Module, able: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_bf16", lambda: able)
    assert chosen(choice, model) == expected


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_a_processor_with_bfloat16_is_known_by_its_flags(
    flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {flag: True})
    assert precision.has_bf16()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert not precision.has_bf16()


@pytest.mark.parametrize("kind", ["vit", "resnet", "convnext", "swin"])
def test_bfloat16_is_near_float32_and_said(kind: str, tiny: Tiny) -> None:
    exact, short = network(tiny(kind)), network(tiny(kind))
    short.precision = "bfloat16"
    a, b = (x.image_features([picture()]) for x in (exact, short))
    pairs = zip((*a.levels, a.tokens, a.pooled), (*b.levels, b.tokens, b.pooled), strict=True)
    for one, other in pairs:
        assert other.dtype == torch.float32
        assert float((one - other).abs().max()) <= 0.05 * float(one.abs().max())
    assert not torch.equal(a.tokens, b.tokens)  # it was used
    assert short.preprocessing == exact.preprocessing.replace("float32", "bfloat16")
    patches = short.patches([picture()])
    assert patches.dtype == np.float32
    assert np.array_equal(patches, short.patches([picture()]))


@pytest.mark.parametrize("kind", ["vit", "resnet"])
def test_states_are_those_of_the_features(kind: str, tiny: Tiny) -> None:
    """What a dense model learns from is what it is asked with, in the same precision."""
    vision = network(tiny(kind))
    vision.precision = "bfloat16"
    features = vision.image_features([picture()])
    with torch.no_grad():
        states = vision.states(vision.prepare([picture()]), 2)
    for mine, its in zip(states, features.levels, strict=False):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, its)


def test_threads_of_other_precisions_do_not_meet(tiny: Tiny) -> None:
    exact, short = network(tiny("vit")), network(tiny("vit"))
    short.precision = "bfloat16"
    expected = [x.patches([picture()]) for x in (exact, short)]
    same: list[bool] = []

    def read(index: int) -> None:
        for _ in range(20):
            found = (exact, short)[index].patches([picture()])
            same.append(np.array_equal(found, expected[index]))

    threads = [threading.Thread(target=read, args=(i % 2,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(same) == 80
    assert all(same)


def spec(name: str, load: Any) -> BackboneSpec:
    return BackboneSpec(
        name=name, modality="image", licence="", trained=False, description="", load=load
    )


@pytest.mark.parametrize("load", [starter, untrained_vision])
def test_a_runtime_hands_the_choice_on(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bf16", lambda: True)
    runtime = Runtime({"x": spec("x", load)}, precision="auto")
    backbone: Any = runtime.vision("x")
    assert backbone.preprocessing.endswith(", bfloat16")
    backbone = Runtime({"x": spec("x", load)}).vision("x")
    assert backbone.preprocessing.endswith(", float32")


def test_a_runtime_hands_it_to_what_generates(tiny: Tiny) -> None:
    backbone: Any = Runtime({}, precision="bfloat16").vision(str(tiny("llava")))
    assert backbone.preprocessing.endswith(", bfloat16")
    assert np.isfinite(backbone.patches([picture()])).all()
    assert isinstance(backbone.generate([picture()], "the weld", 2), str)


def test_a_runtime_leaves_foreign_backbones_alone() -> None:
    class Foreign:
        precision = "own"

        def patches(self, images: Any) -> Any:
            raise NotImplementedError

    runtime = Runtime({"x": spec("x", Foreign)}, precision="bfloat16")
    assert runtime.vision("x").precision == "own"  # type: ignore[attr-defined]


def test_the_setting(tmp_path: Path) -> None:
    assert load_settings(tmp_path).precision == "auto"
    (tmp_path / "secondlook.toml").write_text('precision = "bfloat16"')
    assert load_settings(tmp_path).precision == "bfloat16"
    (tmp_path / "secondlook.toml").write_text('precision = "int8"')
    with pytest.raises(SettingsError, match=r"precision.*'auto', 'float32' or 'bfloat16'"):
        load_settings(tmp_path)
