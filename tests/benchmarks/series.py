"""What a long CT series costs: seconds to take it in and to read it as one stack, and memory.

    python tests/benchmarks/series.py [slices]

Made up: 512 x 512, 16 bits, noise over a phantom. A rise is of this process and its parsing process
together. The target is a peak of 2 GB.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from secondlook import Attachment, IntakeFile, stacks_of
from secondlook.intake.reader import Reader
from secondlook.intake.series_pixels import slices
from secondlook.settings import Limits

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from bad_input import Memory

import made_series

SIDE = 512


def write(folder: Path, count: int) -> list[Path]:
    """A series whose file names do not tell the order."""
    random = np.random.default_rng(0)
    places = random.permutation(count)
    noise = random.integers(0, 40, (SIDE, SIDE), np.uint16)
    paths = []
    for number, place in enumerate(places):
        path = folder / f"{number:04}.dcm"
        size, spacing = (SIDE, SIDE), (0.7, 0.7)
        made_series.write_slice(path, made_series.AXIAL, 1.25 * place, size=size, spacing=spacing)
        dataset = made_series.bad_files.pydicom.dcmread(path)
        dataset.PixelData = (dataset.pixel_array + noise).tobytes()
        dataset.save_as(path)
        paths.append(path)
    return paths


def take(paths: list[Path]) -> dict[str, tuple[Attachment, Path]]:
    """The files after intake."""
    with Reader(Limits()) as reader:
        read = [(reader.read(x, x.name), x) for x in paths]
    taken = [(x.attachment, path) for x, path in read if isinstance(x, IntakeFile)]
    return {x.sha256: (x, path) for x, path in taken}


def peak() -> dict[str, float]:
    """Largest resident set so far in MB: of this process, and of the one that parsed."""
    kinds = {"reading": resource.RUSAGE_SELF, "parsing": resource.RUSAGE_CHILDREN}
    return {name: resource.getrusage(kind).ru_maxrss * 1024 / 1e6 for name, kind in kinds.items()}


def main() -> None:
    """Print one JSON object."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as place:
        paths = write(Path(place), count)
        with Memory() as intake:
            start = time.perf_counter()
            files = take(paths)
            took = time.perf_counter() - start
        with Memory() as reading:
            start = time.perf_counter()
            (stack,) = stacks_of(x for x, _ in files.values())
            sums = sum(float(x.mean()) for x in slices(stack, lambda x: files[x.sha256][1]))
            read = time.perf_counter() - start
    print(
        json.dumps(
            {
                "slices": stack.slices,
                "spacing_mm": stack.spacing_mm,
                "problems": stack.problems,
                "mean_hu": round(sums / stack.slices, 1),
                "intake_seconds": round(took, 2),
                "intake_rise_mb": round(intake.rise, 1),
                "stack_seconds": round(read, 2),
                "stack_rise_mb": round(reading.rise, 1),
                "peak_mb": peak(),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
