"""What bfloat16 brings: prints one JSON object.

    python tests/benchmarks/precision.py [--rounds 9] [--threads 1]
        [--networks starter vit-ti-16 vit-b-16]

For the embedded starter and untrained ViTs, one picture at a time (as the engine scores) and eight:
the forward in float32, in bfloat16 by autocast, the same with channels side by side, and in float32
with `set_float32_matmul_precision("medium")`. They take turns; seconds are of the processor, the
median of all rounds. Differences are to float32: the greatest one of all hidden states, against
the greatest number of that state, and the least cosine of a token.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from networks import NAMES, network
from torch import Tensor
from torch.nn import functional

from secondlook.models.features import ImageFeatures
from secondlook.models.precision import chosen, computing, has_bf16, laid_out
from secondlook.models.towers import ImageTower

Act = Callable[[], ImageFeatures]


def ways(tower: ImageTower, pixels: Tensor) -> dict[str, Act]:
    side_by_side = laid_out(pixels, "bfloat16")

    def short(batch: Tensor) -> ImageFeatures:
        with computing("bfloat16"):
            features: ImageFeatures = tower(batch)
        return features

    def medium() -> ImageFeatures:
        torch.set_float32_matmul_precision("medium")
        try:
            features: ImageFeatures = tower(pixels)
        finally:
            torch.set_float32_matmul_precision("highest")
        return features

    return {
        "float32": lambda: tower(pixels),
        "bfloat16": lambda: short(pixels),
        "bfloat16_side_by_side": lambda: short(side_by_side),
        "medium": medium,
    }


def difference(exact: ImageFeatures, other: ImageFeatures) -> dict[str, float]:
    pairs = zip(exact.levels, other.levels, strict=True)
    cosines = functional.cosine_similarity(exact.tokens, other.tokens.float(), dim=-1)
    return {
        "greatest": max(float((x - y).abs().max() / x.abs().max()) for x, y in pairs),
        "least_cosine": float(cosines.min()),
    }


@torch.inference_mode()
def measure(tower: ImageTower, pixels: Tensor, rounds: int) -> dict[str, object]:
    acts = ways(tower, pixels)
    spent: dict[str, list[float]] = {x: [] for x in acts}
    exact = acts["float32"]()
    apart = {x: difference(exact, act()) for x, act in acts.items() if x != "float32"}
    for _ in range(rounds):
        for name, act in acts.items():
            started = time.process_time()
            act()
            spent[name].append(time.process_time() - started)
    middle = {x: float(np.median(y)) for x, y in spent.items()}
    return {
        "milliseconds": {x: round(y * 1e3, 1) for x, y in middle.items()},
        "times_as_fast": {x: round(middle["float32"] / y, 2) for x, y in middle.items()},
        "difference": apart,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--networks", nargs="+", choices=NAMES, default=list(NAMES))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report: dict[str, object] = vars(options) | {"has_bf16": has_bf16()}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks:
            vision, _ = network(name, Path(folder))
            torch.manual_seed(1)
            report[name] = {"auto": chosen("auto", vision.image_tower)} | {
                f"batch_{x}": measure(
                    vision.image_tower, torch.randn(x, 3, *vision.prepare.size), options.rounds
                )
                for x in (1, 8)
            }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
