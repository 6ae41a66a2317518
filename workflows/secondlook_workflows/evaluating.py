"""What `evaluate` is asked, and what it says."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Table = dict[str, int | float | None]
Cells = dict[str, Any]
"""Figures by name, with intervals as pairs under `…_interval`; plain JSON."""
RANKING = ("auroc", "average_precision")
NAMES = (*RANKING, "f1_macro", "accuracy", "ece", "pixel_auroc", "aupro")


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """Exactly one of `dataset` (MVTec layout), `manifest` (CSV) and `decided`."""

    domain: str
    dataset: Path | None = None
    manifest: Path | None = None
    decided: bool = False
    """The cases that were decided in this workspace."""
    adapter: str | None = None
    product: str | None = None
    folds: int = 0
    """Learn anew on all but each of so many parts of the cases and measure on that part; 0
    measures an adapter that is there."""
    minutes: float = 12.0
    """For all learning with `folds`; 0 learns heads alone."""
    seed: int = 0


@dataclass(kw_only=True)
class EvaluateReport:
    """The fields of `evaluate --json`."""

    domain: str
    adapter: str | None
    backbone: str | None
    n: int
    metrics: Table
    per_label: dict[str, Table]
    ablations: dict[str, Table]
    groups: int = 0
    """How many patients (lots) the cases are of; a case by itself where nothing was said."""
    intervals: dict[str, Cells] = field(default_factory=dict)
    """By question (`anything`, or a label): auroc and average_precision with their 95 % intervals
    over resampled groups; under `ablations` the same with one modality taken away, and by how much
    the whole is better (`gain`)."""
    operating_point: dict[str, Cells] = field(default_factory=dict)
    """By question: sensitivity and specificity at the adapter's threshold, with Wilson intervals."""
    subgroups: dict[str, dict[str, dict[str, Cells]]] = field(default_factory=dict)
    """By fact (sex, age, view, modality), value and question; or why they are too few."""
    abstained: Cells = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    quarantined: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
