"""Windows to choose from, by what made the picture."""

from typing import Any

Preset = dict[str, Any]
CT: tuple[Preset, ...] = (
    {"name": "Soft tissue", "centre": 40, "width": 400},
    {"name": "Lung", "centre": -600, "width": 1500},
    {"name": "Bone", "centre": 400, "width": 1800},
    {"name": "Brain", "centre": 40, "width": 80},
    {"name": "Liver", "centre": 60, "width": 160},
)
"""Centre and width in Hounsfield units, as they are customary."""
RANGE: Preset = {"name": "Full range", "auto": "range"}
STRETCH: Preset = {"name": "More contrast", "auto": "stretch"}


def presets(modality: str | None) -> list[Preset]:
    """What is offered beside the window that the picture comes with."""
    return [*(CT if modality == "CT" else ()), RANGE, STRETCH]
