"""What the header of a NIfTI volume says, as facts of an attachment."""

from typing import Any

import nibabel
import numpy as np

from secondlook.cases import Facts
from secondlook.intake.series_geometry import (
    APART,
    CONFLICTING,
    MAINLY,
    MISSING,
    SEVERAL_VOLUMES,
    SHEARED,
    SQUARE,
    WIDE,
)

orientations: Any = nibabel.orientations  # without type hints


def volume_facts(header: Any) -> Facts:
    """Axes, size, spacing, and what is wrong with them. The affine must be one that has axes."""
    shape = (*header.get_data_shape(), 1)
    affine = header.get_best_affine()
    up = upward(affine)
    zooms = [float(x) for x in header.get_zooms()[:3]]
    problems = " ".join(_problems(header, affine))
    facts = {
        "axes": "".join(str(code) for code in orientations.aff2axcodes(affine)),
        "shape": "x".join(str(n) for n in header.get_data_shape()),
        "frames": int(shape[up]),
        "plane": "axial" if _directions(affine)[2, up] >= MAINLY else "oblique",
        "spacing_mm": " x ".join(f"{x:.4g}" for x in _beside(zooms, affine)),
        "slice_mm": round(zooms[up], 4) if up < len(zooms) else None,
        "voxel_type": header.get_data_dtype().name,
        "nifti": 2 if int(header["sizeof_hdr"]) == 540 else 1,
        "problems": problems or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def has_axes(affine: Any) -> bool:
    """Whether each axis of the voxels runs along an axis of the patient of its own."""
    with np.errstate(all="ignore"):
        found = orientations.io_orientation(affine)[:, 0]
    return bool(np.isfinite(found).all())


def _problems(header: Any, affine: Any) -> list[str]:
    found = []
    qform, sform = int(header["qform_code"]) > 0, int(header["sform_code"]) > 0
    if not qform and not sform:
        found.append(MISSING)  # readers then assume an orientation, not all of them the same
    if qform and sform and _codes(header.get_qform()) != _codes(header.get_sform()):
        found.append(CONFLICTING)
    signed = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if np.abs(signed.T @ signed - np.eye(3)).max() > SQUARE:
        found.append(SHEARED)
    up = upward(affine)
    if (*header.get_data_shape(), 1)[up] > 1 and abs(header.get_zooms()[up]) > WIDE:
        found.append(APART)
    if any(n > 1 for n in header.get_data_shape()[3:]):
        found.append(SEVERAL_VOLUMES)
    return found


def _codes(affine: Any) -> tuple[str | None, ...]:
    with np.errstate(all="ignore"):
        codes: tuple[str | None, ...] = orientations.aff2axcodes(affine)
    return codes


def _directions(affine: Any) -> Any:
    """How far each stored axis (column) runs along each axis of the patient (row), 0 to 1."""
    matrix = np.abs(affine[:3, :3])
    return matrix / np.linalg.norm(matrix, axis=0)


def _beside(zooms: list[float], affine: Any) -> list[float]:
    """The spacing of rows and of columns of a slice: along front-back and left-right."""
    patient = orientations.io_orientation(affine)[:, 0]
    return [zooms[i] for axis in (1, 0) for i in range(len(zooms)) if patient[i] == axis]


def upward(affine: Any) -> int:
    """The stored axis that runs from feet to head."""
    axes = orientations.io_orientation(affine)[:, 0]
    return int(np.flatnonzero(axes == 2)[0]) if (axes == 2).any() else 2
