"""Names written into radiographs: how many are found, and how often lettering is found where there is none.

    python tests/benchmarks/lettering.py [folder of pictures]

The pictures (`../shared/data/covid_cxr/images` unless told) are halved by patient. On the first half
the detector was tuned; figures are of the second. Names in several fonts, sizes and manners are
written into those in which nothing was found, which are then saved as JPEG as a hospital would.
"""

import io
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from secondlook.deid.letters import has_lettering

SHARED = Path(__file__).parents[3] / "shared" / "data" / "covid_cxr" / "images"
FONTS = (
    "Vera.ttf",
    "VeraBd.ttf",
    "VeraIt.ttf",
    "LiberationSans-Regular.ttf",
    "LiberationSerif-Regular.ttf",
    "LiberationMono-Regular.ttf",
    "LiberationSansNarrow-Regular.ttf",
)
"""Of reportlab, and of Debian's fonts-liberation where that is installed."""
SIZES = (8, 10, 12, 16, 24, 40, 64, 96)
"""Pixels of the font; a capital letter is about 0.7 of it."""
NAMES = ("DOE JANE", "Smith, John 12.03.1957", "Wu Li", "4711883", "Müller-Lüdenscheidt, A.", "KIM")
Manner = tuple[str, int, int | None]
MANNERS: tuple[Manner, ...] = (
    ("white", 255, None),
    ("grey", 200, None),
    ("white on black", 255, 0),
    ("black on white", 0, 255),
)
QUALITY = 80
LEGIBLE = 64
"""Grey levels between ink and nine tenths of what lies behind it; else nobody reads it either."""
DRAWS = 8
"""Names of each font, size and manner."""


def font(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    """A font by its name; None where it is not installed."""
    import reportlab

    own = Path(str(reportlab.__file__)).parent / "fonts" / name
    try:
        return ImageFont.truetype(str(own) if own.exists() else name, size)
    except OSError:
        return None


def written(
    picture: NDArray[np.uint8], text: str, face: ImageFont.FreeTypeFont, manner: Manner, at: float
) -> NDArray[np.uint8] | None:
    """The picture with a text in one of its corners; None where it has no room."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = (round(x) for x in draw.textbbox((0, 0), text, face))
    room = image.width - right - 8, image.height - bottom - 8
    if min(room) < 0:
        return None
    x, y = 4 + int(at * 7) % 2 * room[0], 4 + int(at * 13) % 2 * room[1]
    _, ink, paper = manner
    behind = picture[y + top : y + bottom, x + left : x + right]
    if paper is None and np.percentile(np.abs(ink - behind.astype(int)), 10) < LEGIBLE:
        return None
    if paper is not None:
        draw.rectangle((x + left - 4, y + top - 3, x + right + 4, y + bottom + 3), paper)
    draw.text((x, y), text, ink, face)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(buffer))


def halves(folder: Path) -> tuple[list[Path], list[Path]]:
    """Pictures by patient, for tuning and for measuring."""
    files = sorted(folder.iterdir())
    people = sorted({patient(x) for x in files})
    first = set(people[::2])
    return [x for x in files if patient(x) in first], [x for x in files if patient(x) not in first]


def patient(path: Path) -> str:
    """What the names of the pictures of a patient begin with."""
    return path.name.split("-")[0].split(".")[0]


def tries(pictures: list[NDArray[np.uint8]]) -> Iterator[tuple[str, int, str, str, bool]]:
    """Font, size, manner, name, and whether it was found."""
    random = np.random.default_rng(0)
    for name in FONTS:
        for size in SIZES:
            face = font(name, size)
            for manner in MANNERS if face else ():
                for _ in range(DRAWS):
                    text = str(random.choice(NAMES))
                    picture = pictures[random.integers(len(pictures))]
                    seen = (
                        written(picture, text, face, manner, float(random.random()))
                        if face
                        else None
                    )
                    if seen is not None:
                        yield name, size, manner[0], text, has_lettering(seen)


def main() -> None:
    """Print one JSON object."""
    _, files = halves(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED)
    pictures = [np.asarray(Image.open(x).convert("L")) for x in files]
    start = time.perf_counter()
    found = [x.name for x, y in zip(files, pictures, strict=True) if has_lettering(y)]
    seconds = (time.perf_counter() - start) / len(files)
    bare = [y for x, y in zip(files, pictures, strict=True) if x.name not in found]
    counts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for name, size, manner, text, hit in tries(bare):
        for kind, value in (("font", name), ("size", size), ("manner", manner), ("text", text)):
            counts[kind][str(value)].append(hit)
    rates = {
        k: {x: [round(float(np.mean(y)), 3), len(y)] for x, y in v.items()}
        for k, v in counts.items()
    }
    print(
        json.dumps(
            {
                "pictures": len(files),
                "found_in": found,
                "seconds": round(seconds, 3),
                "rates": rates,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
