"""What a checkpoint can be used for; bad folders, each with a way on; hub ids without network."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from transformers import (
    HieraConfig,
    HieraModel,
    PreTrainedModel,
    SegformerConfig,
    SegformerModel,
)

import secondlook
from secondlook.errors import BackboneError
from secondlook.models.backbones import load_text, load_vision
from secondlook.models.families import load_backbone
from secondlook.models.goods import network_of
from secondlook.models.inspection import inspect_checkpoint
from secondlook.models.levels import join_levels
from secondlook.models.runtime import Runtime
from secondlook.models.vision import PatchNetwork
from secondlook.training.dense_plan import DenseConfig
from secondlook.training.goods_dense import find_student
from tiny_checkpoints import Tiny
from tiny_refused import REFUSED

SEES = ("patch features", "pooled image vectors")
PAIR = (*SEES, "text vectors", "shared space")
WRITES = (*SEES, "generation")
KINDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "clip": ("dual", "clip", PAIR),
    "siglip": ("dual", "siglip", PAIR),
    "siglip2": ("dual", "siglip2", PAIR),
    "vit-bert": ("dual", "vision-text-dual-encoder", PAIR),
    "convnext-bert": ("dual", "vision-text-dual-encoder", PAIR),
    "vit": ("vision", "vit", SEES),
    "dinov2": ("vision", "dinov2", SEES),
    "resnet": ("vision", "resnet", SEES),
    "convnext": ("vision", "convnext", SEES),
    "swin": ("vision", "swin", SEES),
    "bert": ("text", "bert", ("text vectors",)),
    "llava": ("generative", "llava", WRITES),
    "llava-next": ("generative", "llava_next", WRITES),
    "llava-onevision": ("generative", "llava_onevision", WRITES),
    "idefics3": ("generative", "idefics3", WRITES),
    "smolvlm": ("generative", "smolvlm", WRITES),
    "qwen2-vl": ("generative", "qwen2_vl", ("generation",)),
    "qwen2.5-vl": ("generative", "qwen2_5_vl", ("generation",)),
    "qwen3-vl": ("generative", "qwen3_vl", ("generation",)),
    "internvl": ("generative", "internvl", WRITES),
    "paligemma": ("generative", "paligemma", WRITES),
    "gemma3": ("generative", "gemma3", WRITES),
    "t5gemma2": ("generative", "t5gemma2", ("generation",)),
}


def segformer() -> PreTrainedModel:
    sizes = [4, 8, 8, 8]
    config = SegformerConfig(hidden_sizes=sizes, depths=[1] * 4, num_attention_heads=[1] * 4)
    return SegformerModel(config)


def hiera() -> PreTrainedModel:
    config = HieraConfig(
        image_size=[64, 64],
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 1],
        query_stride=[2, 2],
        masked_unit_size=[8, 8],
        masked_unit_attention=[False] * 4,
    )
    return HieraModel(config)


@pytest.fixture
def copied(tiny: Tiny, tmp_path: Path) -> Tiny:
    """A copy that may be spoilt."""
    return lambda kind: Path(shutil.copytree(tiny(kind), tmp_path / kind))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> NoReturn:
        raise AssertionError("loading used the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # nothing but ourselves holds it back


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_is_told_what_it_is_for(kind: str, tiny: Tiny) -> None:
    report = inspect_checkpoint(tiny(kind))
    assert (report.kind, report.family, report.uses) == KINDS[kind]
    assert report.problems == ()
    stored = load_file(tiny(kind) / "model.safetensors")
    assert report.parameters == sum(x.numel() for x in stored.values())
    assert report.fingerprint == load_backbone(tiny(kind)).ref.fingerprint
    assert (report.input_size is None) == ("patch features" not in report.uses)
    assert (report.text_limit == 16) == ("text vectors" in report.uses)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_family_that_needs_more_is_told_what_works(kind: str, tiny: Tiny) -> None:
    (problem,) = inspect_checkpoint(tiny(kind)).problems
    assert "needs torchvision, which secondlook does not bring" in problem
    assert "SmolVLM" in problem


def test_a_pair_whose_space_was_never_trained_is_told(copied: Tiny) -> None:
    folder = copied("vit-bert")
    weights = load_file(folder / "model.safetensors")
    weights["logit_scale"] = torch.tensor(2.6592)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (problem,) = inspect_checkpoint(folder).problems
    assert "logit_scale" in problem
    assert "trained on pictures" in problem


@pytest.mark.parametrize(
    ("readme", "config", "licence"),
    [
        ("---\ntags: [x]\nlicense: mit # yes\n---\n# A\nlicense: no", {}, "mit"),
        ("# A model\nlicense: no", {"license": "apache-2.0"}, "apache-2.0"),
        ("# A model", {}, None),
    ],
)
def test_a_licence_is_what_the_checkpoint_says(
    readme: str, config: dict[str, str], licence: str | None, copied: Tiny
) -> None:
    folder = copied("vit")
    (folder / "README.md").write_text(readme, encoding="utf-8")
    _change(folder, **config)
    assert inspect_checkpoint(folder).licence == licence


def test_a_pair_without_tokenizer_is_of_some_use(copied: Tiny) -> None:
    folder = copied("clip")
    (folder / "tokenizer.json").unlink()
    report = inspect_checkpoint(folder)
    assert report.uses == SEES
    assert len(report.problems) == 1
    assert "tokenizer.save_pretrained" in report.problems[0]


def _change(folder: Path, **settings: Any) -> None:
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8")) | settings
    file.write_text(json.dumps(config), encoding="utf-8")


def _pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _pickle_disguised(folder: Path) -> None:
    torch.save({"x": torch.zeros(2)}, folder / "model.safetensors")


def _truncated(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])


def _emptied(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def _renamed(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "clip.safetensors")


def _missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": shards}), encoding="utf-8")


def _bad_index(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text("[]", encoding="utf-8")


def _own_code(folder: Path) -> None:
    _change(folder, auto_map={"AutoModel": "org/repo--modeling_x.Model"})


def _unknown(folder: Path) -> None:
    _change(folder, model_type="unheard-of")


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _config_cut_off(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type"', encoding="utf-8")


def _config_of_a_list(folder: Path) -> None:
    (folder / "config.json").write_text("[1]", encoding="utf-8")


def _other_sizes(folder: Path) -> None:
    _change(folder, projection_dim=7)


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (_pickle_only, r"pickled weights \(pytorch_model\.bin\).*safe_serialization=True"),
    (_pickle_disguised, r"no safetensors file.*fetch it again"),
    (_truncated, r"cut off.*fetch it again"),
    (_emptied, r"cut off.*fetch it again"),
    (_renamed, r"clip\.safetensors but no model\.safetensors: rename"),
    (_missing_shard, r"lacks 1 of 2 weight files, model-00002-of-00002\.safetensors.*fetch"),
    (_bad_index, r"index\.json lists no weights.*fetch"),
    (_own_code, r"org/repo--modeling_x\.Model.*trust_remote_code is never used.*give a check"),
    (_unknown, r"'unheard-of', which transformers .* does not know: give"),
    (_no_tokenizer, r"no tokenizer: save it beside the model"),
    (_no_config, r"no config\.json"),
    (_config_cut_off, r"config\.json is no JSON: copy or fetch"),
    (_config_of_a_list, r"holds no settings: copy or fetch"),
    (_other_sizes, r"lack \d+ of the model's parameters.*do not belong|cannot load"),
]


@pytest.mark.parametrize(("spoil", "match"), SPOILT, ids=[x[0].__name__[1:] for x in SPOILT])
def test_a_bad_folder_says_what_would_work(
    spoil: Callable[[Path], None], match: str, copied: Tiny
) -> None:
    folder = copied("clip")
    spoil(folder)
    with pytest.raises(BackboneError, match=match) as caught:
        load_backbone(folder)
    report = inspect_checkpoint(folder)
    assert report.problems == (str(caught.value),)
    assert "shared space" not in report.uses


def test_a_sharded_checkpoint_loads(copied: Tiny) -> None:
    folder = copied("clip")
    whole = load_backbone(folder).ref
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    parts = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    for file, held in parts.items():
        save_file({x: weights[x] for x in held}, folder / file, metadata={"format": "pt"})
    index = {"weight_map": {x: file for file, held in parts.items() for x in held}}
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 1}} | index), encoding="utf-8"
    )
    assert load_backbone(folder).ref == whole
    assert inspect_checkpoint(folder).parameters == sum(x.numel() for x in weights.values())


def test_code_of_a_known_family_is_not_run_either(copied: Tiny) -> None:
    folder = copied("clip")
    _change(folder, auto_map={"AutoModel": "evil.Model", "AutoConfig": "evil.Config"})
    (folder / "evil.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    for load in (load_backbone, load_vision, load_text):
        with pytest.raises(BackboneError, match=r"evil\.Model.*never"):
            load(folder)


@pytest.mark.parametrize("what", ["nowhere", "file", "empty"])
def test_no_checkpoint_at_all_is_a_report_too(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    report = inspect_checkpoint(tmp_path / what)
    assert (report.uses, len(report.problems)) == ((), 1)
    assert "config.json" in report.problems[0]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put(cache: Path, name: str, checkpoint: Path) -> None:
    """A checkpoint as a finished download leaves it."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c" * 40, encoding="utf-8")
    shutil.copytree(checkpoint, repository / "snapshots" / ("c" * 40))


