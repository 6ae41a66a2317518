"""Checkpoints of every family, tiny and untrained, built on disk as their publishers save them.

A test module takes them with

    @pytest.fixture(scope="session")
    def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
        return partial(checkpoint, tmp_path_factory)

and calls `tiny("clip")`; each is built once a session. Whoever changes a folder copies it first.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    ConvNextConfig,
    ConvNextModel,
    Dinov2Config,
    Dinov2Model,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    ResNetConfig,
    ResNetModel,
    Siglip2Config,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipModel,
    SwinConfig,
    SwinModel,
    VisionTextDualEncoderModel,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)

from secondlook.models.checkpoints import quiet_transformers

Tiny = Callable[[str], Path]
SIDE = 32
BLOCKS: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
VIT: dict[str, Any] = BLOCKS | {"image_size": SIDE, "patch_size": 8}
CONV: dict[str, Any] = {"hidden_sizes": [4, 8, 12, 16], "depths": [1, 1, 1, 1]}
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
SEEING = ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
WORDS = ("scratch", "crack", "weld", "rim", "a", "photo", "of", "the", "no", "left", "lung")
CHAT = (
    "{% for m in messages %}<s>{% for c in m.content %}"
    "{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}{% endfor %}"
)
SIZES = {"vocab_size": 48, "max_position_embeddings": 16}
ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
READS: dict[str, Any] = BLOCKS | SIZES | ENDS

_built: dict[str, Path] = {}


def checkpoint(factory: pytest.TempPathFactory, kind: str) -> Path:
    """The folder of one kind of checkpoint; see BUILDERS."""
    if kind not in _built:
        folder = factory.mktemp("tiny") / kind
        with torch.random.fork_rng(devices=[]), quiet_transformers():
            torch.manual_seed(len(kind))
            BUILDERS[kind](folder)
        _built[kind] = folder
    return _built[kind]


def tokenizer(**settings: Any) -> PreTrainedTokenizerFast:
    """Whole words between <s> and </s>; made here, so nothing is fetched."""
    words = {x: i for i, x in enumerate((*SPECIAL, *SEEING, *WORDS))}
    whole = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    whole.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=whole, additional_special_tokens=list(SEEING), **names, **settings
    )


def save(folder: Path, model: PreTrainedModel, *beside: Any) -> None:
    """A model with what belongs to it, every weight moved off its first value."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    model.save_pretrained(folder)
    for part in beside:
        part.save_pretrained(folder)


def clip_pictures() -> CLIPImageProcessorPil:
    """As CLIP is published: the shortest edge, then a centre crop, bicubic."""
    return CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )


def clip(folder: Path) -> None:
    config = CLIPConfig(text_config=READS, vision_config=VIT, projection_dim=12)
    save(folder, CLIPModel(config), tokenizer(), clip_pictures())


def siglip(folder: Path) -> None:
    config = SiglipConfig(text_config=READS | {"projection_size": 16}, vision_config=VIT)
    save(folder, SiglipModel(config), tokenizer(model_input_names=["input_ids"]))


def siglip2(folder: Path) -> None:
    sees = BLOCKS | {"num_patches": 16, "patch_size": 8}
    config = Siglip2Config(text_config=READS | {"projection_size": 16}, vision_config=sees)
    # of this family transformers takes no other tokenizer, whatever the folder says
    letters = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *"abcdefghijklmnopqrstuvwxyz")
    reads = Siglip2Tokenizer(
        vocab={x: i for i, x in enumerate(letters)},
        padding_side="right",
        model_input_names=["input_ids"],
    )
    save(folder, Siglip2Model(config), reads)


def _bert() -> BertModel:
    return BertModel(BertConfig(**READS))


def _pair(folder: Path, sees: PreTrainedModel) -> None:
    # transformers reads the width of the vision half here, and conv nets do not state it
    sizes = getattr(sees.config, "hidden_sizes", None)
    if sizes:
        sees.config.hidden_size = sizes[-1]
    save(folder, VisionTextDualEncoderModel(vision_model=sees, text_model=_bert()), tokenizer())


def llava(folder: Path) -> None:
    writes = LlamaConfig(**READS, num_key_value_heads=2)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**VIT),
        text_config=writes,
        image_token_id=4,
        vision_feature_layer=-1,
    )
    processor = LlavaProcessor(
        image_processor=clip_pictures(),
        tokenizer=tokenizer(),
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    save(folder, LlavaForConditionalGeneration(config), processor)


def idefics3(folder: Path) -> None:
    """The architecture of SmolVLM, with a chat template."""
    writes = LlamaConfig(**READS, num_key_value_heads=2).to_dict()
    config = Idefics3Config(
        vision_config=VIT, text_config=writes, scale_factor=2, image_token_id=4, pad_token_id=0
    )
    pictures = Idefics3ImageProcessorPil(
        do_image_splitting=False,
        size={"longest_edge": SIDE},
        max_image_size={"longest_edge": SIDE},
    )
    processor = Idefics3Processor(pictures, tokenizer(), image_seq_len=4, chat_template=CHAT)
    save(folder, Idefics3ForConditionalGeneration(config), processor)


def qwen2_vl(folder: Path) -> None:
    """Its processor needs torchvision, which is not here."""
    sees = {"depth": 1, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "patch_size": 8}
    rope = {"rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}
    config = Qwen2VLConfig(
        vision_config=sees, text_config=READS | {"num_key_value_heads": 2} | rope
    )
    save(folder, Qwen2VLForConditionalGeneration(config), tokenizer())
    (folder / "preprocessor_config.json").write_text(
        '{"processor_class": "Qwen2VLProcessor", "image_processor_type": "Qwen2VLImageProcessor"}',
        encoding="utf-8",
    )


def _resnet() -> ResNetModel:
    return ResNetModel(ResNetConfig(embedding_size=4, layer_type="basic", **CONV))


def _convnext() -> ConvNextModel:
    return ConvNextModel(ConvNextConfig(image_size=SIDE, **CONV))


def _swin() -> SwinModel:
    return SwinModel(
        SwinConfig(
            image_size=SIDE, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[2, 2],
            window_size=4,
        )
    )  # fmt: skip


BUILDERS: dict[str, Callable[[Path], None]] = {
    "clip": clip,
    "siglip": siglip,
    "siglip2": siglip2,
    "vit-bert": lambda folder: _pair(folder, ViTModel(ViTConfig(**VIT))),
    "resnet-bert": lambda folder: _pair(folder, _resnet()),
    "convnext-bert": lambda folder: _pair(folder, _convnext()),
    "vit": lambda folder: save(folder, ViTModel(ViTConfig(**VIT))),
    "vit-classes": lambda folder: save(folder, ViTForImageClassification(ViTConfig(**VIT))),
    "dinov2": lambda folder: save(folder, Dinov2Model(Dinov2Config(**VIT))),
    "resnet": lambda folder: save(folder, _resnet()),
    "convnext": lambda folder: save(folder, _convnext()),
    "swin": lambda folder: save(folder, _swin()),
    "bert": lambda folder: save(folder, _bert(), tokenizer()),
    "clip-text": lambda folder: save(folder, CLIPTextModel(CLIPTextConfig(**READS)), tokenizer()),
    "llava": llava,
    "idefics3": idefics3,
    "qwen2-vl": qwen2_vl,
}
