"""What tiny checkpoints that write are made of, beside `tiny_parts`."""

import json
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from tiny_parts import SEEING, SPECIAL, WORDS, save

HEADS = {"num_key_value_heads": 2}
FIRST = len(SPECIAL) + len(SEEING) + len(WORDS)
"""The number of the first of a tokenizer's `commands`."""
CHAT = (
    "{% for m in messages %}<s>{% for c in m.content %}"
    "{% if c.type == 'image' %}SEEN{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}{% endfor %}"
)


def chat(picture: str) -> str:
    """A chat template that writes `picture` where there is one."""
    return CHAT.replace("SEEN", picture)


def save_writer(folder: Path, model: PreTrainedModel, *beside: Any) -> None:
    """It writes WORDS only: never nothing, which would tell no two texts apart."""
    generation: Any = model.generation_config
    unsaid = {*range(model.config.get_text_config().vocab_size)} - {
        *range(FIRST - len(WORDS), FIRST)
    }
    generation.suppress_tokens = sorted(unsaid)
    save(folder, model, *beside)


def state_processor(folder: Path, name: str, template: str | None = None, **settings: Any) -> None:
    """The file that names the processor, and the chat template where there is one."""
    write_json(folder / "processor_config.json", {"processor_class": name, **settings})
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")


def write_json(file: Path, settings: dict[str, Any]) -> None:
    """Settings as a file."""
    file.write_text(json.dumps(settings), encoding="utf-8")
