"""How well, how fast and in how much memory goods are learned: prints one JSON object.

    python tests/benchmarks/goods_bank.py DATASET [--backbone starter] [--minutes 0] [--limit N]

With --minutes 0 it is the plain patch bank, without adaptation; otherwise `learn --goods` whole.

DATASET is a folder in MVTec layout (train/good, test/<class>). Nothing is chosen on the test part.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from secondlook.models.backbones import VisionBackbone, load_vision, starter, untrained_vision
from secondlook.models.goods import combined, dense_map
from secondlook.models.goods_tiles import sight
from secondlook.training.goods import GoodsConfig, LearnedGoods, learn_goods
from secondlook.training.memory import peak_rss_mb


def pictures(files: Sequence[Path]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for file in files:
        name = hashlib.sha256(file.read_bytes()).hexdigest()
        with Image.open(file) as image:
            yield name, np.asarray(image.convert("RGB"))


def list_files(folder: Path, limit: int | None) -> list[Path]:
    files = sorted(x for x in folder.rglob("*") if x.suffix.lower() in (".jpg", ".png", ".bmp"))
    return files[:limit]


def score(
    folder: Path, learned: LearnedGoods, vision: VisionBackbone, limit: int | None
) -> dict[str, NDArray[np.float64]]:
    """What each look alone and both together say about the pictures of a folder."""
    looks: dict[str, list[float]] = {"bank": [], "dense": [], "whole": [], "strangeness": []}
    part = learned.part
    vision = sight(vision, part.tiles)
    for _, pixels in pictures(list_files(folder, limit)):
        patches = vision.patches([pixels])[0]
        bank = part.bank.score(patches)
        looks["bank"].append(bank.score)
        looks["strangeness"].append(part.gate.strangeness(patches) if part.gate else 0.0)
        if part.dense is not None and part.units is not None:
            logits = dense_map(part.dense, vision, pixels)
            looks["dense"].append(float(logits.max()))
            looks["whole"].append(combined(bank, logits, part.units).score)
    return {k: np.array(v or looks["bank"]) for k, v in looks.items()}


def backbone(name: str) -> VisionBackbone:
    known = {"starter": starter, "untrained": untrained_vision}
    return known[name]() if name in known else load_vision(Path(name))


def show(done: int, total: int) -> None:
    if done % 50 == 0:
        print(f"{done}/{total}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--backbone", default="starter")
    parser.add_argument("--minutes", type=float, default=0.0, help="for the dense model too")
    parser.add_argument("--limit", type=int, help="pictures per class at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    vision = backbone(options.backbone)
    files = list_files(options.dataset / "train" / "good", options.limit)
    learned = learn_goods(
        pictures(files),
        vision=vision,
        config=GoodsConfig(seed=options.seed, seconds=60 * options.minutes),
        total=len(files),
        progress=show,
    )
    learned_peak, started = peak_rss_mb(), time.monotonic()
    tests = sorted(x for x in (options.dataset / "test").iterdir() if x.is_dir())
    scores = {x.name: score(x, learned, vision, options.limit) for x in tests}
    good = scores.pop("good")
    images = sum(len(x["bank"]) for x in (good, *scores.values()))
    print(json.dumps(report(learned, good, scores) | {
        "backbone": vision.ref.name,
        "trained": vision.ref.trained,
        "seconds_learning": round(learned.seconds, 1),
        "peak_rss_mb_learning": round(learned_peak),
        "seconds_per_test_image": round((time.monotonic() - started) / images, 3),
        "peak_rss_mb": round(peak_rss_mb()),
    }, indent=2))  # fmt: skip


def report(
    learned: LearnedGoods,
    good: dict[str, NDArray[np.float64]],
    classes: dict[str, dict[str, NDArray[np.float64]]],
) -> dict[str, object]:
    limit = learned.threshold.value
    bad = {k: np.concatenate([x[k] for x in classes.values()]) for k in good}
    return {
        "goods": learned.goods,
        "bank_rows": len(learned.part.bank.rows),
        "channels": learned.part.bank.rows.shape[1],
        "threshold": limit,
        "false_alarm_rate": learned.threshold.false_alarm_rate,
        "false_alarm_bound": learned.threshold.false_alarm_bound,
        "test_good": len(good["whole"]),
        "test_bad": len(bad["whole"]),
        "bands": [learned.bands.accept, learned.bands.reject],
        "metrics": learned.metrics,
        "notes": learned.notes,
        "image_auroc": {k: auroc(good[k], bad[k]) for k in good},
        "per_class_auroc": {
            name: {k: auroc(good[k], x[k]) for k in good} for name, x in classes.items()
        },
        "unfamiliar": {
            "good": float((good["strangeness"] > 1).mean()),
            "bad": float((bad["strangeness"] > 1).mean()),
        },
        "goods_flagged": float((good["whole"] > limit).mean()),
        "bad_flagged": float((bad["whole"] > limit).mean()),
    }


def auroc(good: NDArray[np.float64], bad: NDArray[np.float64]) -> float:
    labels = [0] * len(good) + [1] * len(bad)
    return round(float(roc_auc_score(labels, np.concatenate([good, bad]))), 4)


if __name__ == "__main__":
    main()
