"""Whether saliency maps lie on the defects that decide the answer: prints one JSON object.

    python tests/benchmarks/explain.py TEST GROUND_TRUTH [--folds 3] [--per-class N] [--seed 0]

TEST and GROUND_TRUTH are those folders of magnetic_tile: pictures by class, and masks of the same
names. The types of defects are learned with the starter, head alone, on all folds but one, and the
pictures of that one are explained, for their true label. `hit` is the pointing game, the share of
maps that are highest on the mask (`near`: within 8 of 256 pixels of it), `mass` the mean share of
the map that lies on the mask; beside them the same of a place drawn at random and of the centre.
`known` counts the pictures that were answered rightly alone, `ratio` is the time of an explanation
in forward passes of the backbone.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

SIDE, NEAR = 256, 8


def load(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def mask_of(file: Path) -> NDArray[np.bool_]:
    with Image.open(file) as image:
        return np.asarray(image.convert("L").resize((SIDE, SIDE))) > 127


def looked(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> dict[str, float]:
    size = (SIDE, SIDE)
    large = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    near = binary_dilation(mask, iterations=NEAR)
    place, centre = np.unravel_index(large.argmax(), large.shape), (SIDE // 2, SIDE // 2)
    return {
        "hit": float(mask[place]),
        "near": float(near[place]),
        "mass": float(large[mask].sum() / max(large.sum(), 1e-12)),
        "random_hit": float(mask.mean()),
        "random_near": float(near.mean()),
        "centre_hit": float(mask[centre]),
        "centre_near": float(near[centre]),
    }


def explained(part: Any, vision: Any, picture: Any, label: str) -> tuple[Any, float, bool]:
    from secondlook.models.explain.saliency import saliency

    started = time.process_time()
    vision.image_features([picture])
    plain = time.process_time() - started
    answer = part.answer(vision, None, [picture], ()).probabilities
    started = time.process_time()
    (found,) = saliency(part, vision, None, [picture], (), label)
    took = time.process_time() - started
    return found.values, took / plain, max(answer, key=answer.__getitem__) == label


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    from secondlook.models import backbones
    from secondlook.models.goods import network_of
    from secondlook.training.folds import grouped_folds
    from secondlook.training.labelled import LabelledCase, LabelledConfig, learn_labelled

    vision = network_of(backbones.starter())
    classes = sorted(x.name for x in options.ground_truth.iterdir())
    files = [x for name in classes for x in sorted((options.test / name).iterdir())[: options.each]]
    labels = np.array([classes.index(x.parent.name) for x in files])
    keys = [hashlib.sha256(x.read_bytes()).hexdigest() for x in files]
    groups = np.unique(keys, return_inverse=True)[1]
    rows = []
    for out in grouped_folds(labels, classes, groups, folds=options.folds, seed=options.seed):
        known = [files[i] for i in np.setdiff1d(np.arange(len(files)), out).tolist()]
        cases = [
            LabelledCase(images=(load(x),), labels=(x.parent.name,), group=key, key=key)
            for x in known
            for key in [keys[files.index(x)]]
        ]
        config = LabelledConfig(tune=None, folds=3, seed=options.seed)
        learned = learn_labelled(cases, vision=vision, text=None, classes=classes, config=config)
        for file in (files[i] for i in out.tolist()):
            name = file.parent.name
            values, ratio, right = explained(learned.part, vision, load(file), name)
            masks = list((options.ground_truth / name).glob(f"{file.stem}*"))
            row = looked(values, mask_of(masks[0]))
            rows.append(row | {"label": name, "ratio": ratio, "right": right})
    return rows


def mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    names = [x for x in rows[0] if x not in ("label", "right", "ratio")] if rows else []
    return {x: round(float(np.mean([y[x] for y in rows])), 3) for x in names} | {"n": len(rows)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", type=Path)
    parser.add_argument("ground_truth", type=Path)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--per-class", type=int, dest="each")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    rows = measure(options)
    labels = sorted({x["label"] for x in rows})
    outcome = {
        "all": mean(rows),
        "known": mean([x for x in rows if x["right"]]),
        "by_label": {name: mean([x for x in rows if x["label"] == name]) for name in labels},
        "ratio": round(float(np.median([x["ratio"] for x in rows])), 2),
    }
    print(json.dumps(outcome, indent=2))


if __name__ == "__main__":
    main()
