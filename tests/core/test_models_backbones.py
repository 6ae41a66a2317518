"""Backbones: loading from folders, what is refused, fingerprints, shapes, resident instances."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ConvNextConfig,
    ConvNextModel,
    Dinov2Config,
    Dinov2Model,
    PreTrainedModel,
    ResNetConfig,
    ResNetForImageClassification,
    SwinConfig,
    SwinModel,
    ViTConfig,
    ViTForImageClassification,
)

from secondlook import BackboneSpec
from secondlook.errors import BackboneError, ModelError
from secondlook.models import text
from secondlook.models.backbones import load_text, load_vision, minilm, untrained_vision
from secondlook.models.checkpoints import fingerprint, quiet_transformers
from secondlook.models.runtime import Runtime

CONV: dict[str, Any] = {"hidden_sizes": [4, 8, 12, 16], "depths": [1, 1, 1, 1]}
VIT: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": 32,
    "patch_size": 8,
}


def _resnet() -> PreTrainedModel:
    return ResNetForImageClassification(ResNetConfig(embedding_size=4, layer_type="basic", **CONV))


def _clip() -> PreTrainedModel:
    words = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"vocab_size": 50, "bos_token_id": 1, "eos_token_id": 2, "intermediate_size": 16}
    return CLIPModel(CLIPConfig(text_config=words | ends, vision_config=VIT))


MODELS: dict[str, tuple[Callable[[], PreTrainedModel], tuple[int, int]]] = {
    "resnet": (_resnet, (32, 20)),  # 256 / 8, channels of the second and third stage
    "convnext": (lambda: ConvNextModel(ConvNextConfig(image_size=64, **CONV)), (8, 20)),
    "vit": (lambda: ViTForImageClassification(ViTConfig(**VIT)), (4, 32)),
    "dinov2": (lambda: Dinov2Model(Dinov2Config(**VIT)), (4, 32)),
    "clip": (_clip, (4, 32)),
    "clip-vision": (lambda: CLIPVisionModel(CLIPVisionConfig(**VIT)), (4, 32)),
    "swin": (
        lambda: SwinModel(
            SwinConfig(
                image_size=32, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[2, 2],
                window_size=4,
            )
        ),
        (8, 24),
    ),
}  # fmt: skip


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[PreTrainedModel], Path]:
    """Writes a model to a folder."""

    def save(model: PreTrainedModel) -> Path:
        with quiet_transformers():
            model.save_pretrained(tmp_path / "checkpoint")
        return tmp_path / "checkpoint"

    return save


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def picture(height: int = 40, width: int = 24, seed: int = 0) -> NDArray[np.uint8]:
    numbers = np.random.default_rng(seed)
    return numbers.integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_of_vision_checkpoint_gives_a_grid_of_features(
    kind: str, saved: Callable[[PreTrainedModel], Path]
) -> None:
    build, (grid, size) = MODELS[kind]
    backbone = load_vision(saved(build()))
    features = backbone.patches([picture(), picture(24, 40, seed=1)])
    assert features.shape == (2, grid, grid, size)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert backbone.ref.trained
    assert not np.allclose(features[0], features[1])


def test_loading_twice_gives_the_same_fingerprint(
    saved: Callable[[PreTrainedModel], Path],
) -> None:
    folder = saved(MODELS["vit"][0]())  # its pooler is not in the file and is filled at random
    assert load_vision(folder).ref.fingerprint == load_vision(folder).ref.fingerprint


def test_a_fingerprint_tells_one_changed_weight() -> None:
    layer = nn.Linear(3, 2)
    before = fingerprint(layer)
    with torch.no_grad():
        layer.weight[0, 0] += 1e-3
    assert fingerprint(layer) != before


def test_the_untrained_backbone_is_the_same_everywhere() -> None:
    state = torch.random.get_rng_state()
    ref = untrained_vision().ref
    assert torch.equal(state, torch.random.get_rng_state())
    assert not ref.trained
    assert ref.fingerprint == "6509cc5370aa43e923befe7de70856b7e9140d99091d090c29f7716cc55a46b5"


def test_no_pictures_give_no_features() -> None:
    assert len(untrained_vision().patches([])) == 0


def test_a_grey_picture_is_refused_by_shape() -> None:
    with pytest.raises(ModelError, match=r"\(8, 8\)"):
        untrained_vision().patches([np.zeros((8, 8), dtype=np.uint8)])


def test_a_missing_folder_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"config\.json and model\.safetensors"):
        load_vision(tmp_path / "nowhere")


def test_pickled_weights_are_refused(saved: Callable[[PreTrainedModel], Path]) -> None:
    folder = saved(_resnet())
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BackboneError, match=r"pytorch_model\.bin.*safe_serialization"):
        load_vision(folder)


def test_truncated_weights_are_refused(saved: Callable[[PreTrainedModel], Path]) -> None:
    weights = saved(_resnet()) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BackboneError, match="cannot load"):
        load_vision(weights.parent)


def test_weights_of_another_model_are_refused(
    saved: Callable[[PreTrainedModel], Path], tmp_path: Path
) -> None:
    folder = saved(_resnet())
    with quiet_transformers():
        MODELS["vit"][0]().save_pretrained(tmp_path / "other")
    (tmp_path / "other" / "config.json").rename(folder / "config.json")
    with pytest.raises(BackboneError, match="lack .* parameters"):
        load_vision(folder)


def test_code_in_a_checkpoint_is_not_run(saved: Callable[[PreTrainedModel], Path]) -> None:
    folder = saved(_resnet())
    config = (folder / "config.json").read_text(encoding="utf-8")
    own = '{"auto_map": {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"},'
    config = own + config.strip().removeprefix("{").replace('"resnet"', '"unheard_of"')
    (folder / "config.json").write_text(config, encoding="utf-8")
    (folder / "evil.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    with pytest.raises(BackboneError):
        load_vision(folder)


def bert() -> PreTrainedModel:
    return BertModel(
        BertConfig(
            vocab_size=10, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=16,
        )
    )  # fmt: skip


def save_tokenizer(folder: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "scratch", "crack"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    with quiet_transformers():
        BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)


def test_a_text_folder_gives_unit_vectors(saved: Callable[[PreTrainedModel], Path]) -> None:
    folder = saved(bert())
    save_tokenizer(folder)
    vectors = load_text(folder).embed(["scratch", "crack crack scratch", ""])
    assert vectors.shape == (3, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_padding_changes_no_vector(saved: Callable[[PreTrainedModel], Path]) -> None:
    folder = saved(bert())
    save_tokenizer(folder)
    encoder = load_text(folder)
    together = encoder.embed(["scratch", "crack crack crack crack"])
    assert together[0] == pytest.approx(encoder.embed(["scratch"])[0], abs=1e-5)


def test_a_text_folder_is_no_vision_backbone(saved: Callable[[PreTrainedModel], Path]) -> None:
    with pytest.raises(BackboneError, match="BertModel.*no patch features"):
        load_vision(saved(bert()))


def test_a_text_folder_without_tokenizer_is_refused(
    saved: Callable[[PreTrainedModel], Path],
) -> None:
    with pytest.raises(BackboneError, match="tokenizer"):
        load_text(saved(bert()))


def test_minilm_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "file_sha256", lambda path: "0" * 64)
    with pytest.raises(BackboneError, match="force-reinstall"):
        minilm()


def test_a_runtime_loads_a_backbone_once_for_all_threads() -> None:
    loads: list[int] = []

    def load() -> "CountedText":
        loads.append(1)
        return CountedText()

    spec = BackboneSpec(
        name="t", modality="text", licence="", trained=False, description="", load=load
    )
    runtime = Runtime({"t": spec})
    threads = [threading.Thread(target=runtime.text, args=("t",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]
    assert runtime.text("t") is runtime.text("t")


def test_a_runtime_names_what_is_registered() -> None:
    spec = BackboneSpec(
        name="starter", modality="image", licence="", trained=False, description="",
        load=untrained_vision,
    )  # fmt: skip
    with pytest.raises(BackboneError, match=r"'strater'.*starter"):
        Runtime({"starter": spec}).vision("strater")
    with pytest.raises(BackboneError, match="reads image, not text"):
        Runtime({"starter": spec}).text("starter")


def test_a_runtime_takes_a_folder(saved: Callable[[PreTrainedModel], Path]) -> None:
    assert Runtime({}).vision(str(saved(_resnet()))).ref.name == "checkpoint"


class CountedText:
    """A text backbone of random but fixed vectors."""

    ref = replace(untrained_vision().ref, name="counted")

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), 1), dtype=np.float32)
