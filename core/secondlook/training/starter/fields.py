"""Grey fields (S, S) from 0 to 1 that procedural surfaces are made of.

Baradad et al., "Learning to See by Looking at Noise", NeurIPS 2021, arXiv 2106.05963: networks
learn useful features from dead leaves and spectral noise if these are varied enough.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from secondlook.training.defects.masks import Random, smooth_noise

Field = NDArray[np.float32]


def grains(size: int, random: Random) -> Field:
    """Noise with a power-law spectrum: from cloud to sand."""
    return _spectral(size, random.uniform(0.3, 2.2), 1.0, random)


def brushed(size: int, random: Random) -> Field:
    """The same, drawn out in one direction: brushed metal, hair, rain."""
    return _spectral(size, random.uniform(0.6, 1.6), random.uniform(4, 30), random)


def stripes(size: int, random: Random) -> Field:
    """Parallel bands, more or less sharp."""
    u, _ = _turned_axes(size, random)
    return _wave(u, random.uniform(4, 40), random)


def weave(size: int, random: Random) -> Field:
    """Threads over and under each other: cloth, mesh, carbon fibre."""
    u, v = _turned_axes(size, random)
    period = random.uniform(5, 28)
    over = np.sin(u * math.pi / period) * np.sin(v * math.pi / period) > 0
    return np.where(over, _wave(u, period, random), _wave(v, period, random)).astype(np.float32)


def tiles(size: int, random: Random) -> Field:
    """A brick wall or a chequerboard with joints."""
    u, v = _turned_axes(size, random)
    wide, high = random.uniform(14, 70, 2)
    row = np.floor(v / high)
    column = np.floor(u / wide + (row % 2) * random.choice([0, 0.5]))
    tone = np.modf(np.abs(np.sin(row * 12.9898 + column * 78.233) * 43758.5453))[0]
    joint = np.minimum((u / wide + (row % 2) * 0.5) % 1 * wide, v % high) < random.uniform(1, 4)
    return _unit(np.where(joint, random.random(), 0.3 + tone * random.uniform(0, 0.5)))


def cells(size: int, random: Random) -> Field:
    """Voronoi cells: pebbles, cracked mud, crystal grain."""
    points = random.uniform(-0.1, 1.1, (int(random.integers(20, 700)), 2)) * size
    rows, columns = np.mgrid[:size, :size].reshape(2, -1)
    distance, index = cKDTree(points).query(np.stack([rows, columns], axis=1), k=2, workers=1)
    kind = random.integers(3)
    if kind == 0:
        values = random.random(len(points))[index[:, 0]]
    else:
        values = distance[:, 0] if kind == 1 else np.minimum(distance[:, 1] - distance[:, 0], 6)
    return _unit(values.reshape(size, size))


def speckles(size: int, random: Random) -> Field:
    """Dots of like size on an even ground."""
    sigma = random.uniform(0.7, 4)
    seeds = (random.random((size, size)) < random.uniform(0.02, 0.3) / sigma**2).astype(np.float32)
    return _unit(np.minimum(gaussian_filter(seeds, sigma, mode="wrap") * sigma**2, 0.2))


def labyrinth(size: int, random: Random) -> Field:
    """Bands that wind without end: marble, zebra, sponge."""
    noise, sigma = random.standard_normal((size, size)), random.uniform(1.2, 7)
    band = gaussian_filter(noise, sigma, mode="wrap") - gaussian_filter(noise, sigma * 1.6)
    return _unit(np.tanh(band / band.std() * random.uniform(0.5, 4)))


def rings(size: int, random: Random) -> Field:
    """Warped rings around a far centre: wood, turned metal."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    y, x = random.uniform(-1.5, 2.5, 2) * size
    squeeze = random.uniform(0.15, 1)
    distance = np.hypot((rows - y) * squeeze, columns - x)
    distance += smooth_noise((size, size), random, size / 4) * random.uniform(0, 12)
    return _wave(distance.astype(np.float32), random.uniform(4, 30), random)


