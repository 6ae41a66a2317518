"""What a fused linear head is worth where a modality says little or nothing: prints one JSON object.

    python tests/benchmarks/useless_modality.py [--seeds 8] [--cases 100,200]

Made tasks with known truth: vectors of 400 and 384 numbers with a falling spectrum, of which twelve
directions of each carry a signal of the strength that the task gives it; few cases, and 3000 fresh
ones to measure on. The must: fused AUROC no more than 0.01 below the better of the heads for one
modality, as a mean over seeds. `interaction` is told by neither alone, which linear heads cannot.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

sys.path.append(str(Path(__file__).parents[1]))
from secondlook.models.fusion.inputs import ModalityBatch, pooled
from secondlook.training.crossval import CrossvalConfig, learn_head
from secondlook.training.heads import HeadConfig, logits_of

CLASSES = ("no", "yes")
SIZES = {"image": 400, "text": 384}
SIGNAL = slice(2, 14)
FRESH, BELOW = 3000, 0.01
TASKS: Mapping[str, tuple[float, float, float]] = {
    "text_useless": (2.0, 0.0, 0.0),
    "image_useless": (0.0, 2.0, 0.0),
    "both": (1.6, 1.6, 0.0),
    "weak_text": (2.0, 0.7, 0.0),
    "weak_image": (0.7, 2.0, 0.0),
    "interaction": (0.8, 0.8, 2.0),
}
"""How much image, text and the agreement of both tell."""
Task = tuple[dict[str, ModalityBatch], NDArray[np.int64]]


def made(name: str, cases: int, seed: int, fresh: bool = False) -> Task:
    """Features and labels (N,)."""
    random = np.random.default_rng([seed, cases, int(fresh)])
    told, vectors, signs = np.zeros(cases), {}, np.ones(cases)
    for i, (modality, size) in enumerate(SIZES.items()):
        turned = np.linalg.qr(np.random.default_rng(77 + i).normal(size=(size, size)))[0]
        weights = np.random.default_rng([seed, i]).normal(size=12)
        hidden = random.normal(size=(cases, size))
        told += TASKS[name][i] * hidden[:, SIGNAL] @ weights / np.linalg.norm(weights)
        signs *= np.sign(hidden[:, 3])
        vectors[modality] = pooled((hidden * np.arange(1, size + 1) ** -0.5) @ turned.T)
    told += TASKS[name][2] * signs
    return vectors, (told + random.logistic(size=cases) > 0).astype(np.int64)


def one(name: str, cases: int, seed: int) -> dict[str, float]:
    """AUROC of the fused head and of those for one modality, and what was left out."""
    features, labels = made(name, cases, seed)
    fresh, truth = made(name, FRESH, seed, fresh=True)
    config = CrossvalConfig(head=HeadConfig(seed=seed), kinds=("linear",), ablations=False)
    row = {}
    for key, names in (("fused", list(SIZES)), *((x, [x]) for x in SIZES)):
        shown = {x: features[x] for x in names}
        head = learn_head(shown, labels, classes=CLASSES, config=config).head
        said = np.diff(logits_of(head, {x: fresh[x] for x in names}))[:, 0]
        row[key] = float(roc_auc_score(truth, said))
        row |= {f"left_out_{x}": float(x in head.config.unused) for x in SIZES if key == "fused"}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--cases", default="100,200")
    parser.add_argument("--tasks", default=",".join(TASKS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    table: dict[str, dict[str, object]] = {}
    for name in options.tasks.split(","):
        for cases in map(int, options.cases.split(",")):
            rows = [one(name, cases, x) for x in range(options.seeds)]
            means = {x: float(np.mean([r[x] for r in rows])) for x in rows[0]}
            behind = means["fused"] - max(means["image"], means["text"])
            found = {x: round(y, 4) for x, y in means.items()}
            table[f"{name}_{cases}"] = found | {"fused_less_best": round(behind, 4),
                                                "must": behind >= -BELOW}  # fmt: skip
            print(f"{name} {cases}: {behind:+.4f}", file=sys.stderr, flush=True)
    json.dump({"seeds": options.seeds, "tasks": table}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
