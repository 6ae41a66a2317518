"""Good or defective after so many decided parts of magnetic_tile: prints one JSON.

    python tests/benchmarks/decided.py --data DIR (--workspace DIR --adapter ID | --minutes 12)
        [--by tile|file|both] [--decided 25,50,100,200] [--seeds 5] [--cache FILE] [--threads 1]

Goods are learned from train/good once. Then so many test parts are decided (may it pass, or not),
and the rest is measured: AUROC of the goods score alone, of the labels alone (the answers learned
beside the goods part), and of both together (their blend). --by tile draws whole tiles, so that no
tile is decided and measured; --by file draws files, so that other exposures of a decided tile are
measured: that figure flatters. A draw of parts that nothing can be learned from counts as goods
alone. --cache keeps what was read of the parts, which takes most of the time.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from tile_parts import answered, goods_adapter_of, labelled, read_once, the_parts

DEFECT = "defect"


def drawn(groups: Any, count: int, seed: int) -> Any:
    """Rows of whole groups in random order, until there are `count` parts or a few more."""
    random = np.random.default_rng([seed, count])
    rows: list[int] = []
    for group in random.permutation(np.unique(groups)):
        if len(rows) >= count:
            break
        rows.extend(np.flatnonzero(groups == group).tolist())
    return np.array(sorted(rows))


def one(work: dict[str, Any], groups: Any, count: int, seed: int) -> dict[str, float | None]:
    from sklearn.metrics import roc_auc_score

    from secondlook.cases import NOTHING
    from secondlook.errors import ModelError
    from secondlook.models.answers import anything_in
    from secondlook.training.labelled import LabelledConfig, learn_labelled

    known = drawn(groups, count, seed)
    rest = np.setdiff1d(np.arange(len(groups)), known)
    truth, ratios = work["bad"][rest], work["readings"].worst()[1][rest]
    goods = float(roc_auc_score(truth, ratios))
    cases = labelled(
        [work["files"][i] for i in known],
        [(DEFECT,) if work["bad"][i] else (NOTHING,) for i in known],
        [groups[i] for i in known],
    )
    try:
        learned = learn_labelled(
            cases, vision=work["vision"], text=None, classes=(DEFECT, NOTHING),
            config=LabelledConfig(seconds=1e6, tune=None, seed=seed),
            finder=work["adapter"].finder, readings=work["readings"].only(known),
        )  # fmt: skip
    except ModelError as error:
        print(f"{count} parts, seed {seed}: {error}", file=sys.stderr)
        return {"decided": len(known), "goods": goods, "labels": None, "both": goods}
    values, _ = answered(learned.part, work["readings"].only(rest))
    found = anything_in(values, learned.part.classes, several=False)
    blend = learned.part.blend
    both = [blend(*x) for x in zip(ratios, found, strict=True)]
    return {
        "decided": len(known),
        "tiles": len(np.unique(work["tiles"][known])),
        "goods": goods,
        "labels": float(roc_auc_score(truth, found)),
        "both": float(roc_auc_score(truth, both)),
        "weight_of_goods": blend.goods,
        "weight_of_labels": blend.labels,
    }


def curve(work: dict[str, Any], options: argparse.Namespace, by: str) -> dict[str, Any]:
    groups = work["tiles"] if by == "tile" else np.arange(len(work["files"]))
    table = {}
    for count in map(int, options.decided.split(",")):
        rows = [one(work, groups, count, seed) for seed in range(options.seeds)]
        names = list(dict.fromkeys(x for row in rows for x in row))
        given = {x: [row[x] for row in rows if row.get(x) is not None] for x in names}
        table[str(count)] = {x: round(float(np.mean(y)), 4) for x, y in given.items() if y}
        table[str(count)]["both_spread"] = round(float(np.std(given["both"])), 4)
        gains = [row["both"] - row["goods"] for row in rows]  # type: ignore[operator]
        table[str(count)]["least_gain"] = round(min(gains), 4)
        print(by, count, table[str(count)], file=sys.stderr, flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--adapter", default="defect-inspector/tile/1")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--by", choices=("tile", "file", "both"), default="tile")
    parser.add_argument("--decided", default="25,50,100,200")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    import torch

    from secondlook.models.backbones import starter
    from secondlook.models.goods import network_of

    torch.set_num_threads(options.threads)
    started = time.monotonic()
    adapter = goods_adapter_of(options)
    files, kinds, tiles = the_parts(options.data)
    bad = np.array([x != "good" for x in kinds])
    cases = labelled(files, [(x,) for x in kinds], tiles)
    work = {
        "adapter": adapter,
        "files": files,
        "bad": bad,
        "tiles": np.array(tiles),
        "readings": read_once(cases, adapter, options.cache),
        "vision": network_of(starter()),
    }
    ways = ("tile", "file") if options.by == "both" else (options.by,)
    out = {
        "parts": len(files),
        "tiles": len(set(tiles)),
        **{f"by_{x}": curve(work, options, x) for x in ways},
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