def test_a_hub_id_comes_from_the_local_cache(tiny: Tiny, cache: Path) -> None:
    put(cache, "org/tiny-clip", tiny("clip"))
    ref = load_backbone("org/tiny-clip").ref
    assert (ref.name, ref.revision) == ("org/tiny-clip", "c" * 40)
    assert ref.fingerprint == load_backbone(tiny("clip")).ref.fingerprint
    assert inspect_checkpoint("org/tiny-clip").uses == PAIR
    runtime = Runtime({})
    assert runtime.vision("org/tiny-clip") is runtime.dual("org/tiny-clip")


@pytest.mark.parametrize("partly", [False, True])
def test_a_hub_id_that_is_not_here_names_the_command(
    partly: bool, cache: Path, tmp_path: Path
) -> None:
    if partly:
        (tmp_path / "bare").mkdir()
        put(cache, "org/tiny-clip", tmp_path / "bare")
    for load in (load_backbone, Runtime({}).vision, Runtime({}).text):
        with pytest.raises(BackboneError, match="secondlook backbones fetch org/tiny-clip"):
            load("org/tiny-clip")


def test_backbones_load_by_the_public_name(tiny: Tiny) -> None:
    assert secondlook.load_backbone(tiny("clip")).uses == load_backbone(tiny("clip")).uses
    assert "load_backbone" in secondlook.__all__


