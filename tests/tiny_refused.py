"""Tiny checkpoints that write, and whose processors need torchvision, which is not here."""

from collections.abc import Callable
from pathlib import Path

from transformers import (
    Lfm2VlConfig,
    Lfm2VlForConditionalGeneration,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    PixtralImageProcessorPil,
)

from tiny_parts import BLOCKS, READS, SIDE, tokenizer
from tiny_writer_parts import FIRST, HEADS, chat, save_writer, state_processor, write_json


def mistral3(folder: Path) -> None:
    """Its processor needs torchvision, although its pictures do not."""
    sees = BLOCKS | {"image_size": SIDE, "patch_size": 8, "head_dim": 8, "model_type": "pixtral"}
    config = Mistral3Config(
        vision_config=sees,
        text_config=READS | HEADS | {"model_type": "mistral", "head_dim": 8},
        image_token_index=FIRST,
    )
    pictures = PixtralImageProcessorPil(size={"longest_edge": SIDE}, patch_size=8)
    reads = tokenizer("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    save_writer(folder, Mistral3ForConditionalGeneration(config), reads, pictures)
    state_processor(folder, "PixtralProcessor", chat("[IMG]"))


def lfm2_vl(folder: Path) -> None:
    """Its pictures need torchvision."""
    config = Lfm2VlConfig(
        vision_config=BLOCKS | {"num_patches": 16, "patch_size": 8},
        text_config=READS | HEADS | {"model_type": "lfm2", "layer_types": ["full_attention"] * 4},
        image_token_id=4,
    )
    save_writer(folder, Lfm2VlForConditionalGeneration(config), tokenizer())
    stated = {"image_processor_type": "Lfm2VlImageProcessorFast"}
    write_json(folder / "preprocessor_config.json", stated | {"processor_class": "Lfm2VlProcessor"})


REFUSED: dict[str, Callable[[Path], None]] = {"mistral3": mistral3, "lfm2-vl": lfm2_vl}
