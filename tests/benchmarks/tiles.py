"""What tiles find that whole pictures hide: prints JSON with AUROC and seconds per picture.

    python tests/benchmarks/tiles.py [--side 1200] [--hole 6] [--goods 40] [--tile PIXELS]...

Pictures are made up (tests/textures.py): a brushed surface, half of the looked-at ones with one
dark hole. The bank alone is learned, whole (tile 0), as the size decides, and with each --tile.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from secondlook.models.backbones import VisionBackbone, load_vision, starter
from secondlook.training.goods import GoodsConfig, learn_goods
from secondlook.training.memory import peak_rss_mb

sys.path.append(str(Path(__file__).parents[1]))
from textures import texture, with_hole


def measure(
    vision: VisionBackbone, tile: int | None, options: argparse.Namespace
) -> dict[str, object]:
    goods = ((f"{i:064x}", texture(i, options.side)) for i in range(options.goods))
    config = GoodsConfig(seconds=0, tile=tile, folds=2)
    started = time.monotonic()
    part = learn_goods(goods, vision=vision, config=config).part
    learned = time.monotonic() - started
    numbers = range(1000, 1000 + options.looked)
    good = [texture(i, options.side) for i in numbers]
    bad = [with_hole(texture(i + 500, options.side), i, options.hole) for i in numbers]
    started = time.monotonic()
    scores = [part.look(vision, x).score for x in (*good, *bad)]
    seconds = (time.monotonic() - started) / len(scores)
    truth = np.repeat([0, 1], options.looked)
    return {
        "tiles": part.tiles.count if part.tiles else 1,
        "tile_pixels": part.tiles.pixels if part.tiles else (options.side, options.side),
        "auroc": round(float(roc_auc_score(truth, scores)), 4),
        "seconds_learning": round(learned, 1),
        "seconds_per_picture": round(seconds, 3),
        "peak_rss_mb": round(peak_rss_mb()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1200)
    parser.add_argument("--hole", type=int, default=6)
    parser.add_argument("--goods", type=int, default=40)
    parser.add_argument("--looked", type=int, default=20, help="good ones, and as many with a hole")
    parser.add_argument("--tile", type=int, action="append", default=[])
    parser.add_argument("--backbone", default="starter")
    options = parser.parse_args()
    vision = starter() if options.backbone == "starter" else load_vision(Path(options.backbone))
    ways = {"whole": 0, "decided": None} | {str(x): x for x in options.tile}
    found = {name: measure(vision, tile, options) for name, tile in ways.items()}
    print(json.dumps({"side": options.side, "hole": options.hole, "ways": found}, indent=2))


if __name__ == "__main__":
    main()
