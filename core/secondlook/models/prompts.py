"""Pictures and a prompt, bounded and joined, as a generative model takes them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_PROMPT = 2048
"""Tokens kept of a prompt; the rest is cut, so that a long record cannot fill the memory."""
MAX_PIXELS = 2**20
"""Of a picture; a larger one is made smaller. Some families read a picture at its own size, one
token for every 28 x 28 pixels, and would read a photo of 12 megapixels for minutes."""


def model_inputs(processor: Any, images: Sequence[NDArray[np.uint8]], prompt: str) -> Any:
    """What `generate` of a model takes for pictures (H, W, 3) and one prompt about them.

    Words that the tokenizer treats as commands are taken out of the prompt, which is cut at
    MAX_PROMPT tokens. Raises what the processor raises.
    """
    pictures = [within(x) for x in images]
    prompt = cut(processor, plain(processor, prompt))
    if getattr(processor, "chat_template", None):
        inputs = _in_a_chat(processor, pictures, prompt)
    else:
        inputs = _in_a_row(processor, pictures, prompt)
    inputs.pop("labels", None)  # PaliGemma's, for training
    return inputs


def within(image: NDArray[np.uint8]) -> Image.Image:
    """A picture (H, W, 3) of about MAX_PIXELS at most, its aspect kept."""
    picture = Image.fromarray(image)
    scale = math.sqrt(MAX_PIXELS / max(1, picture.width * picture.height))
    if scale >= 1:
        return picture
    width, height = (max(1, int(x * scale)) for x in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3)


def plain(processor: Any, prompt: str) -> str:
    """The prompt without special tokens: a record's words must not become commands."""
    tokenizer = processor.tokenizer
    commands = {x.content for x in tokenizer.added_tokens_decoder.values() if x.special}
    places = (getattr(processor, f"{x}_token", None) for x in ("image", "video", "audio"))
    for token in sorted(commands | {x for x in places if x}, key=len, reverse=True):
        prompt = prompt.replace(token, " ")
    return prompt


def cut(processor: Any, prompt: str) -> str:
    """The first MAX_PROMPT tokens of a prompt."""
    spans = processor.tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    return prompt if len(spans) <= MAX_PROMPT else prompt[: spans[MAX_PROMPT - 1][1]]


def _in_a_chat(processor: Any, pictures: list[Image.Image], prompt: str) -> Any:
    content: list[dict[str, Any]] = [{"type": "image", "image": x} for x in pictures]
    return processor.apply_chat_template(
        [{"role": "user", "content": [*content, {"type": "text", "text": prompt}]}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )


def _in_a_row(processor: Any, pictures: list[Image.Image], prompt: str) -> Any:
    """For a processor without a template: the pictures, then a new line and the prompt."""
    between = "" if type(processor).__name__.startswith("PaliGemma") else "\n"
    text = processor.image_token * len(pictures) + between + prompt
    inputs = processor(text=[text], images=[pictures] if pictures else None)
    return inputs.convert_to_tensors("pt")
