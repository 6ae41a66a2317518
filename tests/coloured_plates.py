"""Plates whose colour is what their notes and labels tell of, as a manifest."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

LABELS = ("scratch", "crack", "weld", "rim")
NOTES = ("scratch of the rim", "a crack", "left lung", "no weld")
"""In words that the tiny checkpoints of the tests know."""
PROMPT = "{label} of a photo"
OWN_LABELS = "[plugins.defect-inspector.labels]\nweld = 'a weld'\nrim = 'the rim'\n"
"""Settings that add those of the labels that the taxonomy lacks."""


def coloured(kind: int, seed: int) -> Image.Image:
    """One of four colours, with noise."""
    colour = np.array([kind & 1, kind >> 1 & 1, 1]) * 160 + 40
    noise = np.random.default_rng(seed).integers(-30, 30, (32, 32, 3))
    return Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8))


def note_of(number: int) -> str:
    """What its colour is called in notes."""
    return NOTES[number % 4]


def label_of(number: int) -> str:
    """What its colour is called in labels."""
    return LABELS[number % 4]


def nothing(number: int) -> str:
    """No words at all."""
    return ""


def write_pairs(
    folder: Path,
    count: int = 32,
    *,
    note: Callable[[int], str] = note_of,
    label: Callable[[int], str] = nothing,
    split: Callable[[int], str] = nothing,
) -> Path:
    """Plates of four colours in turn; each is a lot of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        file = f"{number:03}.png"
        coloured(number % 4, number).save(folder / file)
        rows.append([file, note(number), label(number), f"lot {number}", split(number)])
    path = folder / "cases.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["image", "note", "label", "group", "split"])
        writer.writerows(rows)
    return path
