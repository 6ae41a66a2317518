"""From stored DICOM values to what a person sees.

The order of PS3.3 C.11 and PS3.4 N.2: modality LUT, VOI LUT or window, MONOCHROME1 inversion,
8 bits. Functional groups of enhanced objects are looked up per frame.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from secondlook.intake import jpeg12
from secondlook.intake.display import display_of, units_of
from secondlook.intake.lut import Lut
from secondlook.intake.stretch import stretch
from secondlook.intake.voi import apply_window, overlap, to_eight, window_of

MEASURED = frozenset({"CT", "MR", "PT"})
"""Modalities whose values are quantities: black on white is how they are shown, not what they are."""
UNSURE = frozenset({"MR", "PT"})
"""Modalities without a modality LUT by the standard (PS3.3 A.4, A.21), whose makers write a rescale
and windows all the same: of some in rescaled values (Philips MR), of some in stored ones."""
LARGEST = 1e20
"""Of a rescale; larger ones would make infinite values of the pixels."""
LUMA = (0.299, 0.587, 0.114)  # of red, green, blue (ITU-R BT.601)
jpeg12.register()


def shown_frame(frames: int) -> int:
    """Which frame stands for the whole: the middle one."""
    return frames // 2 if frames > 1 else 0


def iter_frames(path: Path, header: Dataset, indices: Sequence[int]) -> Iterator[NDArray[Any]]:
    """These frames, one at a time: (H, W) or (H, W, 3), colour as RGB."""
    source, options = _source(path, header)
    # Without indices pydicom 3.0 fails on JPEG-LS whose allocated bits are not all stored.
    yield from iter_pixels(source, indices=indices, **options)


def read_stored(path: Path, header: Dataset, index: int) -> NDArray[Any]:
    """One frame as stored: (H, W) or (H, W, 3), colour as RGB."""
    source, options = _source(path, header)
    return pixel_array(source, index=index, **options)


def _source(path: Path, header: Dataset) -> tuple[Any, dict[str, Any]]:
    """pydicom reads frames straight from a file, except from one that is deflated as a whole."""
    syntax = header.file_meta.TransferSyntaxUID
    if syntax == DeflatedExplicitVRLittleEndian:
        return pydicom.dcmread(path, force=True), {}
    return path, {"transfer_syntax_uid": syntax}


def render_frame(frame: NDArray[Any], header: Dataset, index: int) -> NDArray[np.uint8]:
    """A stored frame as a picture, uint8 (H, W, 3)."""
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        frame = apply_color_lut(frame, header)
        bits = 8 if frame.max(initial=0) <= 0xFF else 16
        return to_eight(frame, bits)
    if frame.ndim == 3:
        return to_eight(frame, int(header.get("BitsStored") or 8))
    unsure = header.get("Modality") in UNSURE
    grey = render_grey(frame, display_of(header, index), unsure=unsure)
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 255 - grey
    return np.repeat(grey[:, :, None], 3, axis=2)


def frame_values(frame: NDArray[Any], header: Dataset, index: int) -> NDArray[np.float32]:
    """A stored frame in the units of its modality (Hounsfield units for CT), float32 (H, W).

    Bright is more: MONOCHROME1 is inverted over what could be stored, except where values are
    quantities. Colours become their luminance.
    """
    kind = header.get("PhotometricInterpretation")
    if kind == "PALETTE COLOR":
        frame = apply_color_lut(frame, header)
    if frame.ndim == 3:
        return frame.astype(np.float32) @ np.array(LUMA, np.float32)
    units = units_of(header, index)
    values = in_units(frame, units).astype(np.float32)
    if kind == "MONOCHROME1" and header.get("Modality") not in MEASURED:
        ends = in_units(_storable(frame, header), units).astype(np.float32)
        return np.float32(ends.sum()) - values
    return values


def _storable(frame: NDArray[Any], header: Dataset) -> NDArray[Any]:
    """The least and the largest value that a pixel of the object can have."""
    if frame.dtype.kind == "f":
        return np.zeros(2, frame.dtype)
    bits = int(header.get("BitsStored") or 8 * frame.itemsize)
    low = -(2 ** (bits - 1)) if header.get("PixelRepresentation") == 1 else 0
    return np.array([low, low + 2**bits - 1], np.int64)


def render_grey(
    stored: NDArray[Any], display: Dataset, *, unsure: bool = False
) -> NDArray[np.uint8]:
    """Modality LUT, then VOI LUT or window; without either, the range of the frame itself.

    unsure: windows may be in stored values although there is a rescale; what fits them is shown.
    """
    values = in_units(stored, display)
    if display.get("VOILUTSequence"):
        table = Lut.from_item(display.VOILUTSequence[0])
        return to_eight(table.look_up(values), table.bits)
    window = window_of(display)
    if window and unsure and overlap(stored, *window) > 2 * overlap(values, *window):
        values = stored
    if window and overlap(values, *window) > 0:
        return apply_window(values, *window, str(display.get("VOILUTFunction") or "LINEAR"))
    return stretch(values, ignore=padding(stored, display))


def in_units(stored: NDArray[Any], display: Dataset) -> NDArray[Any]:
    """Stored values in the units of the modality (Hounsfield units for CT)."""
    if display.get("ModalityLUTSequence"):
        return Lut.from_item(display.ModalityLUTSequence[0]).look_up(stored)
    slope = float(display.get("RescaleSlope") or 1)
    intercept = float(display.get("RescaleIntercept") or 0)
    if (slope, intercept) == (1, 0):
        return stored
    if not (abs(slope) <= LARGEST and abs(intercept) <= LARGEST):  # nor is one NaN
        raise ValueError("the rescale of the object is not finite, or of no quantity there is")
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def padding(stored: NDArray[Any], display: Dataset) -> NDArray[np.bool_] | None:
    """Pixels outside the field of view, which must not stretch the range."""
    first = display.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = display.get("PixelPaddingRangeLimit")
    low, high = sorted((first, last if isinstance(last, int) else first))
    return (stored >= low) & (stored <= high)
