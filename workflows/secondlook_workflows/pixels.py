"""Stored anomaly maps against ground-truth masks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from secondlook.cases import AnomalyMap, Assessment
from secondlook.maps import decode_map
from secondlook_workflows.measuring import Measured
from secondlook_workflows.metrics import Metrics, PixelMetrics

GOOD_SIZE = (224, 224)
"""Good parts have no mask whose size could be taken; (width, height)."""


def pixel_metrics(measured: Sequence[Measured], maps: Mapping[str, bytes]) -> Metrics:
    """pixel_auroc and aupro over all cases with one map; defective ones need a mask."""
    pairs = [(x, found) for x in measured if (found := _map(x.assessment))]
    usable = [(x, m) for x, m in pairs if x.labelled.mask or not x.labelled.labels]
    if not any(x.labelled.mask for x, _ in usable):
        metrics = Metrics()
        metrics.missing(("pixel_auroc", "aupro"), "the data has no masks, or no map was made")
        return metrics
    pixels = PixelMetrics(min(m.low for _, m in usable), max(m.high for _, m in usable))
    for item, evidence in usable:
        mask = _mask(item.labelled.mask) if item.labelled.mask else None
        width, height = (mask.shape[1], mask.shape[0]) if mask is not None else GOOD_SIZE
        scores = decode_map(maps[evidence.blob], evidence)
        large = Image.fromarray(scores).resize((width, height), Image.Resampling.BILINEAR)
        pixels.add(np.asarray(large), mask)
    return pixels.compute()


def _map(assessment: Assessment) -> AnomalyMap | None:
    return next(_maps(assessment), None)


def _maps(assessment: Assessment) -> Iterator[AnomalyMap]:
    everything = [*assessment.evidence, *(e for f in assessment.findings for e in f.evidence)]
    yield from (x for x in everything if isinstance(x, AnomalyMap))


def _mask(path: Path) -> NDArray[np.bool_]:
    with Image.open(path) as image:
        return np.asarray(image.convert("L")) > 127
