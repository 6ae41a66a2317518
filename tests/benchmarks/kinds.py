"""The kind of defect of magnetic_tile with half of the parts labelled: prints one JSON.

    python tests/benchmarks/kinds.py --data DIR (--workspace DIR --adapter ID | --minutes 12)
        [--by tile|file|both] [--ways region,whole] [--seeds 3] [--share 0.5] [--lora-minutes 0]
        [--cache FILE] [--threads 1]

Of the defective test parts one fold in five is measured, and of the others as many of each kind are
labelled as are half of all of it; every part is measured once. Macro F1 over the five kinds.
`region` learns beside the goods part, `whole` from whole pictures alone. --by tile parts no tile,
as in real life; --by file does, so that other exposures of a labelled tile are measured: that
figure flatters. --lora-minutes of each fold, where LoRA is to be tried too.
"""

import argparse
import json
import sys
import time
from typing import Any

import numpy as np
from tile_parts import (
    Parts,
    answered,
    labelled,
    options_of,
    picture,
    read_parts,
    ways_of,
    without_goods,
)

FOLDS = 5


def half(labels: Any, groups: Any, rows: Any, share: float, seed: int) -> Any:
    """Of each label, whole groups in random order until its share of all is there.

    Two groups of each at least: from one alone nothing can be learned and checked.
    """
    random, chosen = np.random.default_rng(seed), set[int]()
    for label in np.unique(labels):
        mine, wanted = rows[labels[rows] == label], share * (labels == label).sum()
        for number, group in enumerate(random.permutation(np.unique(groups[mine]))):
            if number > 1 and sum(labels[i] == label for i in chosen) >= wanted:
                break
            chosen.update(rows[groups[rows] == group].tolist())
    return np.array(sorted(chosen))


def one_seed(
    parts: Parts, by: str, region: bool, options: argparse.Namespace, seed: int
) -> dict[str, float]:
    """Each part of five folds said once, from the labelled half of the other folds."""
    from secondlook.training.folds import grouped_folds

    groups, classes = parts.groups(by), sorted(set(parts.kinds))
    labels = np.array([classes.index(x) for x in parts.kinds])
    said, lora = np.zeros_like(labels), 0
    for number, out in enumerate(grouped_folds(labels, classes, groups, folds=FOLDS, seed=seed)):
        others = np.setdiff1d(np.arange(len(labels)), out)
        known = half(labels, groups, others, options.share, 100 * seed + number)
        found = learned(parts.only(known), groups[known], classes, region, options, seed)
        lora += found.way == "lora"
        said[out] = told(found.part, parts.only(out), classes)
    return {**figures(labels, said, classes), "folds_with_lora": lora}


def learned(
    known: Parts,
    groups: Any,
    classes: list[str],
    region: bool,
    options: argparse.Namespace,
    seed: int,
) -> Any:
    """What learns the kinds from these parts, beside the goods part or from whole pictures."""
    from secondlook.training.labelled import LabelledConfig, TuneConfig, learn_labelled

    config = LabelledConfig(
        seconds=60 * options.lora_minutes or 1e6,
        tune=TuneConfig() if options.lora_minutes else None,
        seed=seed,
    )
    return learn_labelled(
        labelled(known.files, [(x,) for x in known.kinds], groups),
        vision=known.vision, text=None, classes=classes, config=config,
        finder=known.adapter.finder if region else None,
        readings=known.readings if region else without_goods(known.readings),
    )  # fmt: skip


def told(part: Any, parts: Parts, classes: list[str]) -> Any:
    """The kind (N,) that each part is most likely of; with LoRA the pictures are read again."""
    if part.lora is None:
        readings = parts.readings if part.region is not None else without_goods(parts.readings)
        return answered(part, readings)[0].argmax(1)
    answers = (part.answer(parts.vision, None, [picture(x)()], ()) for x in parts.files)
    return [classes.index(max(x.probabilities, key=x.probabilities.get)) for x in answers]


def figures(labels: Any, said: Any, classes: list[str]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    each = f1_score(labels, said, average=None)
    return {
        "f1_macro": float(np.mean(each)),
        "accuracy": float((labels == said).mean()),
        **{f"f1_{x}": float(y) for x, y in zip(classes, each, strict=True)},
    }


def table(rows: list[dict[str, float]]) -> dict[str, float]:
    """Means over seeds."""
    found = {x: round(float(np.mean([y[x] for y in rows])), 4) for x in rows[0]}
    return found | {"f1_macro_spread": round(float(np.std([x["f1_macro"] for x in rows])), 4)}


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--ways", default="region,whole")
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--lora-minutes", type=float, default=0)
    options, started = parser.parse_args(), time.monotonic()
    parts = read_parts(options)
    parts = parts.only(np.flatnonzero([x != "good" for x in parts.kinds]))
    out: dict[str, Any] = {"parts": len(parts.files), "tiles": len(np.unique(parts.tiles))}
    for by in ways_of(options.by):
        for way in options.ways.split(","):
            seeds = range(options.seeds)
            found = table([one_seed(parts, by, way == "region", options, x) for x in seeds])
            out[f"{way}_by_{by}"] = found
            print(way, by, found, file=sys.stderr, flush=True)
    print(json.dumps({**out, "seconds": round(time.monotonic() - started)}, indent=2))


if __name__ == "__main__":
    main()
