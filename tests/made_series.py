"""Makes series of slices through a phantom whose halves all differ, and reads them back."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook import Attachment, Stack, stacks_of
from secondlook.intake.dicom import read_dicom
from secondlook.intake.series_pixels import slices
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent / "core"))
import bad_files

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
AIR, BONE = -1000, 1000
LOW, HIGH = (8.0, -40.0, 16.0), (32.0, -20.0, 48.0)
"""Corners of the only bright box, in mm to the left, the back and the head: left, front, head."""


def phantom(points: NDArray[np.float64]) -> NDArray[np.int16]:
    """Hounsfield units at points (..., 3)."""
    inside = ((points > np.array(LOW)) & (points < np.array(HIGH))).all(axis=-1)
    return np.where(inside, BONE, AIR).astype(np.int16)


def write_slice(
    path: Path,
    cosines: Sequence[float],
    position: float,
    *,
    shift: Sequence[float] = (0, 0),
    size: tuple[int, int] = (64, 48),
    spacing: tuple[float, float] = (2.0, 2.5),
    **values: Any,
) -> Path:
    """One slice of a CT series, `position` mm along its normal; its middle is on the axis.

    shift: in mm along its rows and its columns. values: further elements.
    """
    row, column = np.array(cosines[:3], float), np.array(cosines[3:], float)
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    x, y = (x - size[1] / 2) * spacing[1] + shift[0], (y - size[0] / 2) * spacing[0] + shift[1]
    points = x[..., None] * row + y[..., None] * column + position * np.cross(row, column)
    stored = (phantom(points) + 1024).astype(np.uint16)
    elements = {
        "ImageOrientationPatient": [f"{x:.6g}" for x in cosines],
        "ImagePositionPatient": [f"{x:.6g}" for x in points[0, 0]],
        "PixelSpacing": [str(x) for x in spacing],
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
    }
    path.write_bytes(bad_files.dicom_bytes(bad_files.dicom(stored, **(elements | values))))
    return path


def write_series(
    folder: Path, positions: Sequence[float], cosines: Sequence[float] = AXIAL, **values: Any
) -> list[Path]:
    """A slice at each position; instance numbers run backwards, as nothing may rely on them."""
    folder.mkdir(parents=True, exist_ok=True)
    last = len(positions)
    return [
        write_slice(
            folder / f"{i}.dcm", cosines, position, **({"InstanceNumber": last - i} | values)
        )
        for i, position in enumerate(positions)
    ]


def attachment(path: Path) -> Attachment:
    """The file as intake takes it, named by its path."""
    parsed = read_dicom(path, Limits())
    return Attachment(
        sha256=str(path),
        name=path.name,
        media_type=parsed.media_type,
        size=path.stat().st_size,
        role=parsed.role,
        facts=parsed.facts,
    )


def stacks(paths: Sequence[Path]) -> tuple[Stack, ...]:
    """The stacks of these files, given in any order."""
    return stacks_of([attachment(x) for x in paths])


def values(stack: Stack) -> Iterator[NDArray[np.float32]]:
    """The slices of a stack whose attachments are named by their paths."""
    return slices(stack, lambda x: Path(x.sha256))


def box(stack: Stack) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the bright box lies in the patient, by the facts and pixels of a stack of files."""
    found = []
    for file, plane in zip(stack.attachments, values(stack), strict=True):
        cosines, origin, spacing = (
            np.array([float(x) for x in str(file.facts[name]).replace("x", " ").split()])
            for name in ("orientation", "origin", "spacing_mm")
        )
        y, x = np.nonzero(plane > 0)
        along = x[:, None] * spacing[1] * cosines[:3] + y[:, None] * spacing[0] * cosines[3:]
        found.append(origin + along)
    points = np.concatenate(found)
    return points.min(axis=0), points.max(axis=0)
