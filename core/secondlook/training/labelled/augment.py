"""Other views of a case: the picture moved, lit and soiled a little; the text with words left out.

Cubuk et al., "RandAugment", NeurIPS 2020, arXiv 1909.13719: a few changes drawn at random, all of
one strength. The strengths are mild, so that a defect stays the defect it is.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Random = np.random.Generator
Pixels = NDArray[np.uint8]
CHANGES_A_VIEW = 2
WORDS_LEFT_OUT = 0.15
PASSAGES_LEFT_OUT = 0.2


def random_for(seed: int, key: str, view: int) -> Random:
    """The random numbers of one view of one thing; `key` is a hexadecimal digest."""
    return np.random.default_rng([seed, int(key[:12], 16), view])


def picture_view(picture: Pixels, random: Random, *, flips: bool = True) -> Pixels:
    """Another view of a picture (H, W, 3), of the same size."""
    if flips:
        picture = picture[:, ::-1] if random.random() < 0.5 else picture
        picture = picture[::-1] if random.random() < 0.5 else picture
    for number in random.choice(len(CHANGES), CHANGES_A_VIEW, replace=False).tolist():
        picture = CHANGES[number](picture, random)
    return np.ascontiguousarray(picture)


def text_view(passages: Sequence[str], random: Random) -> list[str]:
    """The passages with some words, or whole passages, left out; never all of them."""
    kept = [x for x in passages if random.random() >= PASSAGES_LEFT_OUT]
    kept = kept or [passages[int(random.integers(len(passages)))]]
    return [_masked(x, random) for x in kept]


def _masked(passage: str, random: Random) -> str:
    words = passage.split()
    kept = [x for x in words if random.random() >= WORDS_LEFT_OUT]
    return " ".join(kept or words)


def _moved(picture: Pixels, random: Random) -> Pixels:
    """Turned by up to 8 degrees and shifted by up to 6 % about the middle; the rim is repeated."""
    height, width = picture.shape[:2]
    angle = math.radians(random.uniform(-8, 8))
    right, down = random.uniform(-0.06, 0.06, 2) * (width, height)
    rim = math.ceil(0.2 * max(height, width))
    wide = Image.fromarray(np.pad(picture, ((rim, rim), (rim, rim), (0, 0)), mode="reflect"))
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = rim + (width - 1) / 2, rim + (height - 1) / 2
    # Where each place of the view comes from: turned about (x, y), then shifted.
    matrix = (cos, sin, x - cos * x - sin * y + right, -sin, cos, y + sin * x - cos * y + down)
    turned = wide.transform(wide.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    view: Pixels = np.asarray(turned)[rim : rim + height, rim : rim + width]
    return view


def _brighter(picture: Pixels, random: Random) -> Pixels:
    return _clipped(picture.astype(np.float32) * np.float32(random.uniform(0.8, 1.2)))


def _contrast(picture: Pixels, random: Random) -> Pixels:
    middle = np.float32(picture.mean())
    return _clipped((picture.astype(np.float32) - middle) * random.uniform(0.75, 1.3) + middle)


def _gamma(picture: Pixels, random: Random) -> Pixels:
    table = 255 * (np.arange(256) / 255) ** random.uniform(0.75, 1.35)
    curved: Pixels = _clipped(table.astype(np.float32))[picture]
    return curved


def _noise(picture: Pixels, random: Random) -> Pixels:
    return _clipped(picture + random.normal(0, random.uniform(2, 8), picture.shape))


def _cutout(picture: Pixels, random: Random) -> Pixels:
    """A square of a tenth to a fifth of the side becomes the mean colour (arXiv 1708.04552)."""
    height, width = picture.shape[:2]
    side = max(1, round(random.uniform(0.1, 0.2) * min(height, width)))
    top, left = (int(random.integers(x - side + 1)) for x in (height, width))
    cut = picture.copy()
    cut[top : top + side, left : left + side] = picture.mean(axis=(0, 1)).astype(np.uint8)
    return cut


def _clipped(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)


CHANGES: tuple[Callable[[Pixels, Random], Pixels], ...] = (
    _moved,
    _brighter,
    _contrast,
    _gamma,
    _noise,
    _cutout,
)
