"""Accepted attachments for a viewer: the values themselves, and how they are shown at first.

A picture of `pixels` is 8 bits of one window. Here the person chooses the window, so every value
is handed on: as codes of at most 16 bits with `value = code * slope + intercept`. The window that
comes with them gives, code for code, the picture that `pixels.read_frame` gives.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import Attachment, Role
from secondlook.errors import IntakeError
from secondlook.intake.aspect import possible, spacing_within, square_size
from secondlook.intake.sniff import Format
from secondlook.intake.stretch import CLIP, COUNTED

Shape = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
CODES = 2**16
PROJECTIONS = frozenset({"CR", "DX", "MG", "RF", "XA", "PX", "IO"})
"""Modalities whose millimetres hold at the detector, not inside of the patient."""
COLOUR = 3


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which values are shown from black to white, by PS3.3 C.11.2, in units of the value."""

    centre: float
    width: float
    shape: Shape = "LINEAR_EXACT"
    stated: bool = False
    """Whether the file says so; else it is found from the values."""


@dataclass(frozen=True, kw_only=True)
class Lie:
    """How a picture lies in the patient, as far as its file says."""

    pitch: tuple[float, float] | None = None
    """Millimetres from row to row, and from column to column."""
    aspect: float = 1.0
    """How much higher than wide a pixel is."""
    letters: tuple[str, str] | None = None
    """Where its columns and its rows run to, as `("L", "P")` for an axial slice."""
    position: float | None = None
    """Along the normal of the slice, in mm."""
    at_detector: bool = False
    """A projection."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One frame of an attachment."""

    codes: NDArray[np.uint8] | NDArray[np.uint16]
    """(H, W), or (H, W, 3) of 8 bits for colours."""
    window: Window
    slope: float = 1.0
    intercept: float = 0.0
    exact: bool = True
    """Whether the codes hold every value; else they are rounded to 1/65535 of the range."""
    table: NDArray[np.uint8] | None = None
    """Grey by code where the file shows its values by a lookup table, (65536,)."""
    inverted: bool = False
    """Whether low values are bright as the file is meant (MONOCHROME1)."""
    unit: str = ""
    lie: Lie = Lie()
    seen: tuple[int, int] | None = None
    """Height and width of the picture that models see and places are told on, whose pixels are
    square; None where it is that of the codes."""


def read_view(attachment: Attachment, content: Path, index: int) -> View | None:
    """Frame or slice `index`, in the order of `pixels.read_frame`; None for what has no values.

    That is a photograph, which `pixels` reads. Raises IntakeError, which quotes nothing of the
    file, if the stored bytes are not what intake accepted.
    """
    if attachment.role not in (Role.IMAGE, Role.VOLUME):
        return None
    try:
        match attachment.media_type:
            case Format.DICOM.value:
                from secondlook.intake.views_dicom import dicom_view

                return _seen(dicom_view(content, index), attachment)
            case Format.NIFTI.value:
                from secondlook.intake.views_volume import volume_view

                return _seen(volume_view(content, index), attachment)
            case _:
                return None
    except Exception as error:  # decoders raise nearly anything
        raise IntakeError(
            f"frame {index} of {attachment.sha256[:16]} ({attachment.media_type}) cannot be shown: "
            f"{type(error).__name__}; ingest the file again if the stored copy is damaged"
        ) from error


def _seen(view: View, attachment: Attachment) -> View:
    """With the size of the picture that models see, and without a pitch that cannot be."""
    lie, size = view.lie, (view.codes.shape[0], view.codes.shape[1])
    if lie.pitch and not possible(lie.pitch):
        lie = replace(lie, pitch=None, aspect=1.0)
    return replace(view, lie=lie, seen=square_size(size, spacing_within(attachment)))


def photo_view(picture: NDArray[np.uint8], lie: Lie | None = None) -> View:
    """A photograph (H, W, 3) as it is; one of greys as a single channel."""
    grey = bool((picture == picture[:, :, :1]).all())
    codes = np.ascontiguousarray(picture[:, :, 0]) if grey else picture
    return View(codes=codes, window=Window(centre=127.5, width=255.0), lie=lie or Lie())


def packed(values: NDArray[Any]) -> tuple[NDArray[Any], float, float, bool]:
    """Numbers as codes: the codes, slope, intercept, and whether nothing was lost."""
    if values.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(values), 1.0, 0.0, True
    least, most = float(values.min()), float(values.max())
    whole = values.dtype.kind in "iu" or bool((values == np.rint(values)).all())
    if whole and most - least < CODES:
        return (values - values.dtype.type(least)).astype(np.uint16), 1.0, least, True
    slope = (most - least) / (CODES - 1) or 1.0
    codes = np.rint((values.astype(np.float64) - least) / slope)
    return codes.astype(np.uint16), slope, least, False


def found_window(values: NDArray[Any], ignore: NDArray[np.bool_] | None = None) -> Window:
    """From percentile to percentile, as `stretch` does; a flat picture is black."""
    counted = values.ravel() if ignore is None or ignore.all() else values[~ignore]
    counted = counted[:: 1 + counted.size // COUNTED]
    low, high = (float(x) for x in np.percentile(counted, CLIP))
    if high <= low:
        low, high = float(counted.min()), float(counted.max())
    if high <= low:
        high = low + 1.0
    return Window(centre=(low + high) / 2, width=high - low)
