"""What `evaluate` is asked, and what it says."""

from dataclasses import dataclass, field
from pathlib import Path

Table = dict[str, int | float | None]
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
    notes: list[str] = field(default_factory=list)
    quarantined: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
