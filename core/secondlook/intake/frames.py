"""From stored DICOM values to what a person sees.

The order of PS3.3 C.11 and PS3.4 N.2: modality LUT, VOI LUT or window, MONOCHROME1 inversion,
8 bits. Functional groups of enhanced objects are looked up per frame.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from secondlook.intake.lut import Lut
from secondlook.intake.stretch import stretch

GROUPS = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
)
TAGS = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)


def shown_frame(frames: int) -> int:
    """Which frame stands for the whole: the middle one."""
    return frames // 2 if frames > 1 else 0


def iter_frames(path: Path, header: Dataset, frames: int) -> Iterator[NDArray[Any]]:
    """All frames, one at a time: (H, W) or (H, W, 3), colour as RGB."""
    source, options = _source(path, header)
    # Without indices pydicom 3.0 fails on JPEG-LS whose allocated bits are not all stored.
    yield from iter_pixels(source, indices=range(frames), **options)


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
        return _to_eight(frame, bits)
    if frame.ndim == 3:
        return _to_eight(frame, int(header.get("BitsStored") or 8))
    grey = render_grey(frame, _display(header, index))
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 255 - grey
    return np.repeat(grey[:, :, None], 3, axis=2)


def render_grey(stored: NDArray[Any], display: Dataset) -> NDArray[np.uint8]:
    """Modality LUT, then VOI LUT or window; without either, the range of the frame itself."""
    values = _modality(stored, display)
    if display.get("VOILUTSequence"):
        table = Lut.from_item(display.VOILUTSequence[0])
        return _to_eight(table.look_up(values), table.bits)
    window = _window(display)
    if window and _meets(values, *window):
        return _apply_window(values, *window, str(display.get("VOILUTFunction") or "LINEAR"))
    return stretch(values, ignore=_padding(stored, display))


def _modality(stored: NDArray[Any], display: Dataset) -> NDArray[Any]:
    """Stored values in the units of the modality (Hounsfield units for CT)."""
    if display.get("ModalityLUTSequence"):
        return Lut.from_item(display.ModalityLUTSequence[0]).look_up(stored)
    slope = float(display.get("RescaleSlope") or 1)
    intercept = float(display.get("RescaleIntercept") or 0)
    if (slope, intercept) == (1, 0):
        return stored
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _display(header: Dataset, index: int) -> Dataset:
    """The display attributes that hold for one frame, as a flat dataset."""
    flat = Dataset()
    for source in _scopes(header, index):
        for tag in TAGS:
            if tag in source:
                flat[tag] = source[tag]
    return flat


def _scopes(header: Dataset, index: int) -> Iterator[Dataset]:
    """From the general to the special: the dataset, what frames share, the frame itself."""
    yield header
    shared = header.get("SharedFunctionalGroupsSequence") or ()
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or ()
    for group in (*shared[:1], *per_frame[index : index + 1]):
        for name in GROUPS:
            yield from (group.get(name) or ())[:1]


def _window(display: Dataset) -> tuple[float, float] | None:
    """The first window as (centre, width)."""
    pair = [display.get("WindowCenter"), display.get("WindowWidth")]
    first = [v[0] if isinstance(v, pydicom.multival.MultiValue) and v else v for v in pair]
    try:
        centre, width = float(str(first[0])), float(str(first[1]))
    except ValueError:
        return None
    return (centre, width) if width > 0 and np.isfinite([centre, width]).all() else None


def _meets(values: NDArray[Any], centre: float, width: float) -> bool:
    """A window that shows the whole frame as one black or white area helps nobody."""
    low, high = centre - width / 2, centre + width / 2
    return bool(values.max() > low and values.min() < high)


def _apply_window(
    values: NDArray[Any], centre: float, width: float, function: str
) -> NDArray[np.uint8]:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, onto 0 to 255."""
    x = values.astype(np.float32)
    if function == "SIGMOID":
        level = 1 / (1 + np.exp(np.clip(-4 * (x - centre) / width, -60, 60)))
    elif function == "LINEAR_EXACT" or width <= 1:
        level = (x - centre) / width + 0.5
    else:
        level = (x - (centre - 0.5)) / (width - 1) + 0.5
    grey: NDArray[np.uint8] = np.rint(np.clip(level, 0, 1) * 255).astype(np.uint8)
    return grey


def _to_eight(levels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Values of a bit depth onto 0 to 255."""
    top = 2**bits - 1
    if top == 255 and levels.dtype == np.uint8:
        return np.ascontiguousarray(levels)
    scaled = np.clip(levels.astype(np.float32) * (255 / top), 0, 255)
    eight: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return eight


def _padding(stored: NDArray[Any], display: Dataset) -> NDArray[np.bool_] | None:
    """Pixels outside the field of view, which must not stretch the range."""
    first = display.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = display.get("PixelPaddingRangeLimit")
    low, high = sorted((first, last if isinstance(last, int) else first))
    return (stored >= low) & (stored <= high)
