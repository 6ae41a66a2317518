"""evaluate: how well an adapter does on labelled cases, through the same engine as always.

Nothing is stored but the run: the cases of a dataset are measured, not reviewed.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from secondlook.domain import Domain
from secondlook.errors import IntakeError, UsageError
from secondlook_workflows.abstained import abstained
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Dataset, from_folder
from secondlook_workflows.decided import from_decided
from secondlook_workflows.detailed import Detailed, detailed
from secondlook_workflows.evaluating import NAMES, RANKING, EvaluateConfig, EvaluateReport, Table
from secondlook_workflows.label_figures import FIGURES, LABEL_AUROC, label_figures
from secondlook_workflows.learning import unread, unread_lines
from secondlook_workflows.manifest_cases import from_manifest
from secondlook_workflows.measuring import Measurement, Measurer
from secondlook_workflows.metrics import Metrics, ranking, verdicts
from secondlook_workflows.pixels import pixel_metrics
from secondlook_workflows.prepared import KEY, case_key
from secondlook_workflows.questions import group
from secondlook_workflows.recorded import recorded
from secondlook_workflows.refitted import refitted
from secondlook_workflows.stored_adapters import load_adapter

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter

NEVER_SEEN = "each case was assessed by an adapter that was learned without it and its group"


def run(config: EvaluateConfig, context: Context) -> EvaluateReport:
    """Assess every labelled case and compare with its label."""
    started = time.monotonic()
    domain = context.plugins.domain(config.domain)
    with recorded("evaluate", config, context, seed=config.seed) as metrics:
        dataset = _read(config, domain, context)
        measurer = Measurer(dataset.cases, _adapters(config, dataset, context), context)
        report = _report(config, dataset, measurer, context.workspace.settings.limits.max_pixels)
        report.seconds = round(time.monotonic() - started, 2)
        metrics |= {"n": report.n, "adapter": report.adapter, **report.metrics}
    return report


def _read(config: EvaluateConfig, domain: Domain, context: Context) -> Dataset:
    sources = [x for x in (config.dataset, config.manifest) if x is not None]
    if len(sources) + config.decided != 1:
        raise UsageError("measure on exactly one of --dataset, --manifest and --decided")
    if missing := [x for x in sources if not x.exists()]:
        raise IntakeError(f"there is no {missing[0]} to measure on")
    if config.dataset is not None:
        dataset = from_folder(config.dataset, domain, context)
    elif config.manifest is not None:
        dataset = from_manifest(config.manifest, domain, context, whole=config.folds > 0)
    else:
        dataset = from_decided(domain, config.product, context)
    if not dataset.cases:
        where = sources[0] if sources else "this workspace"
        raise IntakeError(f"{where} holds no labelled case{unread(dataset.refused)}")
    return dataset


def _adapters(
    config: EvaluateConfig, dataset: Dataset, context: Context
) -> "Sequence[Adapter | None]":
    """For each case the adapter that looks at it."""
    if not config.folds:
        return [_adapter(config, context)] * len(dataset.cases)
    if config.folds < 2 or config.adapter:
        raise UsageError("--folds takes 2 or more, and learns its adapters itself: drop --adapter")
    return refitted(dataset.cases, config, context)


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
    if config.folds:
        total.notes.append(NEVER_SEEN)
    elif (seen := _learned_from(measurer.adapters, dataset)) is not None:
        total.notes.append(seen)
    if whole.judged:
        _merge(total, pixel_metrics(whole.cases, measurer.maps, max_pixels))
    ablated = measurer.ablations() if any(x.case.records for x in dataset.cases) else {}
    details = detailed(whole, ablated, config.seed)
    used = whole.cases[0].assessment.provenance
    return EvaluateReport(
        domain=config.domain,
        adapter=None if config.folds else used.adapter,
        backbone=", ".join(x.name for x in used.backbones) or None,
        n=len(whole.cases),
        metrics={x: total.values.get(x) for x in (*NAMES, *_further(total))},
        per_label=_per_label(whole, details),
        ablations=_ablations(ablated, total),
        groups=len({group(x.labelled) for x in whole.cases}),
        intervals=details.intervals,
        operating_point=details.operating_point,
        subgroups=details.subgroups,
        abstained=abstained(whole),
        notes=[*dataset.notes, *total.notes, *unread_lines(dataset.refused)],
        quarantined=len(dataset.refused),
        failed=whole.failed,
    )


def _further(total: Metrics) -> list[str]:
    """Figures beside the usual ones that could be computed."""
    return sorted(set(total.values) - set(NAMES))


def _learned_from(adapters: "Sequence[Adapter | None]", dataset: Dataset) -> str | None:
    """Whether these cases taught the adapter its labels; the card of one knows their number."""
    adapter = adapters[0] if adapters else None
    if adapter is None or adapter.card.answers is None:
        return None
    known = set(adapter.card.answers.learned_from)
    seen = sum(case_key(x.case)[:KEY] in known for x in dataset.cases)
    if not seen:
        return None
    return (
        f"{seen} of these {len(dataset.cases)} cases were learned from, so figures of labels are "
        "too good: measure on others, or with --folds"
    )


def _figures(measurement: Measurement) -> Metrics:
    figures = Metrics()
    labels = label_figures(measurement.cases)
    if measurement.judged:
        _merge(figures, ranking(measurement.truth, measurement.scores))
        _merge(figures, verdicts(measurement.truth, measurement.flagged))
    else:
        # Which label it is can be told, and measured, where nobody can tell whether there is one.
        names = RANKING if labels is not None else NAMES[:5]
        figures.missing(names, f"every case was abstained on: {measurement.abstained}")
    if labels is not None:
        _merge(figures, labels)
    elif measurement.judged:
        figures.missing(("ece",), "scores are not calibrated probabilities")
    return figures


def _merge(into: Metrics, part: Metrics) -> None:
    into.values |= part.values
    into.notes += part.notes


def _per_label(whole: Measurement, details: Detailed) -> dict[str, Table]:
    """Each label against the cases without any; by its own probability, against all others."""
    labels = sorted({label for x in whole.cases for label in x.labelled.labels})
    return {x: {**_one_label(whole, x), **details.per_label.get(x, {})} for x in labels}


def _one_label(whole: Measurement, label: str) -> Table:
    has = np.array([label in x.labelled.labels for x in whole.cases])
    part = has | ~whole.truth
    figures = ranking(has[part], whole.scores[part]).values
    return {"n": int(has.sum()), "recall": float(whole.flagged[has].mean()), **figures}


def _shown(figures: Metrics) -> list[str]:
    """Figures of labels, where there are some."""
    return [
        x for x in (*FIGURES, LABEL_AUROC) if x in figures.values and LABEL_AUROC in figures.values
    ]


def _ablations(ablated: Mapping[str, Measurement], total: Metrics) -> dict[str, Table]:
    """The same figures with one modality taken away; the measurements of that, if any."""
    names = ("image", "text", "shuffled_text")
    if not ablated:
        total.notes.append("ablations: no case has a record, so the whole is the image alone")
        whole: Table = {x: total.values.get(x) for x in (*RANKING, *_shown(total))}
        return dict(
            zip(names, (whole, dict.fromkeys(RANKING), dict.fromkeys(RANKING)), strict=True)
        )
    table: dict[str, Table] = {}
    for name, measurement in ablated.items():
        figures = _figures(measurement)
        table[name] = {x: figures.values.get(x) for x in (*RANKING, *_shown(figures))}
        total.notes += [f"{name} alone: {note}" for note in figures.notes]
    return table
