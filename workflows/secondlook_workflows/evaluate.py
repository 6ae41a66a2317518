"""evaluate: how well an adapter does on labelled cases, through the same engine as always.

Nothing is stored but the run: the cases of a dataset are measured, not reviewed.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from secondlook.domain import Domain
from secondlook.errors import IntakeError, UsageError
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Dataset, from_folder, from_manifest
from secondlook_workflows.learn import load_adapter
from secondlook_workflows.measuring import Measurement, Measurer
from secondlook_workflows.metrics import Metrics, ranking, verdicts
from secondlook_workflows.pixels import pixel_metrics
from secondlook_workflows.recorded import recorded

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter

RANKING = ("auroc", "average_precision")
NAMES = (*RANKING, "f1_macro", "accuracy", "ece", "pixel_auroc", "aupro")
Table = dict[str, int | float | None]


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """Exactly one of `dataset` (MVTec layout) and `manifest` (CSV)."""

    domain: str
    dataset: Path | None = None
    manifest: Path | None = None
    adapter: str | None = None
    product: str | None = None


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


def run(config: EvaluateConfig, context: Context) -> EvaluateReport:
    """Assess every labelled case and compare with its label."""
    started = time.monotonic()
    domain = context.plugins.domain(config.domain)
    with recorded("evaluate", config, context) as metrics:
        dataset = _read(config, domain, context)
        adapter = _adapter(config, context)
        max_pixels = context.workspace.settings.limits.max_pixels
        measurer = Measurer(dataset.cases, adapter, context)
        report = _report(config, dataset, measurer, max_pixels)
        report.seconds = round(time.monotonic() - started, 2)
        metrics |= {"n": report.n, "adapter": report.adapter, **report.metrics}
    return report


def _read(config: EvaluateConfig, domain: Domain, context: Context) -> Dataset:
    source = config.dataset or config.manifest
    if source is not None and not source.exists():
        raise IntakeError(f"there is no {source} to measure on")
    if config.dataset is not None:
        dataset = from_folder(config.dataset, domain, context)
    elif config.manifest is not None:
        dataset = from_manifest(config.manifest, domain, context)
    else:
        raise IntakeError("evaluate needs a dataset folder or a manifest")
    if not dataset.cases:
        raise IntakeError(f"{config.dataset or config.manifest} holds no labelled case")
    return dataset


def _adapter(config: EvaluateConfig, context: Context) -> "Adapter | None":
    """The adapter asked for; without product and adapter, the domain's only champion."""
    with context.workspace.database.read() as unit:
        if config.adapter:
            found = [unit.adapters.get(config.adapter)]
        elif config.product:
            champion = unit.adapters.champion(config.domain, config.product)
            found = [champion] if champion else []
        else:
            mine = (x for x in unit.adapters.all() if x.domain == config.domain)
            found = [x for x in mine if x.state == "champion"]
    if len(found) > 1:
        names = ", ".join(x.id for x in found)
        raise UsageError(f"{config.domain} has several champions; choose with --adapter: {names}")
    if found and found[0].domain != config.domain:
        raise UsageError(f"adapter {found[0].id} is not of {config.domain}")
    return load_adapter(found[0], context) if found else None


def _report(
    config: EvaluateConfig, dataset: Dataset, measurer: Measurer, max_pixels: int
) -> EvaluateReport:
    whole = measurer.whole()
    total = _figures(whole)
    if whole.judged:
        _merge(total, pixel_metrics(whole.cases, measurer.maps, max_pixels))
    total.missing(("ece",), "scores are not calibrated probabilities")
    used = whole.cases[0].assessment.provenance
    return EvaluateReport(
        domain=config.domain,
        adapter=used.adapter,
        backbone=", ".join(x.name for x in used.backbones) or None,
        n=len(whole.cases),
        metrics={x: total.values.get(x) for x in NAMES},
        per_label=_per_label(whole),
        ablations=_ablations(dataset, measurer, total),
        notes=[*dataset.notes, *total.notes],
        quarantined=dataset.quarantined,
        failed=whole.failed,
    )


def _figures(measurement: Measurement) -> Metrics:
    figures = Metrics()
    if not measurement.judged:
        figures.missing(NAMES[:4], "every case was abstained on: no adapter fits")
        return figures
    _merge(figures, ranking(measurement.truth, measurement.scores))
    _merge(figures, verdicts(measurement.truth, measurement.flagged))
    return figures


def _merge(into: Metrics, part: Metrics) -> None:
    into.values |= part.values
    into.notes += part.notes


def _per_label(whole: Measurement) -> dict[str, Table]:
    """Each label against the cases without any."""
    labels = sorted({label for x in whole.cases for label in x.labelled.labels})
    return {label: _one_label(whole, label) for label in labels}


def _one_label(whole: Measurement, label: str) -> Table:
    has = np.array([label in x.labelled.labels for x in whole.cases])
    part = has | ~whole.truth
    figures = ranking(has[part], whole.scores[part]).values
    return {"n": int(has.sum()), "recall": float(whole.flagged[has].mean()), **figures}


def _ablations(dataset: Dataset, measurer: Measurer, total: Metrics) -> dict[str, Table]:
    """The same figures with one modality taken away."""
    names = ("image", "text", "shuffled_text")
    if not any(x.case.records for x in dataset.cases):
        total.notes.append("ablations: no case has a record, so the whole is the image alone")
        whole: Table = {x: total.values.get(x) for x in RANKING}
        return dict(
            zip(names, (whole, dict.fromkeys(RANKING), dict.fromkeys(RANKING)), strict=True)
        )
    table: dict[str, Table] = {}
    for name, measurement in measurer.ablations().items():
        figures = _figures(measurement)
        table[name] = {x: figures.values.get(x) for x in RANKING}
        total.notes += [f"{name} alone: {note}" for note in figures.notes]
    return table
