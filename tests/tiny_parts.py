"""What tiny checkpoints are made of: sizes, a tokenizer, and saving."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import CLIPImageProcessorPil, PreTrainedModel, PreTrainedTokenizerFast

SIDE = 32
BLOCKS: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
VIT: dict[str, Any] = BLOCKS | {"image_size": SIDE, "patch_size": 8}
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
SEEING = ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
WORDS = ("scratch", "crack", "weld", "rim", "a", "photo", "of", "the", "no", "left", "lung")
SIZES = {"vocab_size": 48, "max_position_embeddings": 16}
ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
READS: dict[str, Any] = BLOCKS | SIZES | ENDS


def tokenizer(*commands: str, **settings: Any) -> PreTrainedTokenizerFast:
    """Whole words between <s> and </s>; made here, so nothing is fetched.

    `commands` are special tokens beside those of SEEING; they get the numbers behind WORDS.
    """
    words = {x: i for i, x in enumerate((*SPECIAL, *SEEING, *WORDS, *commands))}
    whole = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    whole.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=whole,
        additional_special_tokens=[*SEEING, *commands],
        **names,
        **settings,
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
