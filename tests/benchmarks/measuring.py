"""How well made defects of known size are measured: prints one JSON object.

    python tests/benchmarks/measuring.py [--each N] [--seed S]

Holes, straight and bent scratches and stains of known millimetres are drawn on brushed, cast and
woven goods (384 and 1000 pixels, 0.05 mm each). The map is made from what was drawn, as coarse as
the real one (56 x 56), blurred and with noise: this measures the measuring, not the finding.
Errors are shares of the true value; "within" counts those below 15 %, and "covered" those within
the stated uncertainty, which for a scratch that fades or is broken reaches far upwards; "further"
is by how much, as a share of the measure (median and 90 %). "map" is the same without the picture: the coarse spots alone, whose
sizes are never held against a limit.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from defect_inspector.measuring import Measured, measure
from defect_inspector.outlining import outlines
from defect_inspector.places import AREA, BLUR, DIAMETER, FURTHER, LENGTH, WIDTH, Place
from defect_inspector.spots import Outline, coarse, find_spots
from secondlook import Region

PITCH = 0.05
GRID, THRESHOLD, FINE = 56, 1.0, 4
SIZES = (384, 1000)
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Made:
    """A picture with one defect, its map, and what is true of it in pixels."""

    pixels: NDArray[np.uint8]
    scores: Floats
    true: dict[str, float]


def brushed(random: np.random.Generator, size: int) -> Floats:
    """Grain smeared along rows."""
    grain = random.normal(0, 1, (size, size)).astype(np.float32)
    return 0.6 + 0.035 * 6 * gaussian_filter(grain, (0, 12)).astype(np.float32)


def cast(random: np.random.Generator, size: int) -> Floats:
    """Soft blotches and fine grain."""
    blotches = gaussian_filter(random.normal(0, 1, (size, size)), 6)
    grain = random.normal(0, 0.02, (size, size))
    return (0.5 + 0.03 * blotches / blotches.std() + grain).astype(np.float32)


def woven(random: np.random.Generator, size: int) -> Floats:
    """Threads both ways."""
    y, x = np.mgrid[:size, :size]
    threads = 0.04 * np.sin(x * 0.9) + 0.04 * np.sin(y * 0.9)
    return (0.55 + threads + random.normal(0, 0.015, (size, size))).astype(np.float32)


GOODS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "brushed": brushed,
    "cast": cast,
    "woven": woven,
}


def drawn(size: int, draw: Callable[[ImageDraw.ImageDraw], None]) -> Floats:
    """Coverage of each pixel by a shape, drawn four times larger; a lens' blur of 0.6 pixels."""
    canvas = Image.new("L", (size * FINE, size * FINE))
    draw(ImageDraw.Draw(canvas))
    small = np.asarray(canvas.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / 255
    return gaussian_filter(small, 0.6).astype(np.float32)


def hole(random: np.random.Generator, size: int) -> tuple[Floats, dict[str, float]]:
    """A disc of 5 to 60 pixels across."""
    across = float(np.exp(random.uniform(np.log(5), np.log(60))))
    y, x = random.uniform(0.25, 0.75, 2) * size
    box = [FINE * v for v in (x - across / 2, y - across / 2, x + across / 2, y + across / 2)]
    shape = drawn(size, lambda pen: pen.ellipse(box, fill=255))
    return shape, {"diameter": across, "area": np.pi * across**2 / 4, "length": across}


def stain(random: np.random.Generator, size: int) -> tuple[Floats, dict[str, float]]:
    """An oval of 20 to 90 pixels with a soft edge."""
    long = float(random.uniform(20, 90))
    wide = long * float(random.uniform(0.5, 1))
    y, x = random.uniform(0.3, 0.7, 2) * size
    box = [FINE * v for v in (x - long / 2, y - wide / 2, x + long / 2, y + wide / 2)]
    shape = gaussian_filter(drawn(size, lambda pen: pen.ellipse(box, fill=255)), 2)
    return shape, {"diameter": long, "area": np.pi * long * wide / 4, "width": wide}


def scratch(
    random: np.random.Generator, size: int, bend: float = 0.0
) -> tuple[Floats, dict[str, float]]:
    """A line of 20 to 180 pixels, 2 to 5 wide; with `bend`, an arc of that many radians."""
    length = float(np.exp(random.uniform(np.log(20), np.log(180))))
    width = float(random.uniform(2, 5))
    at = np.linspace(-0.5, 0.5, 200)
    turned = random.uniform(0, np.pi) + bend * at
    steps = np.stack([np.cos(turned), np.sin(turned)], 1) * length / 200
    path = np.cumsum(steps, 0)
    path = path - (path.max(0) + path.min(0)) / 2 + random.uniform(0.35, 0.65, 2) * size
    points = [(FINE * float(x), FINE * float(y)) for x, y in path]
    thick = round(FINE * width)

    def draw(pen: ImageDraw.ImageDraw) -> None:
        pen.line(points, fill=255, width=thick, joint="curve")

    return drawn(size, draw), {"length": length, "width": width}


def fading(random: np.random.Generator, size: int) -> tuple[Floats, dict[str, float]]:
    """A straight line of which the outer parts have a third of the middle's contrast."""
    return _uneven(
        random, size, lambda at: np.where(np.abs(at) < 0.15, 1.0, 0.35).astype(np.float32)
    )


def dashed(random: np.random.Generator, size: int) -> tuple[Floats, dict[str, float]]:
    """A straight line that is broken in four."""
    return _uneven(random, size, lambda at: ((at + 0.5) * 3.7 % 1 < 0.7).astype(np.float32))


def _uneven(
    random: np.random.Generator, size: int, strength: Callable[[Floats], Floats]
) -> tuple[Floats, dict[str, float]]:
    """A line of 60 to 180 pixels whose contrast changes along it (`at`, -0.5 to 0.5)."""
    length, width = float(random.uniform(60, 180)), float(random.uniform(2, 5))
    turned = random.uniform(0, np.pi)
    middle = random.uniform(0.35, 0.65, 2) * size
    y, x = np.mgrid[:size, :size].astype(np.float32)
    y, x = y + 0.5 - middle[0], x + 0.5 - middle[1]
    along = x * np.cos(turned) + y * np.sin(turned)
    across = np.abs(y * np.cos(turned) - x * np.sin(turned))
    inside = np.clip(0.5 + width / 2 - across, 0, 1) * np.clip(
        0.5 + length / 2 - np.abs(along), 0, 1
    )
    drawn_so = inside * strength(np.clip(along / length, -0.5, 0.4999))
    return gaussian_filter(drawn_so, 0.6).astype(np.float32), {"length": length}


KINDS: dict[str, Callable[[np.random.Generator, int], tuple[Floats, dict[str, float]]]] = {
    "hole": hole,
    "scratch": scratch,
    "bent scratch": lambda random, size: scratch(random, size, bend=1.2),
    "stain": stain,
    "fading scratch": fading,
    "dashed scratch": dashed,
}
CONTRAST = {"hole": (-0.45, -0.2), "scratch": (0.15, 0.4), "stain": (-0.25, -0.12)}


def made(kind: str, goods: str, size: int, random: np.random.Generator) -> Made:
    """One picture with one defect."""
    surface = GOODS[goods](random, size)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    shape, true = KINDS[kind](random, size)
    strength = random.uniform(*CONTRAST[kind.rsplit(" ")[-1]])
    picture = surface + 0.05 * x - 0.04 * y * y + strength * shape
    picture = picture.clip(0, 1) * 255
    grey = picture.round().astype(np.uint8)
    return Made(np.repeat(grey[..., None], 3, axis=2), map_of(shape, random), true)


def map_of(shape: Floats, random: np.random.Generator) -> Floats:
    """A map that flags what was drawn: coarse, wider than the truth, uneven."""
    covered = np.asarray(Image.fromarray(shape).resize((GRID, GRID), Image.Resampling.BOX))
    touched = gaussian_filter((covered > 0.02).astype(np.float32), 1.2)
    uneven = 1 + 0.25 * gaussian_filter(random.normal(0, 1, (GRID, GRID)), 1.5) * 5
    noise = random.normal(0.15, 0.05, (GRID, GRID))
    scores: Floats = (touched / touched.max() * 2.5 * uneven + noise).astype(np.float32)
    return scores


def errors(found: Measured, seen: Outline, true: dict[str, float]) -> dict[str, tuple[float, bool]]:
    """Signed relative error of each measure, and whether it lies within its uncertainty."""
    values = {LENGTH: found.length, WIDTH: found.width, DIAMETER: found.diameter, AREA: found.area}
    nowhere = Region(attachment="", left=0, top=0, width=1, height=1, score=1.0, name="1")
    place = Place(region=nowhere, values=values | {BLUR: seen.blur, FURTHER: seen.further})
    return {
        name: (values[name] / value - 1, place.least(name) <= value <= place.most(name))
        for name, value in true.items()
    }


def summary(rows: list[tuple[float, bool]]) -> dict[str, float]:
    """The distribution of relative errors."""
    errors = np.array([x for x, _ in rows])
    size = np.abs(errors)
    return {
        "n": len(rows),
        "median": round(float(np.median(errors)), 3),
        "abs_median": round(float(np.median(size)), 3),
        "abs_p90": round(float(np.quantile(size, 0.9)), 3),
        "abs_max": round(float(size.max()), 3),
        "within": round(float((size <= 0.15).mean()), 3),
        "covered": round(float(np.mean([x for _, x in rows])), 3),
    }


def run(each: int, seed: int) -> dict[str, object]:
    """Measure them all."""
    found: dict[str, dict[str, list[tuple[float, bool]]]] = {}
    places: list[int] = []
    sharp = specks = 0
    further: dict[str, list[float]] = {}
    for kind in KINDS:
        for goods in GOODS:
            for number in range(each):
                random = np.random.default_rng([seed, len(places), number])
                part = made(kind, goods, SIZES[number % len(SIZES)], random)
                seen = outlines(part.pixels, part.scores, THRESHOLD, 20)
                specks += seen.specks > 0
                places.append(len(seen.places))
                largest = max(seen.places, key=lambda x: x.mask.sum() * x.scale[0] * x.scale[1])
                further.setdefault(kind, []).append(largest.further / measure(largest).length)
                sharp += np.isfinite(largest.blur)
                spots, _ = find_spots(part.scores, THRESHOLD)
                size = (part.pixels.shape[0], part.pixels.shape[1])
                rough = coarse(part.scores, max(spots, key=lambda x: x[0].sum()), size)
                for way, place in (("measured", largest), ("map", rough)):
                    told = errors(measure(place), place, part.true)
                    for name, error in told.items():
                        for of in (f"{kind}: {name}", f"{goods}: all", "all"):
                            found.setdefault(way, {}).setdefault(of, []).append(error)
    return {
        "parts": len(places),
        "one_place": round(sum(x == 1 for x in places) / len(places), 3),
        "with_a_border": round(float(sharp) / len(places), 3),
        "with_specks": round(specks / len(places), 3),
        "further": {
            x: [round(float(np.quantile(v, q)), 2) for q in (0.5, 0.9)] for x, v in further.items()
        },
        **{way: {of: summary(rows) for of, rows in x.items()} for way, x in found.items()},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=20, help="parts of each kind on each ground")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(json.dumps(run(given.each, given.seed), indent=1))
