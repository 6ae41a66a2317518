"""Painting one synthetic defect on a picture of a good part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.training.defects import masks, touches
from secondlook.training.defects.masks import Mask, Random, Shape
from secondlook.training.defects.touches import Picture

Drawn = Callable[[Shape, Random], Mask]
Touch = Callable[[Picture, Mask, Picture, Random], Picture]

KINDS: Mapping[str, tuple[tuple[Drawn, ...], tuple[Touch, ...]]] = {
    "scratch": ((masks.stroke,), (touches.tone, touches.relief, touches.dark)),
    "crack": ((masks.crack,), (touches.dark, touches.tone)),
    "hole": ((masks.ellipse, masks.specks), (touches.dark,)),
    "stain": ((masks.blob, masks.clouds), (touches.tone,)),
    "dent": ((masks.ellipse, masks.blob), (touches.relief, touches.warped)),
    "foreign matter": ((masks.blob, masks.box, masks.clouds, masks.ellipse), (touches.foreign,)),
    "displaced piece": ((masks.box, masks.stroke, masks.blob), (touches.moved,)),
    "rough spot": ((masks.blob, masks.specks, masks.stroke), (touches.rough,)),
    "smeared spot": ((masks.blob, masks.box), (touches.smooth,)),
    "uneven shade": ((masks.veil,), (touches.shaded,)),
    "other texture": ((masks.blob, masks.veil, masks.clouds), (touches.grafted,)),
}
"""Each kind with the masks and touches it may be made of."""
TRIES = 12
LEAST_CHANGE = 0.03
"""A touched pixel counts as defective from this difference on, of 1."""
LEAST_PIXELS = 6
LEAST_SIDE = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Painted:
    """A picture with one defect."""

    pixels: NDArray[np.uint8]
    """(H, W, 3)"""
    mask: NDArray[np.bool_]
    """(H, W) where it was visibly changed."""
    kind: str
    """A key of `KINDS`."""


def paint(
    picture: NDArray[np.uint8],
    random: Random,
    *,
    donor: NDArray[np.uint8] | None = None,
    kinds: Sequence[str] | None = None,
) -> Painted:
    """Paint a defect that can be seen on a picture (H, W, 3).

    Args:
        donor: a picture of the same shape that foreign matter is taken from; None takes the
            picture itself, turned upside down.
        kinds: keys of `KINDS` of which one is drawn; None draws from all.

    Raises ModelError where no try changes the picture: it is too small, or of one tone.
    """
    whole = picture.astype(np.float32) / np.float32(255)
    other = whole[::-1] if donor is None else donor.astype(np.float32) / np.float32(255)
    names = tuple(kinds or KINDS)
    for _ in range(TRIES):
        name = names[int(random.integers(len(names)))]
        changed = _like(whole, _touched(whole, other, name, random))
        mask = np.abs(changed - whole).max(axis=2) >= LEAST_CHANGE
        if mask.sum() >= LEAST_PIXELS and mask.mean() < 0.5:
            pixels = (changed * 255).round().astype(np.uint8)
            return Painted(pixels=pixels, mask=mask, kind=name)
    raise ModelError(
        f"no visible {' or '.join(kinds or ('defect',))} could be painted on a picture of "
        f"{picture.shape[1]} x {picture.shape[0]} pixels in {TRIES} tries: {_reason(picture)}"
    )


def _reason(picture: NDArray[np.uint8]) -> str:
    if min(picture.shape[:2]) < LEAST_SIDE:
        return f"pictures must be at least {LEAST_SIDE} pixels wide and high"
    tones = f"its tones reach from {picture.min()} to {picture.max()}"
    return f"{tones}; give a picture that shows a part, or another kind of defect"


def _like(whole: Picture, changed: Picture) -> Picture:
    """Grey pictures stay grey: colour would give the defect away."""
    if np.ptp(whole, axis=2).max() > 0:
        return changed
    return np.repeat(changed.mean(axis=2, keepdims=True), 3, axis=2)


def _touched(whole: Picture, other: Picture, kind: str, random: Random) -> Picture:
    drawn, made = KINDS[kind]
    mask = drawn[int(random.integers(len(drawn)))](whole.shape[:2], random)
    touch = made[int(random.integers(len(made)))]
    new = touch(whole, mask, other, random)
    blend = mask[..., None]
    if touch in (touches.relief, touches.warped):  # these fade out by themselves
        blend = np.ones_like(blend)
    mixed: Picture = np.clip(whole * (1 - blend) + new * blend, 0, 1)
    return mixed
