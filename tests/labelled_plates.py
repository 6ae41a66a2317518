"""Small plates with two kinds of defect and their labels, as a manifest."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

KINDS = ("good", "pore", "scratch")
NOTES = {"good": "no remark", "pore": "a dark hole was seen", "scratch": "a long bright line"}


def marked(kind: str, seed: int) -> Image.Image:
    """A grey plate of 96 pixels with grain: as it is, with dark pores, or with bright lines."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(150, 6, (96, 96))
    for _ in range(3):
        top, left = rng.integers(4, 76, 2)
        if kind == "pore":
            grain[top : top + 14, left : left + 14] = 20
        elif kind == "scratch":
            grain[top : top + 3, :] = 250
    return Image.fromarray(grain.clip(0, 255).astype(np.uint8))


def write_manifest(
    folder: Path,
    seeds: Iterable[int],
    *,
    kinds: Iterable[str] = KINDS,
    notes: bool = False,
    split: str = "",
    name: str = "cases.csv",
) -> Path:
    """One plate of each kind for every seed; plates of two seeds in a row are one lot."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in seeds:
        for number, kind in enumerate(kinds):
            file = f"{kind}-{seed}.png"
            marked(kind, 100 * seed + number).save(folder / file)
            note = NOTES[kind] if notes else ""
            rows.append([file, note, kind, f"lot {seed // 2}", split])
    path = folder / name
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["image", "note", "label", "group", "split"])
        writer.writerows(rows)
    return path