def test_the_public_names_load_no_model_library() -> None:
    code = (
        "import sys, secondlook; secondlook.load_backbone;"
        "sys.exit(bool({'torch', 'transformers', 'peft'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", [k for k, (_, _, uses) in KINDS.items() if SEES[0] in uses])
def test_patches_of_a_cut_tower_are_those_of_the_whole(kind: str, tiny: Tiny) -> None:
    network = network_of(load_backbone(tiny(kind)))
    pictures = [np.random.default_rng(i).integers(0, 255, (40, 50, 3), np.uint8) for i in (0, 1)]
    whole = network.image_features(pictures).levels
    joined = join_levels([whole[i] for i in network.levels]).permute(0, 2, 3, 1)
    assert (network.patches(pictures) == joined.numpy()).all()


@pytest.mark.parametrize("make", [segformer, hiera])
def test_a_network_that_cannot_be_cut_is_read_whole(
    make: Callable[[], PreTrainedModel], tmp_path: Path
) -> None:
    make().save_pretrained(tmp_path)
    network = load_vision(tmp_path)
    assert isinstance(network, PatchNetwork)
    assert np.isfinite(network.patches([np.full((40, 50, 3), 99, np.uint8)])).all()
    learned, why = find_student(network, DenseConfig(seconds=0, steps=1))
    assert learned is None
    assert why is not None and "the bank stands alone" in why