def fibres(size: int, random: Random) -> Field:
    """Hundreds of short lines, aligned or not: paper, felt, grass."""
    image = Image.new("L", (size, size), int(random.integers(60, 200)))
    draw = ImageDraw.Draw(image)
    main, spread = random.uniform(0, math.pi), random.uniform(0.05, 2)
    length = random.uniform(8, 60)
    for _ in range(int(random.integers(150, 900))):
        angle = random.normal(main, spread)
        x, y = random.uniform(-20, size + 20, 2)
        end = (x + length * math.cos(angle), y + length * math.sin(angle))
        draw.line((x, y, *end), fill=int(random.integers(256)), width=int(random.integers(1, 4)))
    return _unit(np.asarray(image, dtype=np.float32))


def leaves(size: int, random: Random) -> Field:
    """Dead leaves: shapes of all sizes that hide each other (Lee, Mumford, Huang 2001)."""
    image = Image.new("L", (size, size), 128)
    draw = ImageDraw.Draw(image)
    corners = int(random.integers(3, 9)) if random.random() < 0.6 else 24
    for _ in range(int(random.integers(200, 600))):
        radius = min(3 / random.random() ** 0.6, size / 4)
        x, y = random.uniform(0, size, 2)
        turn = random.uniform(0, math.pi)
        angles = [turn + 2 * math.pi * i / corners for i in range(corners)]
        points = [(x + radius * math.cos(t), y + radius * math.sin(t)) for t in angles]
        draw.polygon(points, fill=int(random.integers(256)))
    return _unit(np.asarray(image, dtype=np.float32))


def plain(size: int, random: Random) -> Field:
    """Nearly even, with a breath of noise."""
    noise = smooth_noise((size, size), random, random.uniform(1, 3))
    values = 0.5 + noise * np.float32(random.uniform(0.005, 0.05))
    return np.asarray(np.clip(values, 0, 1), dtype=np.float32)


FIELDS: Mapping[str, Callable[[int, Random], Field]] = {
    "grainy": grains,
    "brushed": brushed,
    "striped": stripes,
    "woven": weave,
    "tiled": tiles,
    "cellular": cells,
    "speckled": speckles,
    "marbled": labyrinth,
    "ringed": rings,
    "fibrous": fibres,
    "leafy": leaves,
    "plain": plain,
}
"""Each kind of surface by the word that captions use for it."""


def warp(field: Field, random: Random, reach: float) -> Field:
    """The field pushed about by smooth noise of `reach` pixels."""
    size = len(field)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    grain = random.uniform(20, 90)
    places = [axis + reach * smooth_noise((size, size), random, grain) for axis in (rows, columns)]
    return np.asarray(map_coordinates(field, places, order=1, mode="reflect"), dtype=np.float32)


def _spectral(size: int, beta: float, stretch: float, random: Random) -> Field:
    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    angle = random.uniform(0, math.pi)
    u = columns * math.cos(angle) + rows * math.sin(angle)
    v = (rows * math.cos(angle) - columns * math.sin(angle)) * stretch
    power = (np.hypot(u, v) + 1 / size) ** -beta
    phase = np.exp(2j * math.pi * random.random(power.shape))
    field = np.fft.irfft2(power * phase, s=(size, size))
    return np.asarray(np.clip(0.5 + field / (6 * field.std()), 0, 1), dtype=np.float32)


def _turned_axes(size: int, random: Random) -> tuple[Field, Field]:
    """Coordinates (S, S) along and across a random direction, often a straight one."""
    angle = random.choice([0, math.pi / 2]) if random.random() < 0.4 else random.uniform(0, math.pi)
    rows, columns = np.mgrid[:size, :size].astype(np.float32) + np.float32(size)
    u = columns * math.cos(angle) + rows * math.sin(angle)
    v = rows * math.cos(angle) - columns * math.sin(angle)
    return u.astype(np.float32), v.astype(np.float32)


def _wave(along: Field, period: float, random: Random) -> Field:
    sharp = random.uniform(0.7, 6)
    return _unit(np.tanh(sharp * np.sin(along * 2 * math.pi / period)))


def _unit(values: NDArray[np.floating]) -> Field:
    low, high = float(values.min()), float(values.max())
    return ((values - low) / max(high - low, 1e-6)).astype(np.float32)
