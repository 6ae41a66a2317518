"""Tiny checkpoints of the Qwen-VL families, with the files of those that were published."""

from pathlib import Path
from typing import Any

from transformers import (
    PreTrainedModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from tiny_parts import READS, tokenizer
from tiny_writer_parts import FIRST, HEADS, chat, save_writer, write_json

QWEN = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|video_pad|>")
SEES: dict[str, Any] = {
    "depth": 2,
    "hidden_size": 16,
    "out_hidden_size": 16,
    "num_heads": 2,
    "patch_size": 8,
    "intermediate_size": 16,
}


def qwen2_vl(folder: Path) -> None:
    """As it was published: no processor_config.json, the template in chat_template.json."""
    sees = {"depth": 1, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "patch_size": 8}
    config = Qwen2VLConfig(vision_config=sees, text_config=_qwen(), **_qwen_tokens())
    _save(folder, Qwen2VLForConditionalGeneration(config), "Qwen2VLProcessor")


def qwen2_5_vl(folder: Path) -> None:
    sees = SEES | {"window_size": 32, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(vision_config=sees, text_config=_qwen(), **_qwen_tokens())
    _save(folder, Qwen2_5_VLForConditionalGeneration(config), "Qwen2_5_VLProcessor")


def qwen3_vl(folder: Path) -> None:
    sees = SEES | {"num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    writes = _qwen() | {"head_dim": 8}
    config = Qwen3VLConfig(vision_config=sees, text_config=writes, **_qwen_tokens())
    model = Qwen3VLForConditionalGeneration(config)
    _save(folder, model, "Qwen3VLProcessor", "Qwen2VLImageProcessorFast")


def _qwen() -> dict[str, Any]:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e4}
    return READS | HEADS | {"rope_parameters": rope}


def _qwen_tokens() -> dict[str, int]:
    names = ("vision_start", "image", "vision_end", "video")
    return {f"{x}_token_id": FIRST + i for i, x in enumerate(names)}


def _save(
    folder: Path, model: PreTrainedModel, processor: str, pictures: str = "Qwen2VLImageProcessor"
) -> None:
    save_writer(folder, model, tokenizer(*QWEN))
    stated = {
        "processor_class": processor,
        "image_processor_type": pictures,
        "patch_size": 8,
        "min_pixels": 256,
        "max_pixels": 4096,
    }
    write_json(folder / "preprocessor_config.json", stated)
    template = chat("<|vision_start|><|image_pad|><|vision_end|>")
    write_json(folder / "chat_template.json", {"chat_template": template})
