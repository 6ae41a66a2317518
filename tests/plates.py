"""Small made-up plates and their manual."""

from pathlib import Path

import numpy as np
from PIL import Image

from secondlook_workflows import ingest

MANUAL = """# Manual

1.1 Wipe the plate before inspection.

2.1 A dark hole or pore above 1 mm in the surface leads to scrap.

3.1 The packing list names the lot.
"""


def plate(seed: int, *, hole: bool = False) -> Image.Image:
    """A grey plate of 96 pixels with grain, and a dark hole where asked for."""
    grain = np.random.default_rng(seed).normal(150, 6, (96, 96))
    if hole:
        grain[40:56, 44:60] = 20
    return Image.fromarray(grain.clip(0, 255).astype(np.uint8))


def ingest_config(parts: Path) -> ingest.IngestConfig:
    """How the two plates are read."""
    return ingest.IngestConfig(
        domain="defect-inspector",
        sources=(parts,),
        records=(parts.parent / "manual.md",),
        product="plate",
    )
