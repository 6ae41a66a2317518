"""Large made-up pictures of a blotched, grainy surface, with or without a small hole."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BLOTCH = 10
"""Pixels across the blotches of the surface: shrunk to a fifth they look like small holes."""


def texture(seed: int, side: int = 1200) -> NDArray[np.uint8]:
    """A good surface (side, side, 3): blotches with soft edges, grain, a light of its own."""
    random = np.random.default_rng([seed, 20])
    coarse = random.standard_normal((side // BLOTCH + 1,) * 2, dtype=np.float32)
    blotches = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    grain = random.standard_normal((side, side), dtype=np.float32)
    grey = random.normal(140, 4) + 12 * np.asarray(blotches) + 4 * grain
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def with_hole(picture: NDArray[np.uint8], seed: int, across: int = 6) -> NDArray[np.uint8]:
    """The same with a hole of so many pixels somewhere: darker than around it, its edge sharp."""
    random = np.random.default_rng([seed, 21])
    height, width = picture.shape[:2]
    y, x = random.uniform(0.05, 0.95, 2) * (height, width)
    rows, columns = np.ogrid[:height, :width]
    inside = np.clip(across / 2 + 0.5 - np.hypot(rows - y, columns - x), 0, 1)[..., None]
    return np.clip(picture - 90 * inside, 0, 255).astype(np.uint8)
