"""How far probabilities and conformal sets can be trusted: prints one JSON object.

    python tests/benchmarks/calibration.py [--seeds 20] [--covid DIR] [--vision starter|FOLDER]

ECE before and after calibration on held-out folds, each fold calibrated on the others; the must is
at most 0.05 after. Coverage of 90 % sets: a head is learned from 300 cases, calibrated on its
unseen answers, trained again on all, and asked 4000 fresh cases. The must: over the seeds, coverage
within what Beta(k, n + 1 - k) allows. `ece_of_perfect` is the ECE that probabilities without fault
would show by chance on as many cases.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import beta

sys.path.append(str(Path(__file__).parents[1]))
from covid_features import CLASSES as COVID_CLASSES
from covid_features import covid_cases, named_vision
from made_tasks import both_needed, few_cases
from secondlook.models.calibration import expected_calibration_error, fit_conformal
from secondlook.models.calibration.order import rank_for
from secondlook.models.fusion.inputs import take, without
from secondlook.training.crossval import CrossvalConfig, LearnedHead, learn_head
from secondlook.training.crossval_figures import answer_figures, cross_fitted
from secondlook.training.crossval_folds import Folds, answers
from secondlook.training.folds import grouped_folds
from secondlook.training.heads import HeadConfig, logits_of, train_head

CASES, FRESH, ALPHA = 300, 4000, 0.1
TASKS: dict[str, Callable[[int, int], tuple]] = {  # type: ignore[type-arg]
    "few_cases": few_cases,
    "both_needed": both_needed,
}


def config(seed: int) -> CrossvalConfig:
    head = HeadConfig(seed=seed, hidden=64)
    return CrossvalConfig(head=head, kinds=("gated",), alpha=ALPHA, ablations=False)


def made(task: str, seeds: int) -> dict[str, object]:
    """ECE and coverage on a made task, each seed with data of its own."""
    rows = []
    for seed in range(seeds):
        features, labels = TASKS[task](CASES, seed)
        fresh, truth = TASKS[task](FRESH, 1000 + seed)
        classes = [str(x) for x in range(labels.max() + 1)]
        learned = learn_head(features, labels, classes=classes, config=config(seed))
        row = ece_row(learned)
        for name, shown in (("fresh", fresh), ("image_only", without(fresh, "text"))):
            logits, names = logits_of(learned.head, shown), learned.head.patterns(shown)
            values = learned.calibration.probabilities(logits, names)
            sets = learned.calibration.sets(values, names)
            row[f"ece_{name}"] = expected_calibration_error(values, truth)
            row[f"coverage_{name}"] = float(sets[np.arange(FRESH), truth].mean())
            row[f"set_size_{name}"] = float(sets.sum(1).mean())
        rows.append(row)
        print(f"{task} {seed + 1}/{seeds}", file=sys.stderr)
    table: dict[str, object] = {k: spread(np.array([r[k] for r in rows])) for k in rows[0]}
    held = float(np.mean([r["ece"] for r in rows])) <= 0.05
    check = beta_check(np.array([r["coverage_fresh"] for r in rows]))
    return table | {"ece_must_held": held, "beta_fresh": check}


def over_trained(seeds: int) -> dict[str, object]:
    """ECE of heads that learned their cases by heart: every epoch, no case to tell when to stop."""
    rows = []
    for seed in range(seeds):
        features, labels = both_needed(2 * CASES, seed)
        classes, names = ("no", "yes"), np.arange(len(labels))
        parts = grouped_folds(labels, classes, seed=seed)
        folds = Folds(labels=labels, classes=classes, groups=names, parts=parts)
        kept = [np.delete(names, x) for x in parts]
        settings = HeadConfig(seed=seed, hidden=64, dropout=0, weight_decay=0)
        heads = [
            train_head(take(features, x), labels[x], classes=classes, config=settings) for x in kept
        ]
        figures = answer_figures(answers(features, folds, heads), folds, ALPHA)
        rows.append({x: figures[x] or 0 for x in ("ece_before", "ece", "coverage")})
    table: dict[str, object] = {k: spread(np.array([r[k] for r in rows])) for k in rows[0]}
    return table | {"ece_must_held": float(np.mean([r["ece"] for r in rows])) <= 0.05}


def exchangeable(seeds: int) -> dict[str, object]:
    """The law itself: one head, many draws of calibration cases, no folds."""
    features, labels = few_cases(CASES, 0)
    learned = learn_head(features, labels, classes=list("0123"), config=config(0))
    coverage = []
    for seed in range(seeds):
        sample, known = few_cases(CASES, 3000 + seed)
        fresh, truth = few_cases(FRESH, 4000 + seed)
        temperature = learned.calibration.temperature
        values = temperature.probabilities(logits_of(learned.head, sample))
        rule = fit_conformal(values, known, alpha=ALPHA)
        sets = rule.sets(temperature.probabilities(logits_of(learned.head, fresh)))
        coverage.append(float(sets[np.arange(FRESH), truth].mean()))
    return {"coverage": spread(np.array(coverage)), "beta": beta_check(np.array(coverage))}


def beta_check(coverage: NDArray[np.float64]) -> dict[str, object]:
    """Coverages of independent draws against Beta(k, n + 1 - k)."""
    rank = rank_for(1 - ALPHA, CASES)
    low, lower, high = (float(beta.ppf(x, rank, CASES + 1 - rank)) for x in (0.025, 0.05, 0.975))
    above = int((coverage >= lower).sum())
    return {
        "interval_95": [round(low, 4), round(high, 4)],
        "bound_95": round(lower, 4),
        "at_least_the_bound": f"{above} of {len(coverage)}",
        "within_the_interval": int(((coverage >= low) & (coverage <= high)).sum()),
        # Of 20 draws at 95 %, fewer than 17 above the bound happens once in sixty.
        "must_held": above >= np.floor(0.85 * len(coverage)) and coverage.mean() >= lower,
    }


def ece_row(learned: LearnedHead) -> dict[str, float]:
    unseen, metrics = learned.unseen, learned.metrics
    values = np.empty(unseen.logits.shape)
    for rows, calibration in cross_fitted(unseen, learned.folds):
        names = [unseen.patterns[i] for i in rows.tolist()]
        values[rows] = calibration.probabilities(unseen.logits[rows], names)
    return {
        "ece_before": metrics["ece_before"] or 0,
        "ece": metrics["ece"] or 0,
        "ece_of_perfect": perfect(values),
        "coverage_folds": metrics["coverage"] or 0,
        "temperature": learned.calibration.temperature.pooled,
    }


def perfect(values: NDArray[np.float64], draws: int = 200) -> float:
    """The mean ECE of labels drawn from the probabilities (N, C) themselves."""
    random = np.random.default_rng(0)
    steps = values.cumsum(1)
    labels = [(random.random((len(values), 1)) > steps[:, :-1]).sum(1) for _ in range(draws)]
    return float(np.mean([expected_calibration_error(values, x) for x in labels]))


def spread(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.4f} ({values.min():.4f} .. {values.max():.4f})"


def covid(folder: Path, vision: str | None, seeds: int) -> dict[str, object]:
    """ECE on the chest images, a split of its own for each seed."""
    backbone = named_vision(vision)
    cases = covid_cases(folder, backbone)
    rows = []
    for seed in range(seeds):
        learned = learn_head(
            cases.features, cases.labels, classes=COVID_CLASSES, groups=cases.groups,
            config=config(seed),
        )  # fmt: skip
        rows.append(ece_row(learned))
    (sets,) = learned.calibration.conformal[""]
    table: dict[str, object] = {k: spread(np.array([r[k] for r in rows])) for k in rows[0]}
    return table | {
        "ece_must_held": float(np.mean([r["ece"] for r in rows])) <= 0.05,
        "independent": sets.n,
        "coverage_lower": round(sets.coverage_lower, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--covid", type=Path, help="folder with cases.csv and images")
    parser.add_argument(
        "--vision", help="`starter` or a checkpoint folder; else an untrained network"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    outcome: dict[str, object] = {x: made(x, options.seeds) for x in TASKS}
    outcome["over_trained"] = over_trained(max(2, options.seeds // 4))
    outcome["exchangeable"] = exchangeable(options.seeds)
    if options.covid:
        outcome["covid"] = covid(options.covid, options.vision, options.seeds)
    json.dump(outcome, sys.stdout, indent=2, default=bool)


if __name__ == "__main__":
    main()
