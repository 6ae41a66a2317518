"""One picture and a batch, beside a plain PatchCore loop on the same backbone: prints one JSON.

    python tests/benchmarks/patchcore.py DATASET [--goods 200] [--pictures 60] [--share 0.1]
        [--minutes 0] [--rounds 5] [--seed 0]

DATASET is a folder in MVTec layout. The plain loop is PatchCore as Roth et al. (CVPR 2022) and its
public implementations have it: two hidden states, 3 x 3 neighbourhoods, a greedy k-centre coreset
of --share of all patches in a random projection, exact search by `torch.cdist`, the score of a
picture re-weighted by nine neighbours. Ours is `GoodsPart.look` of an adapter learned from the same
goods; with --minutes 0 it is the bank alone, else the dense model is part of it. Both get the same
pictures in turns, after a warm-up, on as many threads; AUROC is over all test pictures given.
`batch` hands over a list of pictures at once; ours looks at each by itself all the same, so that a
score never depends on its neighbours.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from goods_bank import list_files, pictures
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional
from turns import in_turns

from secondlook.models.backbones import starter
from secondlook.models.goods import network_of
from secondlook.training.goods import GoodsConfig, learn_goods

Picture = NDArray[np.uint8]
LEVELS = (2, 3)
NEIGHBOURS = 9
PROJECTED = 128


class Plain:
    """PatchCore, written down as it is described."""

    def __init__(self, vision: Any, goods: Sequence[Picture], share: float, seed: int) -> None:
        self.network = network_of(vision)
        rows = torch.cat([self.patches([x])[0].flatten(1).T for x in goods])
        self.bank = rows[greedy(rows, max(1, round(share * len(rows))), seed)].contiguous()

    @torch.inference_mode()
    def patches(self, images: Sequence[Picture]) -> Tensor:
        """(B, D, h, w)"""
        states = self.network.image_features(list(images)).levels
        near = [functional.avg_pool2d(states[i].float(), 3, 1, 1) for i in LEVELS]
        grid = near[0].shape[-2:]
        return torch.cat([functional.interpolate(x, grid, mode="bilinear") for x in near], dim=1)

    @torch.inference_mode()
    def score(self, images: Sequence[Picture]) -> list[float]:
        """Of each picture; the map is made as well, as a user would want it."""
        return [self._score(x) for x in self.patches(images)]

    def _score(self, patches: Tensor) -> float:
        size, height, width = patches.shape
        rows = patches.reshape(size, -1).T
        distance, place = torch.cdist(rows, self.bank).min(dim=1)
        grid = distance.reshape(1, 1, height, width)
        functional.interpolate(grid, self.network.prepare.size, mode="bilinear")
        worst = int(distance.argmax())
        around = torch.cdist(self.bank[place[worst]][None], self.bank)[0]
        near = around.topk(min(NEIGHBOURS, len(self.bank)), largest=False).indices
        away = torch.cdist(rows[worst][None], self.bank[near])[0]
        weight = 1 - torch.softmax(away / size**0.5, dim=0)[0]
        return float(weight * distance[worst])


def greedy(rows: Tensor, count: int, seed: int) -> Tensor:
    """Numbers of the rows of a k-centre coreset, one at a time."""
    torch.manual_seed(seed)
    points = rows @ torch.randn(rows.shape[1], PROJECTED) / PROJECTED**0.5
    chosen = [int(torch.randint(len(points), ()))]
    gaps = (points - points[chosen[0]]).square().sum(1)
    lengths = points.square().sum(1)
    while len(chosen) < count:
        new = int(gaps.argmax())
        chosen.append(new)
        gaps = torch.minimum(gaps, lengths - 2 * points @ points[new] + lengths[new])
    return torch.tensor(chosen)


def spent(seconds: Sequence[float], images: int) -> dict[str, float]:
    each = np.array(seconds) / images
    return {
        "p50_ms": round(1000 * float(np.median(each)), 1),
        "p95_ms": round(1000 * float(np.quantile(each, 0.95)), 1),
        "pictures_per_second": round(1 / float(np.mean(each)), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--goods", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=60, help="test pictures that are timed")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    vision = starter()
    files = list_files(options.dataset / "train" / "good", options.goods)
    goods = list(pictures(files))
    config = GoodsConfig(seconds=60 * options.minutes, seed=options.seed)
    learned = learn_goods(iter(goods), vision=vision, config=config, total=len(goods))
    plain = Plain(vision, [x for _, x in goods], options.share, options.seed)
    tests = list_files(options.dataset / "test", None)
    truth = [x.parent.name != "good" for x in tests]
    shown = [x for _, x in pictures(tests)]
    ours = [learned.part.look(vision, x).score for x in shown]
    theirs = [plain.score([x])[0] for x in shown]
    part = [shown[i] for i in np.linspace(0, len(shown) - 1, options.pictures).astype(int)]
    single = {
        f"{name}-{i}": (lambda act=act, x=x: act(x))
        for i, x in enumerate(part)
        for name, act in (
            ("ours", lambda x: learned.part.look(vision, x)),
            ("plain", lambda x: plain.score([x])),
        )
    }
    times = in_turns(single, options.rounds)["wall"]
    batch = in_turns(
        {
            "ours": lambda: [learned.part.look(vision, x) for x in part],
            "plain": lambda: plain.score(part),
        },
        options.rounds,
    )["wall"]
    one = {
        name: spent([s for key, x in times.items() if key.startswith(name) for s in x], 1)
        for name in ("ours", "plain")
    }
    many = {name: spent(batch[name], len(part)) for name in ("ours", "plain")}
    print(
        json.dumps(
            {
                "goods": len(goods),
                "tests": len(tests),
                "threads": torch.get_num_threads(),
                "dense": learned.part.dense is not None,
                "auroc": {
                    "ours": round(float(roc_auc_score(truth, ours)), 4),
                    "plain": round(float(roc_auc_score(truth, theirs)), 4),
                },
                "bank_rows": {"ours": len(learned.part.bank.rows), "plain": len(plain.bank)},
                "bank_mb": {
                    "ours": round(learned.part.bank.rows.nbytes / 1e6, 1),
                    "plain": round(plain.bank.nbytes / 1e6, 1),
                },
                "one": one,
                "batch": many,
                "times_as_fast": {
                    "one": round(one["plain"]["p50_ms"] / one["ours"]["p50_ms"], 2),
                    "batch": round(many["plain"]["p50_ms"] / many["ours"]["p50_ms"], 2),
                },
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
