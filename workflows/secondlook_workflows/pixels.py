"""Stored anomaly maps against ground-truth masks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from secondlook.assessments import Assessment
from secondlook.evidence import AnomalyMap
from secondlook.maps import decode_map
from secondlook_workflows.measuring import Measured
from secondlook_workflows.metrics import Metrics, PixelMetrics

GOOD_SIZE = (224, 224)
"""Good parts have no mask whose size could be taken; (width, height)."""


def pixel_metrics(
    measured: Sequence[Measured], maps: Mapping[str, bytes], max_pixels: int
) -> Metrics:
    """pixel_auroc and aupro over all cases with one map; defective ones need a readable mask."""
    pairs = [(x.labelled, found) for x in measured if (found := _map(x.assessment))]
    masks = {x.case.id: _mask(x.mask, max_pixels) for x, _ in pairs if x.mask}
    usable = [(x, m) for x, m in pairs if not x.labels or masks.get(x.case.id) is not None]
    if not any(x.labels for x, _ in usable):
        metrics = Metrics()
        metrics.missing(("pixel_auroc", "aupro"), "the data has no masks, or no map was made")
        return metrics
    pixels = PixelMetrics(min(m.low for _, m in usable), max(m.high for _, m in usable))
    for labelled, evidence in usable:
        mask = masks.get(labelled.case.id)
        width, height = (mask.shape[1], mask.shape[0]) if mask is not None else GOOD_SIZE
        scores = decode_map(maps[evidence.blob], evidence)
        large = Image.fromarray(scores).resize((width, height), Image.Resampling.BILINEAR)
        pixels.add(np.asarray(large), mask)
    metrics = pixels.compute()
    unreadable = sum(x is None for x in masks.values())
    if unreadable:
        metrics.notes.append(f"{unreadable} masks cannot be read; their parts were left out")
    return metrics


def _map(assessment: Assessment) -> AnomalyMap | None:
    return next(_maps(assessment), None)


def _maps(assessment: Assessment) -> Iterator[AnomalyMap]:
    everything = [*assessment.evidence, *(e for f in assessment.findings for e in f.evidence)]
    yield from (x for x in everything if isinstance(x, AnomalyMap) and x.label is None)


def _mask(path: Path, max_pixels: int) -> NDArray[np.bool_] | None:
    """The mask as (H, W); None where it is no picture, or larger than a picture may be."""
    try:
        with Image.open(path, formats=("PNG", "JPEG", "BMP", "TIFF")) as image:
            if image.width * image.height > max_pixels:
                return None
            return np.asarray(image.convert("L")) > 127
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
