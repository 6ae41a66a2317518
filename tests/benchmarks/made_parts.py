"""Made plates with defects of known kind and size, and what two manuals that differ say of each.

The pictures show brushed metal, 480 pixels a side, a tenth of a millimetre each. A plate is good
or has one pore, scratch or stain of a size drawn log-uniformly. What a manual asks for is written
down here a second time by hand (`asked`), from the drawn sizes, without any code of the inspector.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, gaussian_filter1d

SIDE, PITCH = 480, 0.1
"""Pixels, and millimetres a pixel."""
KINDS = ("pore", "scratch", "stain")
FINER = 4
"""Defects are drawn so many times finer, so that their sizes are not whole pixels."""

MANUAL_A = """# Cover plate, revision A

1.1 Inspect each plate under diffuse light at 40 cm.

2.1 Pores with a diameter above 2 mm lead to scrap.

2.2 Pores with a diameter from 1 mm to 2 mm are reworked.

2.3 Pores with a diameter below 1 mm are accepted.

2.4 Scratches longer than 12 mm lead to scrap.

2.5 Scratches up to 12 mm are accepted.

2.6 Stains are accepted.
"""
MANUAL_B = """# Abdeckplatte, Stand B

1.1 Jede Platte wird bei diffusem Licht aus 40 cm Abstand geprüft.

2.1 Poren bis 3 mm Durchmesser sind zulässig.

2.2 Poren über 3 mm Durchmesser führen zu Ausschuss.

2.3 Kratzer über 6 mm Länge sind nachzuarbeiten.

2.4 Kratzer bis 6 mm Länge sind zulässig.

2.5 Flecken über 20 mm² führen zu Ausschuss.

2.6 Flecken bis 20 mm² sind zulässig.
"""
MANUALS = {"A": MANUAL_A, "B": MANUAL_B}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One plate; `size` is the diameter of a pore or length of a scratch in mm, or mm² of a stain."""

    name: str
    kind: str | None
    size: float
    seed: int

    def asked(self, manual: str) -> str:
        """The disposition that a manual asks for, by the drawn size."""
        if self.kind is None:
            return "accept"
        return (_asked_a if manual == "A" else _asked_b)(self.kind, self.size)

    @property
    def flipped(self) -> bool:
        """Whether the two manuals ask for different things."""
        return self.asked("A") != self.asked("B")


def _asked_a(kind: str, size: float) -> str:
    if kind == "pore":
        return "scrap" if size > 2 else "rework" if size >= 1 else "accept"
    return "scrap" if kind == "scratch" and size > 12 else "accept"


def _asked_b(kind: str, size: float) -> str:
    if kind == "scratch":
        return "rework" if size > 6 else "accept"
    return "scrap" if size > (3 if kind == "pore" else 20) else "accept"


def draw_parts(count: int, seed: int, good: float = 0.2, name: str = "part") -> list[Part]:
    """Parts with sizes; the share `good` has no defect, the rest are of the three kinds in turn."""
    random = np.random.default_rng([seed, 1])
    ranges = {"pore": (0.5, 6.0), "scratch": (3.0, 30.0), "stain": (5.0, 80.0)}
    parts = []
    for i in range(count):
        kind = None if i < good * count else KINDS[i % 3]
        low, high = ranges[kind] if kind else (1.0, 1.0)
        size = math.exp(random.uniform(math.log(low), math.log(high)))
        parts.append(Part(name=f"{name}-{i:03}", kind=kind, size=size, seed=10_000 * seed + i))
    return parts


def picture(part: Part) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3)"""
    random = np.random.default_rng([part.seed, 2])
    grain = gaussian_filter1d(random.normal(0, 1, (SIDE, SIDE)), 8, axis=1)
    light = 0.6 + 0.05 * np.linspace(-1, 1, SIDE)[:, None] * random.uniform(-1, 1)
    plate = light + 0.03 * grain / grain.std() + random.uniform(-0.03, 0.03)
    if part.kind is not None:
        cover = gaussian_filter(_cover(part, random), 0.6)
        dark = {"pore": 0.45, "scratch": -0.3, "stain": 0.2}[part.kind] * random.uniform(0.8, 1.2)
        plate = plate - dark * cover
    grey = (np.clip(plate, 0, 1) * 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _cover(part: Part, random: np.random.Generator) -> NDArray[np.float64]:
    """(SIDE, SIDE) how much of each pixel the defect covers."""
    scale = FINER / PITCH
    y, x = np.mgrid[: SIDE * FINER, : SIDE * FINER].astype(np.float32)
    rim = 40 * FINER
    if part.kind == "scratch":
        fine = _line(part.size * scale, 0.4 * scale, y, x, rim, random)
    else:
        radius = (part.size if part.kind == "pore" else 2 * math.sqrt(part.size / math.pi)) / 2
        radius *= scale
        squeeze = 1.0 if part.kind == "pore" else random.uniform(0.6, 1.0)
        low, high = rim + radius, SIDE * FINER - rim - radius
        cy, cx = random.uniform(low, high, 2)
        fine = ((y - cy) / squeeze) ** 2 + ((x - cx) * squeeze) ** 2 <= radius**2
    return np.asarray(fine.reshape(SIDE, FINER, SIDE, FINER).mean(axis=(1, 3)))


def _line(
    length: float,
    width: float,
    y: NDArray[np.float32],
    x: NDArray[np.float32],
    rim: float,
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """A straight bar of this length over all, at any angle."""
    angle = random.uniform(0, math.pi)
    half = np.abs([math.sin(angle), math.cos(angle)]) * length / 2 + rim
    cy, cx = (random.uniform(a, SIDE * FINER - a) for a in half)
    along = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
    across = (y - cy) * math.cos(angle) - (x - cx) * math.sin(angle)
    return np.asarray((np.abs(along) <= length / 2) & (np.abs(across) <= width / 2))


def write(parts: Sequence[Part], folder: Path) -> Iterator[Path]:
    """Write their pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        path = folder / f"{part.name}.png"
        Image.fromarray(picture(part)).save(path)
        yield path


def write_labels(parts: Sequence[Part], folder: Path) -> Path:
    """A manifest of parts with their kinds, beside their pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "labels.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["case", "image", "label", "group"])
        for part, file in zip(parts, write(parts, folder), strict=True):
            rows.writerow([part.name, file.name, part.kind or "good", part.name])
    return path
