"""What int8 by OpenVINO brings, and what it costs: prints one JSON object.

    python tests/benchmarks/int8.py [--goods FOLDER] [--seeds 3] [--rounds 15] [--threads 1]
        [--networks starter vit-ti-16]

For the embedded starter and untrained ViTs, one picture at a time and eight: patch features, and
everything the network says, by torch in float32 and bfloat16 and by OpenVINO in float32 and int8.
They take turns, the order reversed every other round; ratios are the median over the rounds of
how many times as fast as torch in float32, in time of the processor and by the clock.

With a folder of good pictures the gate of `secondlook backbones quantize` is run too, once for
each seed: AUROC of a plain patch bank before and after int8, and the cosine of patch features.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from networks import NAMES, network
from numpy.typing import NDArray
from PIL import Image
from turns import Act, Spent, in_turns, times_as_fast

from secondlook.models.int8.network import Int8Network
from secondlook.models.precision import has_bf16
from secondlook.models.vision import PatchNetwork
from secondlook.training.int8.convert import convert, quantize
from secondlook.training.int8.judge import MOST, Judge, Named, Split

PICTURES = 16


def noise(count: int, seed: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, (256, 256, 3), dtype=np.uint8) for _ in range(count)]


def ways(vision: PatchNetwork) -> dict[str, PatchNetwork]:
    """The same network run in four ways."""
    plain = convert(vision)
    small = quantize(plain, [vision.prepare([x]).numpy() for x in noise(PICTURES, 1)])
    short = PatchNetwork(
        vision.image_tower, vision.ref, vision.prepare, vision.levels, precision="bfloat16"
    )
    by_openvino = {
        x: Int8Network(y, vision.ref, vision.prepare, vision.levels)
        for x, y in (("openvino_float32", plain), ("openvino_int8", small))
    }
    return {"torch_float32": vision, "torch_bfloat16": short, **by_openvino}


def compare(acts: dict[str, Act], pictures: int, rounds: int) -> dict[str, object]:
    spent = in_turns(acts, rounds)
    return {
        "milliseconds_a_picture": {
            x: round(float(np.median(y)) * 1e3 / pictures, 2) for x, y in spent["processor"].items()
        },
        "times_as_fast": ratios(spent["processor"]),
        "times_as_fast_by_the_clock": ratios(spent["wall"]),
    }


def ratios(spent: Spent) -> dict[str, float]:
    return {x: round(y, 2) for x, y in times_as_fast(spent, "torch_float32").items()}


def speed(vision: PatchNetwork, rounds: int) -> dict[str, object]:
    runs = ways(vision)
    report: dict[str, object] = {}
    for count in (1, 8):
        pixels = vision.prepare(noise(count, 2))
        patches: dict[str, Act] = {x: partial(y.patches_of, pixels) for x, y in runs.items()}
        features: dict[str, Act] = {x: partial(y.look, pixels) for x, y in runs.items()}
        report[f"batch_{count}"] = {
            "patches": compare(patches, count, rounds),
            "everything": compare(features, count, rounds),
        }
    return report


def goods_in(folder: Path, vision: PatchNetwork, seed: int) -> list[Named]:
    files = np.array(sorted(x for x in folder.iterdir() if x.suffix in (".jpg", ".png", ".bmp")))
    goods = []
    for file in np.random.default_rng(seed).permutation(files)[:MOST]:
        with Image.open(file) as image:
            goods.append((file.name, vision.prepare.resized(np.asarray(image.convert("RGB")))))
    return goods


def gate(vision: PatchNetwork, folder: Path, seed: int) -> dict[str, object]:
    split = Split.of(goods_in(folder, vision, seed), seed)
    started = time.monotonic()
    small = quantize(convert(vision), [vision.prepare([x]).numpy() for _, x in split.calibration])
    quantizing = time.monotonic() - started
    after = Int8Network(small, vision.ref, vision.prepare, vision.levels)
    figures = Judge(vision, split, seed, lambda: None).figures(after)
    return figures.model_dump() | {
        "seconds_quantizing": round(quantizing, 1),
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goods", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--networks", nargs="+", choices=NAMES, default=["starter", "vit-ti-16"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report: dict[str, object] = {"rounds": options.rounds, "has_bf16": has_bf16()}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks:
            vision, _ = network(name, Path(folder))
            found: dict[str, object] = {"speed": speed(vision, options.rounds)}
            if options.goods is not None:
                found["gate"] = [gate(vision, options.goods, x) for x in range(options.seeds)]
            report[name] = found
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
