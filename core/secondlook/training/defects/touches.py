"""What a synthetic defect does to the picture under its mask.

Every touch takes the picture (H, W, 3) float32 from 0 to 1, a soft mask (H, W) and a donor
picture of the same shape, and returns the picture as it would be if the mask covered all of it,
or an offset field; `paint` blends by the mask.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from secondlook.training.defects.masks import Mask, Random, smooth_noise

Picture = NDArray[np.float32]


def tone(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """Lighter or darker, sometimes tinted: scratches, stains, burns."""
    amount = _strength(random, 0.08, 0.6)
    tint = random.uniform(0.6, 1.4, 3) if random.random() < 0.3 else np.ones(3)
    return (picture + np.float32(amount) * tint.astype(np.float32)).astype(np.float32)


def dark(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """Nearly black, or the darkest tone around: holes and open cracks."""
    floor = np.quantile(picture, 0.02) * random.uniform(0, 0.9)
    keep = np.float32(random.uniform(0, 0.35))
    return (picture * keep + np.float32(floor) * (1 - keep)).astype(np.float32)


def relief(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """Light from one side on a bump or a dent: one edge brighter, the other darker."""
    height = gaussian_filter(mask, random.uniform(0.6, 2.5))
    angle = random.uniform(0, 2 * math.pi)
    rows, columns = np.gradient(height)
    slope = math.cos(angle) * columns + math.sin(angle) * rows
    shade = slope / max(float(np.abs(slope).max()), 1e-6) * abs(_strength(random, 0.15, 0.6))
    return np.asarray(picture + shade[..., None], dtype=np.float32)


def foreign(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """Matter of another picture, more or less see-through."""
    alpha = np.float32(random.uniform(0.4, 1))
    return picture * (1 - alpha) + donor * alpha


def grafted(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """The fine texture of another picture on top of this one: scale, corrosion, residue."""
    sigma = max(mask.shape) * random.uniform(0.02, 0.12)
    grey = donor.mean(axis=2)
    fine = grey - gaussian_filter(grey, sigma)
    amount = abs(_strength(random, 0.05, 0.2)) / max(float(fine.std()), 1e-3)
    return np.asarray(picture + fine[..., None] * np.float32(amount), dtype=np.float32)


def shaded(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """Gradually lighter or darker, without an edge: uneven coating, light or grinding."""
    return np.asarray(picture * np.float32(1 + _strength(random, 0.1, 0.6)), dtype=np.float32)


def moved(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """A piece from elsewhere in the same picture, turned or flipped (CutPaste)."""
    piece = np.roll(picture, random.integers(0, picture.shape[:2]), axis=(0, 1))
    piece = piece[:, ::-1] if random.random() < 0.5 else piece[::-1]
    if random.random() < 0.5 and picture.shape[0] == picture.shape[1]:
        piece = np.rot90(piece)
    gain, offset = random.uniform(0.75, 1.3), random.uniform(-0.12, 0.12)
    return np.asarray(piece * np.float32(gain) + np.float32(offset), dtype=np.float32)


def rough(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """Grain that does not belong here: pits, wear, contamination."""
    grain = smooth_noise(mask.shape, random, random.uniform(1, 4))
    return (picture + grain[..., None] * abs(_strength(random, 0.06, 0.25))).astype(np.float32)


def smooth(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """The texture is gone: polished, smeared or out of focus."""
    sigma = random.uniform(2, 6)
    return np.asarray(gaussian_filter(picture, (sigma, sigma, 0)), dtype=np.float32)


def warped(picture: Picture, mask: Mask, donor: Picture, random: Random) -> Picture:
    """The texture is pushed aside: bent threads, dents."""
    shape, reach = mask.shape, random.uniform(2, 8)
    soft = gaussian_filter(mask, 2.0)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = random.uniform(0, 2 * math.pi)
    places = [rows + reach * math.sin(angle) * soft, columns + reach * math.cos(angle) * soft]
    layers = [map_coordinates(picture[..., c], places, order=1, mode="reflect") for c in range(3)]
    return np.stack(layers, axis=-1).astype(np.float32)


def _strength(random: Random, low: float, high: float) -> float:
    """Log-uniform between low and high, of either sign: faint defects are as likely as strong."""
    sign = 1 if random.random() < 0.5 else -1
    return sign * math.exp(random.uniform(math.log(low), math.log(high)))
