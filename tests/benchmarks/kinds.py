"""The kind of defect of magnetic_tile with half of the parts labelled: prints one JSON.

    python tests/benchmarks/kinds.py --data DIR (--workspace DIR --adapter ID | --minutes 12)
        [--by tile|file|both] [--ways region,whole] [--seeds 3] [--share 0.5] [--lora-minutes 0]
        [--cache FILE] [--threads 1]

Of the defective test parts one fold in five is measured, and of the others as many of each kind are
labelled as are half of all of it; every part is measured once. Macro F1 over the five kinds. `region` learns beside
the goods part, `whole` from whole pictures alone. --by tile parts no tile, as in real life; --by
file does, so that other exposures of a labelled tile are measured: that figure flatters.
--lora-minutes of each fold, where LoRA is to be tried too.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from tile_parts import answered, goods_adapter_of, labelled, read_once, the_parts, without_goods

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


def one_seed(work: dict[str, Any], groups: Any, seed: int, region: bool) -> dict[str, float]:
    from sklearn.metrics import f1_score

    from secondlook.training.folds import grouped_folds
    from secondlook.training.labelled import LabelledConfig, TuneConfig, learn_labelled

    options, kinds = work["options"], work["kinds"]
    classes = sorted(set(kinds))
    labels = np.array([classes.index(x) for x in kinds])
    readings = work["readings"] if region else without_goods(work["readings"])
    said, lora = np.zeros_like(labels), 0
    for number, out in enumerate(grouped_folds(labels, classes, groups, folds=FOLDS, seed=seed)):
        others = np.setdiff1d(np.arange(len(labels)), out)
        known = half(labels, groups, others, options.share, 100 * seed + number)
        cases = labelled(
            [work["files"][i] for i in known],
            [(kinds[i],) for i in known],
            [groups[i] for i in known],
        )
        learned = learn_labelled(
            cases, vision=work["vision"], text=None, classes=classes,
            config=LabelledConfig(
                seconds=60 * options.lora_minutes or 1e6,
                tune=TuneConfig() if options.lora_minutes else None,
                seed=seed,
            ),
            finder=work["adapter"].finder if region else None,
            readings=readings.only(known),
        )  # fmt: skip
        lora += learned.way == "lora"
        if learned.part.lora is None:
            said[out] = answered(learned.part, readings.only(out))[0].argmax(1)
        else:
            said[out] = [asked(work, learned.part, classes, i) for i in out.tolist()]
    return {
        "f1_macro": float(f1_score(labels, said, average="macro")),
        "accuracy": float((said == labels).mean()),
        **{f"f1_{x}": float(y) for x, y in zip(classes, _each(labels, said), strict=True)},
        "folds_with_lora": lora,
    }


def _each(labels: Any, said: Any) -> Any:
    from sklearn.metrics import f1_score

    return f1_score(labels, said, average=None)


def asked(work: dict[str, Any], part: Any, classes: list[str], row: int) -> int:
    from tile_parts import picture

    answer = part.answer(work["vision"], None, [picture(work["files"][row])()], ())
    return classes.index(max(answer.probabilities, key=answer.probabilities.get))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--adapter", default="defect-inspector/tile/1")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--by", choices=("tile", "file", "both"), default="both")
    parser.add_argument("--ways", default="region,whole")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--lora-minutes", type=float, default=0)
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
    cases = labelled(files, [(x,) for x in kinds], tiles)
    readings = read_once(cases, adapter, options.cache)
    bad = np.flatnonzero([x != "good" for x in kinds])
    work = {
        "options": options,
        "adapter": adapter,
        "files": [files[i] for i in bad],
        "kinds": [kinds[i] for i in bad],
        "readings": readings.only(bad),
        "vision": network_of(starter()),
    }
    numbers = {"tile": np.array(tiles)[bad], "file": np.arange(len(bad))}
    out: dict[str, Any] = {"parts": len(bad), "tiles": len(set(numbers["tile"].tolist()))}
    for by in ("tile", "file") if options.by == "both" else (options.by,):
        for way in options.ways.split(","):
            rows = [one_seed(work, numbers[by], x, way == "region") for x in range(options.seeds)]
            table = {x: round(float(np.mean([y[x] for y in rows])), 4) for x in rows[0]}
            table["f1_macro_spread"] = round(float(np.std([x["f1_macro"] for x in rows])), 4)
            out[f"{way}_by_{by}"] = table
            print(way, by, table, file=sys.stderr, flush=True)
    print(json.dumps({**out, "seconds": round(time.monotonic() - started)}, indent=2))


if __name__ == "__main__":
    main()
