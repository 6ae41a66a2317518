"""Texts as numbers: the tokenizer of a checkpoint, and how long a text may be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from secondlook.errors import BackboneError
from secondlook.models.checkpoints import brief, quiet_transformers

MAX_TOKENS = 256
"""Longer texts are cut; the limit that all-MiniLM-L6-v2 states for itself."""
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model")
SAVE_TOKENIZER = "save it beside the model with tokenizer.save_pretrained(folder)"


class Tokens:
    """Ids and mask of texts, as one text tower wants them.

    Attributes:
        limit: tokens kept of a text, the special ones included; the rest is cut.
        full_length: every text is padded to the limit, because the model was trained so.
    """

    def __init__(self, tokenizer: Any, config: Any, *, full_length: bool = False) -> None:
        """`config` is that of the text model."""
        places = getattr(config, "max_position_embeddings", None) or MAX_TOKENS
        self.limit = min(MAX_TOKENS, int(places), int(tokenizer.model_max_length))
        self.full_length = full_length
        self._tokenizer = tokenizer

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids (B, T) and a mask (B, T) that is 0 where there is padding."""
        tokens = self._tokenizer(
            list(texts),
            padding="max_length" if self.full_length else True,
            truncation=True,
            max_length=self.limit,
            return_attention_mask=True,
            return_tensors="pt",
        )
        return tokens["input_ids"], tokens["attention_mask"]


def has_tokenizer(folder: Path) -> bool:
    """Whether a checkpoint folder holds a vocabulary."""
    return any((folder / name).is_file() for name in VOCABULARIES)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in a checkpoint folder. Raises BackboneError where there is none."""
    from transformers import AutoTokenizer

    # Without these files transformers makes up an empty vocabulary and says nothing.
    if not has_tokenizer(folder):
        raise BackboneError(f"{folder} has no tokenizer: {SAVE_TOKENIZER}")
    try:
        with quiet_transformers():
            return AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # as in load_model: many kinds
        raise BackboneError(
            f"{folder} has no usable tokenizer ({brief(error)}): {SAVE_TOKENIZER}"
        ) from error
