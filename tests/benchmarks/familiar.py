"""Which pictures are called no picture of the product at all: prints one JSON object.

    python tests/benchmarks/familiar.py DATASET OTHER... [--backbone starter] [--limit 400]

DATASET is a folder in MVTec layout (train/good, test/<class>); the bank alone is learned from its
train part. Each OTHER is a folder of pictures of something else; black, white and noise are made.
The rule was chosen on held-out train pictures; the test part is only reported on.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from goods_bank import backbone, list_files, pictures
from numpy.typing import NDArray

from secondlook.models.backbones import VisionBackbone
from secondlook.models.gate import Gate
from secondlook.training.goods import GoodsConfig, learn_goods

Pixels = NDArray[np.uint8]
SHAPE = (250, 350, 3)


def made() -> dict[str, list[Pixels]]:
    """Pictures of nothing."""
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (10, *SHAPE[:2], 1)).astype(np.uint8)
    return {
        "black": [np.full(SHAPE, x, dtype=np.uint8) for x in (0, 3)],
        "white": [np.full(SHAPE, x, dtype=np.uint8) for x in (250, 255)],
        "noise": [np.repeat(x, 3, axis=2) for x in grey],
    }


def strange(images: Iterable[Pixels], gate: Gate, vision: VisionBackbone) -> list[float]:
    return [gate.strangeness(vision.patches([x])[0]) for x in images]


def drawn(folder: Path, limit: int, seed: int = 1) -> list[Path]:
    """Files at random: the first ones by name may all be of one day."""
    files = list_files(folder, None)
    chosen = np.random.default_rng(seed).permutation(len(files))[:limit]
    return [files[i] for i in sorted(chosen)]


def some(folder: Path, limit: int) -> list[Pixels]:
    return [x for _, x in pictures(drawn(folder, limit))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    parser.add_argument("--backbone", default="starter")
    parser.add_argument("--limit", type=int, default=400, help="goods to learn from, at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    vision = backbone(options.backbone)
    files = drawn(options.dataset / "train" / "good", options.limit, options.seed)
    config = GoodsConfig(seconds=0, seed=options.seed, rows=500, pool=10_000, folds=2)
    gate = learn_goods(pictures(files), vision=vision, config=config).part.gate
    assert gate is not None
    tests = sorted(x for x in (options.dataset / "test").iterdir() if x.is_dir())
    known = {x.name: strange(some(x, 1000), gate, vision) for x in tests}
    other = {x.name: strange(some(x, 150), gate, vision) for x in options.others}
    other |= {k: strange(x, gate, vision) for k, x in made().items()}
    bad = [y for k, x in known.items() if k != "good" for y in x]
    print(json.dumps({
        "goods": len(files),
        "limit": gate.rule.threshold.value,
        "good_unfamiliar": share(known["good"]),
        "bad_unfamiliar": share(bad),
        "per_class": {k: share(x) for k, x in known.items()},
        "other_caught": {k: share(x) for k, x in other.items()},
    }, indent=2))  # fmt: skip


def share(values: list[float]) -> float:
    return round(float((np.array(values) > 1).mean()), 4)


if __name__ == "__main__":
    main()
