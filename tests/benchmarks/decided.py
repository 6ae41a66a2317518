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
from typing import Any

import numpy as np
from tile_parts import Parts, answered, labelled, options_of, read_parts, ways_of

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


def one(parts: Parts, groups: Any, count: int, seed: int) -> dict[str, float | None]:
    from sklearn.metrics import roc_auc_score

    from secondlook.errors import ModelError
    from secondlook.models.answers import anything_in

    known = drawn(groups, count, seed)
    rest = np.setdiff1d(np.arange(len(groups)), known)
    truth, ratios = bad(parts)[rest], parts.readings.worst()[1][rest]
    goods = float(roc_auc_score(truth, ratios))
    try:
        part = learned(parts.only(known), groups[known], seed)
    except ModelError as error:
        print(f"{count} parts, seed {seed}: {error}", file=sys.stderr)
        return {"decided": len(known), "goods": goods, "labels": None, "both": goods}
    values, _ = answered(part, parts.readings.only(rest))
    found = anything_in(values, part.classes, several=False)
    both = [part.blend(*x) for x in zip(ratios, found, strict=True)]
    return {
        "decided": len(known),
        "tiles": len(np.unique(parts.tiles[known])),
        "goods": goods,
        "labels": float(roc_auc_score(truth, found)),
        "both": float(roc_auc_score(truth, both)),
        "weight_of_goods": part.blend.goods,
        "weight_of_labels": part.blend.labels,
    }


def bad(parts: Parts) -> Any:
    return np.array([x != "good" for x in parts.kinds])


def learned(known: Parts, groups: Any, seed: int) -> Any:
    """The labelled part that learns from these parts whether there is a defect."""
    from secondlook.cases import NOTHING
    from secondlook.training.labelled import LabelledConfig, learn_labelled

    labels = [(DEFECT,) if x else (NOTHING,) for x in bad(known)]
    return learn_labelled(
        labelled(known.files, labels, groups), vision=known.vision, text=None,
        classes=(DEFECT, NOTHING), config=LabelledConfig(seconds=1e6, tune=None, seed=seed),
        finder=known.adapter.finder, readings=known.readings,
    ).part  # fmt: skip


def curve(parts: Parts, options: argparse.Namespace, by: str) -> dict[str, Any]:
    groups, table = parts.groups(by), {}
    for count in map(int, options.decided.split(",")):
        rows = [one(parts, groups, count, seed) for seed in range(options.seeds)]
        names = list(dict.fromkeys(x for row in rows for x in row))
        given = {x: [row[x] for row in rows if row.get(x) is not None] for x in names}
        table[str(count)] = {x: round(float(np.mean(y)), 4) for x, y in given.items() if y}
        table[str(count)]["both_spread"] = round(float(np.std(given["both"])), 4)
        gains = [row["both"] - row["goods"] for row in rows]  # type: ignore[operator]
        table[str(count)]["least_gain"] = round(min(gains), 4)
        print(by, count, table[str(count)], file=sys.stderr, flush=True)
    return table


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--decided", default="25,50,100,200")
    parser.set_defaults(by="tile", seeds=5)
    options, started = parser.parse_args(), time.monotonic()
    parts = read_parts(options)
    out = {
        "parts": len(parts.files),
        "tiles": len(np.unique(parts.tiles)),
        **{f"by_{x}": curve(parts, options, x) for x in ways_of(options.by)},
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
