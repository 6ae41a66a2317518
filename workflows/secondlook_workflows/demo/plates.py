"""Made-up pictures of brushed cover plates: good ones, and some with a scratch, pore or stain."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE = 384
PITCH_MM = 0.1
"""Millimetres that a pixel shows: the plates are 38.4 mm wide, their bores 3 mm."""
GOODS, PARTS = 120, 12
Plate = NDArray[np.float32]


def write_plates(folder: Path) -> None:
    """Write `goods/*.png` and `parts/*.png`; the same pictures every time."""
    (folder / "goods").mkdir(parents=True, exist_ok=True)
    (folder / "parts").mkdir(exist_ok=True)
    for number in range(GOODS):
        _save(_plate(np.random.default_rng([1, number])), folder / f"goods/good-{number:02}.png")
    defects = (_scratch, _pore, _stain)
    for number in range(PARTS):
        random = np.random.default_rng([2, number])
        plate = _plate(random)
        if number % 2:
            plate = defects[number // 2 % len(defects)](plate, random)
        _save(plate, folder / f"parts/plate-{number + 101}.png")


def _plate(random: np.random.Generator) -> Plate:
    """Grey values in [0, 1] of a brushed plate with four bores."""
    grain = random.normal(0, 1, (SIZE, SIZE)).astype(np.float32)
    brushed = np.apply_along_axis(_smooth, 1, grain)
    x = np.linspace(-1, 1, SIZE, dtype=np.float32)
    light = 0.62 - 0.08 * (x[None, :] - random.uniform(-0.3, 0.3)) ** 2 - 0.04 * x[:, None] ** 2
    plate: Plate = light + 0.035 * brushed + random.uniform(-0.02, 0.02)
    for row in (0.14, 0.86):
        for column in (0.14, 0.86):
            _bore(plate, row * SIZE, column * SIZE)
    return plate


def _smooth(line: Plate) -> Plate:
    kernel = np.ones(41, dtype=np.float32) / np.sqrt(41)
    smooth: Plate = np.convolve(line, kernel, mode="same").astype(np.float32)
    return smooth


def _distance(row: float, column: float) -> Plate:
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    distance: Plate = np.hypot(rows - row, columns - column)
    return distance


def _bore(plate: Plate, row: float, column: float) -> None:
    distance = _distance(row, column)
    plate[distance < 15] = 0.12
    plate[(distance >= 15) & (distance < 18)] += 0.15


def _scratch(plate: Plate, random: np.random.Generator) -> Plate:
    start = random.uniform(0.3, 0.45, 2) * SIZE
    end = start + random.uniform(0.2, 0.35) * SIZE * np.array([0.5, 1.0])
    canvas = Image.new("L", (SIZE, SIZE))
    ImageDraw.Draw(canvas).line([*start, *end], fill=255, width=3)
    line = np.asarray(canvas.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32) / 255
    return (plate + 0.4 * line).astype(np.float32)


def _pore(plate: Plate, random: np.random.Generator) -> Plate:
    row, column = random.uniform(0.35, 0.65, 2) * SIZE
    inside: Plate = 1 / (1 + np.exp(_distance(row, column) - random.uniform(6, 10)))
    return (plate * (1 - 0.85 * inside)).astype(np.float32)


def _stain(plate: Plate, random: np.random.Generator) -> Plate:
    row, column = random.uniform(0.35, 0.65, 2) * SIZE
    edge = _distance(row, column) + 8 * _smooth(random.normal(0, 1, SIZE).astype(np.float32))
    inside = 1 / (1 + np.exp((edge - random.uniform(35, 55)) / 4))
    return (plate * (1 - 0.3 * inside)).astype(np.float32)


def _save(plate: Plate, path: Path) -> None:
    grey = (np.clip(plate, 0, 1) * 255).round().astype(np.uint8)
    Image.fromarray(grey).save(path)
