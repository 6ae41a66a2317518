"""Pictures a second through a backbone against the bare model: prints one JSON object.

    python tests/benchmarks/engine_throughput.py [--batch 8] [--rounds 9] [--files 48]
        [--side 1024] [--threads 1] [--networks starter vit-ti-16 vit-b-16]

For the embedded starter and untrained checkpoints of the shapes of ViT-Ti/16 and ViT-B/16. `bare`
is the forward of transformers in float32 on the same pictures in the same batches; `ready` begins
with tensors, `jpeg` with files of `--side` x `--side` pixels, which the bare loop opens, prepares
and runs one batch after the other. Of the engine, `features` is all that a tower says, `patches`
what a bank takes, and `auto` patches in the precision that `auto` chooses here. Its files are read
ahead in a thread. All take turns in every round; ratios are of a round's own times, the median of
all rounds: by the wall clock, in which reading ahead shows where a second core is free, and of
processor time, which a busy machine lengthens less.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from networks import NAMES, network
from PIL import Image
from torch import Tensor
from turns import Act, Spent, in_turns, times_as_fast

from secondlook.models.precision import chosen
from secondlook.models.prefetch import prefetched
from secondlook.models.towers import ImageTower
from secondlook.models.vision import PatchNetwork
from secondlook.training.starter.surfaces import surface


def files(folder: Path, count: int, side: int) -> list[Path]:
    paths = [folder / f"{i}.jpg" for i in range(count)]
    for number, path in enumerate(paths):
        picture = surface(side, np.random.default_rng(number))
        Image.fromarray(picture).save(path, quality=90)
    return paths


def batches(paths: list[Path], vision: PatchNetwork, size: int) -> Iterator[Tensor]:
    for start in range(0, len(paths), size):
        pictures = []
        for path in paths[start : start + size]:
            with Image.open(path) as image:
                pictures.append(np.asarray(image.convert("RGB")))
        yield vision.prepare(pictures)


def in_precision(vision: PatchNetwork, precision: str, act: Act) -> Act:
    def run() -> object:
        vision.precision = precision
        try:
            return act()
        finally:
            vision.precision = "float32"

    return run


def ready(vision: PatchNetwork, model: Any, tensor: Tensor) -> dict[str, Act]:
    def patches() -> Tensor:
        return vision.patches_of(tensor)

    return {
        "bare": lambda: model(pixel_values=tensor),
        "features": lambda: vision.look(tensor),
        "patches": patches,
        "auto": in_precision(vision, chosen("auto", vision.image_tower), patches),
    }


def jpeg(vision: PatchNetwork, model: Any, paths: list[Path], batch: int) -> dict[str, Act]:
    def bare() -> None:
        for tensor in batches(paths, vision, batch):
            model(pixel_values=tensor)

    def ours(run: Callable[[Tensor], object]) -> Act:
        def act() -> None:
            for tensor in prefetched(batches(paths, vision, batch)):
                run(tensor)

        return act

    return {
        "bare": bare,
        "decode_alone": lambda: list(batches(paths, vision, batch)),
        "features": ours(vision.look),
        "patches": ours(vision.patches_of),
        "auto": in_precision(vision, chosen("auto", vision.image_tower), ours(vision.patches_of)),
    }


@torch.inference_mode()
def compare(acts: dict[str, Act], pictures: int, rounds: int) -> dict[str, object]:
    spent = in_turns(acts, rounds)
    return {
        "pictures_a_second": {
            x: round(pictures / float(np.median(y)), 2) for x, y in spent["wall"].items()
        },
        "ratio_to_bare": ratios(spent["wall"]),
        "ratio_to_bare_of_processor_time": ratios(spent["processor"]),
    }


def ratios(spent: Spent) -> dict[str, float]:
    return {x: round(y, 3) for x, y in times_as_fast(spent, "bare").items() if x != "bare"}


def measure(name: str, folder: Path, options: argparse.Namespace) -> dict[str, object]:
    vision, model = network(name, folder)
    paths = sorted(folder.glob("*.jpg"))
    tensor = next(batches(paths, vision, options.batch))
    with torch.inference_mode():
        own = ImageTower(model)(tensor).tokens
        difference = float((vision.look(tensor).tokens - own).abs().max())
    return {
        "precision_of_auto": chosen("auto", vision.image_tower),
        "greatest_difference_to_bare": difference,
        "ready": compare(ready(vision, model, tensor), len(tensor), options.rounds),
        "jpeg": compare(jpeg(vision, model, paths, options.batch), len(paths), options.rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--files", type=int, default=48)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--networks", nargs="+", choices=NAMES, default=list(NAMES))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder, options.files, options.side)
        report = {x: measure(x, folder, options) for x in options.networks}
    print(json.dumps(vars(options) | report, indent=2))


if __name__ == "__main__":
    main()
