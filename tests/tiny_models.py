"""Tiny checkpoints as backbones, and a picture to show them."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondlook.models.backbones import load_generative, load_vision
from secondlook.models.generative import GenerativeBackbone
from secondlook.models.vision import PatchNetwork


def picture(height: int = 40, width: int = 50, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def network(folder: Path) -> PatchNetwork:
    """One that may be changed."""
    backbone = load_vision(folder)
    assert isinstance(backbone, PatchNetwork)
    return backbone


@cache
def loaded(folder: Path) -> GenerativeBackbone:
    """For tests that change nothing in it."""
    return load_generative(folder)
