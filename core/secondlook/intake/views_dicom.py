"""DICOM frames for a viewer. The order of steps is that of `frames.render_grey`."""

import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from secondlook.intake.dicom_header import open_header
from secondlook.intake.display import display_of
from secondlook.intake.frames import UNSURE, in_units, padding, read_stored, render_frame
from secondlook.intake.lut import Lut
from secondlook.intake.series_frames import frame_order, items, numbers, places_of
from secondlook.intake.series_geometry import Place, Vector
from secondlook.intake.views import (
    CODES,
    PROJECTIONS,
    Lie,
    View,
    Window,
    found_window,
    packed,
    photo_view,
)
from secondlook.intake.voi import overlap, to_eight, window_of

AXES = (("L", "R"), ("P", "A"), ("S", "I"))
"""Where the axes of the patient point, and away from."""
SECOND = 0.3
"""From this cosine on a second axis is named too."""
WORDS = {"H": "S", "F": "I"}
"""Letters of PatientOrientation that are written otherwise on pictures."""
HEADERS = 8


def dicom_view(path: Path, index: int) -> View:
    """Frame `index` in the order in which frames lie. Raises whatever decoders raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on every value out of order
        header, order, places = _opened(path)
        stored = order[index]
        frame = read_stored(path, header, stored)
        lie = _lie(header, stored, places[stored])
        if frame.ndim == 3 or header.get("PhotometricInterpretation") == "PALETTE COLOR":
            return photo_view(render_frame(frame, header, stored), lie)
        return replace(_grey(frame, header, stored), lie=lie)


@lru_cache(maxsize=HEADERS)
def _opened(path: Path) -> tuple[Dataset, list[int], list[Place | None]]:
    """Files are named by their content, so what was read of one holds."""
    header, _ = open_header(path)
    frames = int(header.get("NumberOfFrames") or 1)
    return header, frame_order(header, frames), places_of(header, frames)


def _grey(frame: NDArray[Any], header: Dataset, index: int) -> View:
    display = display_of(header, index)
    measured = not display.get("ModalityLUTSequence")
    values = in_units(frame, display)
    codes, slope, intercept, exact = packed(frame if measured else values)
    if measured:
        of, to = _rescale(display)
        slope, intercept = slope * of, intercept * of + to
    window, table = _shown(frame, values, display, unsure=header.get("Modality") in UNSURE)
    if table is not None:
        every = np.arange(CODES, dtype=np.float32) * np.float32(slope) + np.float32(intercept)
        greys = to_eight(table.look_up(every), table.bits)
    return View(
        codes=codes,
        slope=slope,
        intercept=intercept,
        exact=exact,
        window=window,
        table=None if table is None else greys,
        inverted=header.get("PhotometricInterpretation") == "MONOCHROME1",
        unit="HU" if header.get("Modality") == "CT" else "",
    )


def _rescale(display: Dataset) -> tuple[float, float]:
    return float(display.get("RescaleSlope") or 1), float(display.get("RescaleIntercept") or 0)


def _shown(
    stored: NDArray[Any], values: NDArray[Any], display: Dataset, *, unsure: bool
) -> tuple[Window, Lut | None]:
    """The window that shows what `render_grey` shows, or the table and the values it spans."""
    if display.get("VOILUTSequence"):
        table = Lut.from_item(display.VOILUTSequence[0])
        last = table.first + len(table.entries) - 1
        centre, width = (table.first + last) / 2, max(1.0, float(last - table.first))
        return Window(centre=centre, width=width, stated=True), table
    window = window_of(display)
    if window and unsure and overlap(stored, *window) > 2 * overlap(values, *window):
        return _in_units_of_values(_stated(window, display), display), None
    if window and overlap(values, *window) > 0:
        return _stated(window, display), None
    return found_window(values, padding(stored, display)), None


def _stated(window: tuple[float, float], display: Dataset) -> Window:
    shape = str(display.get("VOILUTFunction") or "LINEAR")
    known = shape if shape in ("SIGMOID", "LINEAR_EXACT") else "LINEAR"
    return Window(centre=window[0], width=window[1], shape=known, stated=True)  # type: ignore[arg-type]  # one of three


def _in_units_of_values(window: Window, display: Dataset) -> Window:
    """A window on stored values as the same one on rescaled values."""
    of, to = _rescale(display)
    if window.shape == "LINEAR" and window.width > 1:
        centre, width = window.centre - 0.5, window.width - 1
        return replace(window, centre=centre * of + to, width=width * of, shape="LINEAR_EXACT")
    return replace(window, centre=window.centre * of + to, width=window.width * of)


def _lie(header: Dataset, index: int, place: Place | None) -> Lie:
    at_detector = header.get("Modality") in PROJECTIONS
    scopes = [*items(header, index, "PixelMeasuresSequence"), header]
    found = [numbers(x, "PixelSpacing", 2) for x in scopes]
    if at_detector:
        found.append(numbers(header, "ImagerPixelSpacing", 2))
    pitch = next(((x[0], x[1]) for x in found if x and min(x) > 0), None)
    ratio = numbers(header, "PixelAspectRatio", 2) or (1.0, 1.0)
    return Lie(
        pitch=pitch,
        aspect=pitch[0] / pitch[1] if pitch else ratio[0] / ratio[1] if min(ratio) > 0 else 1.0,
        letters=_letters(header, place),
        position=None if place is None else round(place.position, 3),
        at_detector=at_detector,
    )


def _letters(header: Dataset, place: Place | None) -> tuple[str, str] | None:
    if place is not None:
        return _towards(place.orientation.row), _towards(place.orientation.column)
    stated = header.get("PatientOrientation")
    if not stated or isinstance(stated, str) or len(stated) != 2:
        return None
    right, down = ("".join(WORDS.get(x, x) for x in str(y)[:3]) for y in stated)
    fit = right and down and set(right + down) <= set("LRPASI")
    return (right, down) if fit else None


def _towards(way: Vector) -> str:
    order = sorted(range(3), key=lambda x: -abs(way[x]))[:2]
    named = [x for n, x in enumerate(order) if n == 0 or abs(way[x]) >= SECOND]
    return "".join(AXES[x][0] if way[x] > 0 else AXES[x][1] for x in named)
