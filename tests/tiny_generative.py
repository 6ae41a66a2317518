"""Checkpoints that write text about pictures, tiny and untrained, one builder a family.

Most have their settings in the files and under the names that their publishers use: the processor
is named by `processor_class`, and no part for films is saved with it.
"""

from collections.abc import Callable
from pathlib import Path

from transformers import (
    CLIPVisionConfig,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessorPil,
    GotOcr2ImageProcessorPil,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessorPil,
    LlavaProcessor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    SiglipImageProcessorPil,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessorPil,
    T5Gemma2Config,
    T5Gemma2ForConditionalGeneration,
)

from tiny_parts import BLOCKS, READS, SIDE, VIT, clip_pictures, tokenizer
from tiny_qwen import qwen2_5_vl, qwen2_vl, qwen3_vl
from tiny_writer_parts import FIRST, HEADS, chat, save_writer, state_processor


def llava(folder: Path) -> None:
    writes = LlamaConfig(**READS, **HEADS)
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
    save_writer(folder, LlavaForConditionalGeneration(config), processor)


def llava_next(folder: Path) -> None:
    """Tiles: the whole picture, and its parts."""
    tiles = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE]]
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**VIT),
        text_config=LlamaConfig(**READS, **HEADS),
        image_token_id=4,
        vision_feature_layer=-1,
        image_grid_pinpoints=tiles,
    )
    edge = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    pictures = LlavaNextImageProcessorPil(image_grid_pinpoints=tiles, **edge)
    save_writer(folder, LlavaNextForConditionalGeneration(config), tokenizer(), pictures)
    state_processor(
        folder, "LlavaNextProcessor", chat("<image>"),
        patch_size=8, vision_feature_select_strategy="default", num_additional_image_tokens=1,
    )  # fmt: skip


def llava_onevision(folder: Path) -> None:
    tiles = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE]]
    config = LlavaOnevisionConfig(
        vision_config=VIT | {"model_type": "siglip_vision_model", "vision_use_head": False},
        text_config=READS | HEADS | {"model_type": "qwen2"},
        image_token_id=4,
        video_token_id=FIRST,
        image_grid_pinpoints=tiles,
        vision_feature_layer=-1,
    )
    pictures = LlavaOnevisionImageProcessorPil(
        image_grid_pinpoints=tiles, size={"height": SIDE, "width": SIDE}
    )
    reads = tokenizer("<video>")
    save_writer(folder, LlavaOnevisionForConditionalGeneration(config), reads, pictures)
    state_processor(
        folder, "LlavaOnevisionProcessor", chat("<image>"),
        num_image_tokens=16, vision_feature_select_strategy="full",
    )  # fmt: skip


def idefics3(folder: Path) -> None:
    """The architecture of SmolVLM, with a chat template."""
    writes = LlamaConfig(**READS, **HEADS).to_dict()
    config = Idefics3Config(
        vision_config=VIT, text_config=writes, scale_factor=2, image_token_id=4, pad_token_id=0
    )
    pictures = Idefics3ImageProcessorPil(
        do_image_splitting=False,
        size={"longest_edge": SIDE},
        max_image_size={"longest_edge": SIDE},
    )
    processor = Idefics3Processor(
        pictures, tokenizer(), image_seq_len=4, chat_template=chat("<image>")
    )
    save_writer(folder, Idefics3ForConditionalGeneration(config), processor)


def smolvlm(folder: Path) -> None:
    """SmolVLM2: its pictures are cut into tiles, and its processor could read films too."""
    writes = LlamaConfig(**READS, **HEADS).to_dict()
    config = SmolVLMConfig(
        vision_config=VIT, text_config=writes, scale_factor=2, image_token_id=4, pad_token_id=0
    )
    pictures = SmolVLMImageProcessorPil(
        size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE}
    )
    tiles = [f"<row_{i}_col_{j}>" for i in (1, 2) for j in (1, 2)]
    reads = tokenizer("<video>", *tiles)
    save_writer(folder, SmolVLMForConditionalGeneration(config), reads, pictures)
    state_processor(folder, "SmolVLMProcessor", chat("<image>"), image_seq_len=4)


def internvl(folder: Path) -> None:
    sees = BLOCKS | {"image_size": [SIDE, SIDE], "patch_size": [8, 8]}
    config = InternVLConfig(
        vision_config=sees,
        text_config=READS | HEADS | {"model_type": "qwen2"},
        image_token_id=FIRST + 2,
        image_seq_length=4,
    )
    pictures = GotOcr2ImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, crop_to_patches=True, max_patches=3
    )
    names = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    reads = tokenizer(*names.values(), extra_special_tokens=names)
    save_writer(folder, InternVLForConditionalGeneration(config), reads, pictures)
    state_processor(folder, "InternVLProcessor", chat("<IMG_CONTEXT>\n"), image_seq_length=4)


def paligemma(folder: Path) -> None:
    """No chat template; it puts the tokens of the picture before the prompt."""
    writes = READS | HEADS | {"model_type": "gemma", "head_dim": 8, "vocab_size": 1280}
    config = PaliGemmaConfig(
        vision_config=VIT | {"model_type": "siglip_vision_model", "vision_use_head": False},
        text_config=writes,
        image_token_id=4,
        projection_dim=16,
    )
    pictures = SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    pictures.image_seq_length = 16
    save_writer(folder, PaliGemmaForConditionalGeneration(config), tokenizer(), pictures)
    state_processor(folder, "PaliGemmaProcessor")


def gemma3(folder: Path) -> None:
    names = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    config = Gemma3Config(
        vision_config=VIT | {"model_type": "siglip_vision_model", "vision_use_head": False},
        text_config=READS | HEADS | {"head_dim": 8, "sliding_window": 64},
        mm_tokens_per_image=4,
        boi_token_index=FIRST,
        eoi_token_index=FIRST + 1,
        image_token_index=FIRST + 2,
    )
    reads = tokenizer(*names.values(), extra_special_tokens=names)
    pictures = Gemma3ImageProcessorPil(size={"height": SIDE, "width": SIDE})
    save_writer(folder, Gemma3ForConditionalGeneration(config), reads, pictures)
    state_processor(folder, "Gemma3Processor", chat("<start_of_image>"), image_seq_length=4)


def t5gemma2(folder: Path) -> None:
    """An encoder reads picture and prompt, a decoder writes."""
    names = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    writes = READS | HEADS | {"head_dim": 8, "sliding_window": 64}
    reads = {
        "text_config": writes,
        "vision_config": VIT | {"model_type": "siglip_vision_model", "vision_use_head": False},
        "mm_tokens_per_image": 4,
    }
    config = T5Gemma2Config(
        encoder=reads, decoder=writes, eoi_token_index=FIRST + 1, image_token_index=FIRST + 2
    )
    words = tokenizer(*names.values(), extra_special_tokens=names)
    pictures = Gemma3ImageProcessorPil(size={"height": SIDE, "width": SIDE})
    save_writer(folder, T5Gemma2ForConditionalGeneration(config), words, pictures)
    state_processor(folder, "Gemma3Processor", chat("<start_of_image>"), image_seq_length=4)


GENERATIVE: dict[str, Callable[[Path], None]] = {
    "llava": llava,
    "llava-next": llava_next,
    "llava-onevision": llava_onevision,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
    "qwen2-vl": qwen2_vl,
    "qwen2.5-vl": qwen2_5_vl,
    "qwen3-vl": qwen3_vl,
    "internvl": internvl,
    "paligemma": paligemma,
    "gemma3": gemma3,
    "t5gemma2": t5gemma2,
}
"""Those that work."""
