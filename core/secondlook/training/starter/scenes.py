"""Procedural scenes with captions: things on a surface, sometimes with a defect."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from secondlook.errors import ModelError
from secondlook.training.defects import paint
from secondlook.training.defects.masks import Random
from secondlook.training.starter.colours import COLOURS, shade, tinted
from secondlook.training.starter.fields import FIELDS

SIDES = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "disc": 40}
SHAPES = (*SIDES, "star", "cross", "ring", "bar")
FILLS = {"": 0.55, "striped": 0.2, "dotted": 0.1, "speckled": 0.15}
LEARNED = (
    "scratch",
    "crack",
    "hole",
    "stain",
    "dent",
    "foreign matter",
    "displaced piece",
    "rough spot",
    "smeared spot",
)
"""Kinds of defect in the lessons of this revision; more can be painted since."""
OPENINGS = ("", "a photo of ", "a picture of ", "this shows ", "an image with ")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A picture and what is to be seen on it."""

    pixels: NDArray[np.uint8]
    """(S, S, 3)"""
    caption: str


def scene(size: int, random: Random) -> Scene:
    """A surface with no to three things on it; two in five have a defect."""
    texture, ground = _pick(tuple(FIELDS), random), _pick(tuple(COLOURS), random)
    contrast = random.uniform(0.35, 1.1)
    picture = tinted(FIELDS[texture](size, random), shade(ground, random), contrast)
    count = int(random.choice([0, 1, 2, 3], p=[0.25, 0.4, 0.25, 0.1]))
    words = [_thing(picture, ground, random) for _ in range(count)]
    pixels, defect = _damaged((np.clip(picture, 0, 1) * 255).astype(np.uint8), random)
    return Scene(pixels=pixels, caption=_caption(words, f"{texture} {ground}", defect, random))


def _thing(picture: NDArray[np.float32], ground: str, random: Random) -> str:
    """Draw one thing into the picture; returns what to call it."""
    size = len(picture)
    colour = _pick(tuple(x for x in COLOURS if x != ground), random)
    shape = _pick(SHAPES, random)
    fill = _pick(tuple(FILLS), random, tuple(FILLS.values()))
    large = bool(random.random() < 0.5)
    radius = size * (random.uniform(0.2, 0.32) if large else random.uniform(0.08, 0.14))
    mask = _outline(shape, size, radius, random)
    inside = _filled(fill, size, shade(colour, random), random)
    picture[:] = picture * (1 - mask) + inside * mask
    words = ("large" if large else "small", fill, colour, shape)
    return " ".join(x for x in words if x)


def _filled(
    fill: str, size: int, colour: NDArray[np.float32], random: Random
) -> NDArray[np.float32]:
    kind = {"": "plain", "dotted": "speckled", "speckled": "grainy"}.get(fill, fill)
    return tinted(FIELDS[kind](size, random), colour, 0.2 if not fill else 1.2)


def _outline(shape: str, size: int, radius: float, random: Random) -> NDArray[np.float32]:
    """A mask (S, S, 1) of one shape at a random place and turn, drawn at twice the size."""
    image = Image.new("L", (2 * size, 2 * size))
    draw = ImageDraw.Draw(image)
    x, y = random.uniform(radius, size - radius, 2) * 2
    turn = random.uniform(0, 2 * math.pi)
    r = 2 * radius
    if shape == "ring":
        draw.ellipse((x - r, y - r, x + r, y + r), outline=255, width=max(3, round(r * 0.3)))
    elif shape == "cross":
        for angle in (turn, turn + math.pi / 2):
            draw.polygon(_bar(x, y, r, r * 0.28, angle), fill=255)
    elif shape == "bar":
        draw.polygon(_bar(x, y, r, r * 0.25, turn), fill=255)
    elif shape == "star":
        draw.polygon(_corners(x, y, [r, r * 0.42] * 5, turn), fill=255)
    else:
        draw.polygon(_corners(x, y, [r] * SIDES[shape], turn), fill=255)
    small = image.resize((size, size), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)[..., None] / np.float32(255)


def _corners(x: float, y: float, radii: list[float], turn: float) -> list[tuple[float, float]]:
    angles = (turn + 2 * math.pi * i / len(radii) for i in range(len(radii)))
    return [(x + r * math.cos(t), y + r * math.sin(t)) for r, t in zip(radii, angles, strict=True)]


def _bar(x: float, y: float, long: float, wide: float, turn: float) -> list[tuple[float, float]]:
    c, s = math.cos(turn), math.sin(turn)
    ends = [(long, wide), (long, -wide), (-long, -wide), (-long, wide)]
    return [(x + u * c - v * s, y + u * s + v * c) for u, v in ends]


def _damaged(pixels: NDArray[np.uint8], random: Random) -> tuple[NDArray[np.uint8], str | None]:
    if random.random() < 0.6:
        return pixels, None
    try:
        painted = paint(pixels, random, kinds=(_pick(LEARNED, random),))
    except ModelError:  # nothing of this kind shows on such a surface
        return pixels, None
    return painted.pixels, painted.kind


def _caption(things: list[str], ground: str, defect: str | None, random: Random) -> str:
    where = f"{'an' if ground[0] in 'aeiou' else 'a'} {ground} surface"
    text = f"{' and '.join(f'a {x}' for x in things)} on {where}" if things else where
    if defect:
        text += f" {_pick(('with', 'that has', 'damaged by'), random)} a {defect}"
    elif random.random() < 0.3:
        text += " without defects"
    return _pick(OPENINGS, random) + text


def _pick(options: tuple[str, ...], random: Random, odds: tuple[float, ...] | None = None) -> str:
    return options[int(random.choice(len(options), p=odds))]
