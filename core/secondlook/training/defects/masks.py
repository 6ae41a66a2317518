"""Where a synthetic defect lies: soft masks (H, W), 0 to 1, drawn from a random generator."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, zoom

Random = np.random.Generator
Mask = NDArray[np.float32]
Shape = tuple[int, int]
Point = tuple[float, float]


def ellipse(shape: Shape, random: Random) -> Mask:
    """A round spot, seldom a perfect circle."""
    canvas, draw = _canvas(shape)
    x, y = _place(shape, random)
    radius = _length(shape, random, 0.012, 0.12)
    squeeze = random.uniform(0.4, 1)
    corners = [
        (x + radius * math.cos(t), y + radius * squeeze * math.sin(t))
        for t in np.linspace(0, 2 * math.pi, 24, endpoint=False)
    ]
    draw.polygon(_turned(corners, (x, y), random.uniform(0, math.pi)), fill=255)
    return _soften(canvas, random)


def box(shape: Shape, random: Random) -> Mask:
    """A turned rectangle: from a square to a thin bar."""
    canvas, draw = _canvas(shape)
    x, y = _place(shape, random)
    half, ratio = _length(shape, random, 0.02, 0.15), random.uniform(0.1, 1)
    dx, dy = half, max(half * ratio, 0.8)
    corners = [(x - dx, y - dy), (x + dx, y - dy), (x + dx, y + dy), (x - dx, y + dy)]
    draw.polygon(_turned(corners, (x, y), random.uniform(0, math.pi)), fill=255)
    return _soften(canvas, random)


def stroke(shape: Shape, random: Random) -> Mask:
    """A line that bends gently, of constant width: a scratch."""
    canvas, draw = _canvas(shape)
    length, width = _length(shape, random, 0.08, 0.6), _width(shape, random)
    points = _walk(_place(shape, random), length, random.uniform(0, 0.15), random)
    draw.line(points, fill=255, width=width, joint="curve")
    return _soften(canvas, random)


def crack(shape: Shape, random: Random) -> Mask:
    """A jagged line that may branch, as brittle matter breaks."""
    canvas, draw = _canvas(shape)
    width = max(1, _width(shape, random) // 2)
    trunk = _walk(_place(shape, random), _length(shape, random, 0.08, 0.6), 0.6, random)
    draw.line(trunk, fill=255, width=width)
    for _ in range(int(random.integers(0, 4))):
        start = trunk[int(random.integers(len(trunk)))]
        branch = _walk(start, _length(shape, random, 0.03, 0.2), 0.6, random)
        draw.line(branch, fill=255, width=max(1, width - 1))
    return _soften(canvas, random)


def blob(shape: Shape, random: Random) -> Mask:
    """An irregular patch: smooth noise, cut inside a round window."""
    x, y = _place(shape, random)
    radius = _length(shape, random, 0.03, 0.2)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    near = 1 - np.hypot(rows - y, columns - x) / radius
    field = near + 0.6 * smooth_noise(shape, random, radius / 2)
    return _soften_field(field.astype(np.float32), random)


def clouds(shape: Shape, random: Random) -> Mask:
    """Patches of smooth noise all over the picture (the Perlin masks of DRAEM)."""
    field = smooth_noise(shape, random, _length(shape, random, 0.03, 0.25))
    return _soften_field(field - np.float32(random.uniform(0.9, 1.8)), random)


def veil(shape: Shape, random: Random) -> Mask:
    """A large patch whose edge fades over a third of it."""
    x, y = _place(shape, random)
    radius = _length(shape, random, 0.15, 0.6)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    squeeze = math.exp(random.uniform(-0.8, 0.8))
    far = np.hypot((rows - y) * squeeze, (columns - x) / squeeze) / radius
    field = 1 - far + 0.4 * smooth_noise(shape, random, radius / 2)
    soft: Mask = np.clip(field * np.float32(random.uniform(1, 3)), 0, 1).astype(np.float32)
    return soft


def specks(shape: Shape, random: Random) -> Mask:
    """A handful of small spots near each other."""
    x, y = _place(shape, random)
    spread = _length(shape, random, 0.03, 0.2)
    canvas, draw = _canvas(shape)
    for _ in range(int(random.integers(3, 16))):
        u, v = random.normal(x, spread), random.normal(y, spread)
        radius = _length(shape, random, 0.004, 0.02)
        draw.ellipse((u - radius, v - radius, u + radius, v + radius), fill=255)
    return _soften(canvas, random)


def smooth_noise(shape: Shape, random: Random, grain: float) -> NDArray[np.float32]:
    """Noise (H, W) of mean 0 and deviation about 1 that varies over `grain` pixels."""
    grain = max(grain, 1.0)
    size = [max(2, math.ceil(x / grain) + 1) for x in shape]
    coarse = random.standard_normal(size).astype(np.float32)
    fine = zoom(coarse, [x / y for x, y in zip(shape, size, strict=True)], order=1)
    return np.asarray(fine[: shape[0], : shape[1]], dtype=np.float32)


def _canvas(shape: Shape) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (shape[1], shape[0]))
    return image, ImageDraw.Draw(image)


def _place(shape: Shape, random: Random) -> Point:
    return random.uniform(0.05, 0.95) * shape[1], random.uniform(0.05, 0.95) * shape[0]


def _length(shape: Shape, random: Random, low: float, high: float) -> float:
    """Log-uniform between two shares of the shorter side: small defects are as likely as large."""
    return max(1.0, min(shape) * math.exp(random.uniform(math.log(low), math.log(high))))


def _width(shape: Shape, random: Random) -> int:
    return max(1, round(_length(shape, random, 0.004, 0.03)))


def _walk(start: Point, length: float, bend: float, random: Random) -> list[Point]:
    """Points of a path whose direction changes by about `bend` radians at each step."""
    steps = max(4, int(length / 6))
    turns = random.normal(0, bend, steps).cumsum() + random.uniform(0, 2 * math.pi)
    xs = start[0] + np.cos(turns).cumsum() * length / steps
    ys = start[1] + np.sin(turns).cumsum() * length / steps
    return [start, *zip(xs.tolist(), ys.tolist(), strict=True)]


def _turned(points: list[Point], centre: Point, angle: float) -> list[Point]:
    (x, y), c, s = centre, math.cos(angle), math.sin(angle)
    return [(x + (u - x) * c - (v - y) * s, y + (u - x) * s + (v - y) * c) for u, v in points]


def _soften(canvas: Image.Image, random: Random) -> Mask:
    hard = np.asarray(canvas, dtype=np.float32) / np.float32(255)
    soft: Mask = gaussian_filter(hard, random.uniform(0.3, 1.2))
    return np.asarray(np.minimum(soft / max(float(soft.max()), 1e-6), 1), dtype=np.float32)


def _soften_field(field: NDArray[np.float32], random: Random) -> Mask:
    """Positive values of a field, with an edge that is sharp or soft."""
    soft: Mask = np.clip(field * np.float32(random.uniform(3, 20)), 0, 1)
    return soft
