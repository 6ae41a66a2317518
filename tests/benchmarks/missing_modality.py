"""What a fused head is worth when a modality is absent: prints one JSON object.

    python tests/benchmarks/missing_modality.py [--seeds 10] [--covid DIR] [--vision starter|FOLDER]

The must: with a modality absent, at least as good as the head for the other one alone, less one
point. A made task needs both modalities; tests on 4000 fresh cases a seed. With --covid the chest
images of DIR (COVID-19 or other, notes masked, patients never parted): answers of grouped
cross-validation, a split of its own for each seed. Nothing is chosen on cases that are measured.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student

sys.path.append(str(Path(__file__).parents[1]))
from covid_features import CLASSES as COVID_CLASSES
from covid_features import CovidCases, covid_cases, named_vision
from made_tasks import CLASSES, both_needed
from secondlook.models.calibration.temperature import Temperature
from secondlook.models.fusion.head import FusionName
from secondlook.models.fusion.inputs import Batch, presence, with_presence, without
from secondlook.training.crossval import CrossvalConfig, LearnedHead, learn_head
from secondlook.training.crossval_figures import figures
from secondlook.training.heads import HeadConfig, HeldOut, logits_of, train_head

CASES, FRESH = 400, 4000
SHARES = (0.0, 0.3, 0.7, 1.0)
KINDS: tuple[FusionName, ...] = ("gated", "concat", "weighted", "bottleneck")
ALLOWED = 1.0  # points


def made(seeds: int) -> dict[str, object]:
    """Every kind of fusion on the made task, against heads for one modality."""
    rows: dict[str, list[dict[str, float]]] = {x: [] for x in KINDS}
    for seed in range(seeds):
        single = {x: _single(x, seed) for x in ("image", "text")}
        for kind in KINDS:
            rows[kind].append(_made_row(kind, seed) | {f"{x}_alone": y for x, y in single.items()})
        print(f"made {seed + 1}/{seeds}", file=sys.stderr)
    return {kind: _compare(x, ("image", "text")) for kind, x in rows.items()}


def _single(name: str, seed: int) -> float:
    features, labels = both_needed(CASES, seed)
    stop, stop_labels = both_needed(CASES // 4, 1000 + seed)
    fresh, truth = both_needed(FRESH, 2000 + seed)
    trained = train_head(
        {name: features[name]}, labels, classes=CLASSES, config=HeadConfig(seed=seed),
        held_out=HeldOut(features={name: stop[name]}, labels=stop_labels),
    )  # fmt: skip
    return _accuracy(logits_of(trained.head, {name: fresh[name]}), truth)


def _made_row(kind: FusionName, seed: int) -> dict[str, float]:
    features, labels = both_needed(CASES, seed)
    stop, stop_labels = both_needed(CASES // 4, 1000 + seed)
    fresh, truth = both_needed(FRESH, 2000 + seed)
    head = train_head(
        features, labels, classes=CLASSES, config=HeadConfig(seed=seed, fusion=kind),
        held_out=HeldOut(features=stop, labels=stop_labels),
    ).head  # fmt: skip
    row = {
        "full": _accuracy(logits_of(head, fresh), truth),
        "image_only": _accuracy(logits_of(head, without(fresh, "text")), truth),
        "text_only": _accuracy(logits_of(head, without(fresh, "image")), truth),
    }
    for name in ("image", "text"):
        for share in SHARES:
            logits = logits_of(head, _lacking(fresh, name, share, seed))
            row[f"{name}_missing_{share:.0%}"] = _accuracy(logits, truth)
    return row


def _lacking(batch: Batch, name: str, share: float, seed: int) -> Batch:
    present = presence(batch)
    gone = np.random.default_rng([seed, 5]).random(len(present)) < share
    present[:, list(batch).index(name)] &= torch.from_numpy(~gone)
    return with_presence(batch, present)


def covid(cases: CovidCases, seeds: int) -> dict[str, object]:
    """Grouped cross-validation on the chest images, a split and a start of its own a seed."""
    rows, chosen, largest = [], [], max(np.bincount(cases.labels)) / len(cases.labels)
    for seed in range(seeds):
        config = CrossvalConfig(head=HeadConfig(seed=seed))
        learned = learn_head(
            cases.features, cases.labels, classes=COVID_CLASSES, groups=cases.groups, config=config
        )
        rows.append(_covid_row(learned))
        chosen.append(learned.config.fusion)
        print(f"covid {seed + 1}/{seeds} {learned.seconds:.0f} s", file=sys.stderr)
    names = ("accuracy", "balanced_accuracy", "auroc")
    return {
        "cases": len(cases.labels),
        "patients": len(np.unique(cases.groups)),
        "with_note": int(cases.features["text"].present.sum()),
        "largest_label": round(100 * float(largest), 1),
        "chosen": {x: chosen.count(x) for x in chosen},
        **{x: _compare([r[x] for r in rows], ("image", "text")) for x in names},
    }


def _covid_row(learned: LearnedHead) -> dict[str, dict[str, float]]:
    """Points by figure and by what was shown."""
    names = {
        "full": "full", "image_only": "only_image", "text_only": "only_text",
        "image_alone": "image", "text_alone": "text", "late_average": "late_average",
        "shuffled_text": "shuffled_text",
    }  # fmt: skip
    return {
        figure: {x: 100 * (learned.ablations[y][figure] or 0) for x, y in names.items()}
        for figure in ("accuracy", "balanced_accuracy", "auroc")
    }


def _accuracy(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    found = figures(Temperature(pooled=1, cases=0).probabilities(logits), labels)["accuracy"]
    return 100 * (found or 0)


def _compare(rows: Sequence[dict[str, float]], names: Sequence[str]) -> dict[str, object]:
    """Means with 95 % intervals over seeds, and the fused head less the one for a modality."""
    table: dict[str, object] = {x: _interval([r[x] for r in rows]) for x in rows[0]}
    held = []
    for name in names:
        differences = [r[f"{name}_only"] - r[f"{name}_alone"] for r in rows]
        table[f"{name}_only_less_alone"] = _interval(differences)
        held.append(float(np.mean(differences)) >= -ALLOWED)
    return table | {"must_held": all(held)}


def _interval(values: Sequence[float]) -> str:
    """`mean (low .. high)`, at 95 % over seeds by Student's t."""
    mean, count = float(np.mean(values)), len(values)
    half = (
        float(student.ppf(0.975, count - 1) * np.std(values, ddof=1) / count**0.5)
        if count > 1
        else float("nan")
    )
    return f"{mean:.2f} ({mean - half:.2f} .. {mean + half:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="at least 2")
    parser.add_argument("--covid", type=Path, help="folder with cases.csv and images")
    parser.add_argument(
        "--vision", help="`starter` or a checkpoint folder; else an untrained network"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    outcome: dict[str, object] = {"seeds": options.seeds, "made": made(options.seeds)}
    if options.covid:
        vision = named_vision(options.vision)
        found = covid(covid_cases(options.covid, vision), options.seeds)
        outcome["covid"] = {"vision": vision.ref.name, "trained": vision.ref.trained} | found
    json.dump(outcome, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
