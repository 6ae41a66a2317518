"""Stored pictures as bytes for the browser: read once, made smaller, drawn over, kept in bounds."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from secondlook.cases import Attachment, Role
from secondlook.errors import IntakeError, SecondlookError
from secondlook.evidence import AnomalyMap, Region
from secondlook.maps import decode_map
from secondlook_ui import colour, session
from secondlook_ui.colour import Span

LONGEST_SIDE = 1600
SHORTEST_SIDE = 700
"""Smaller pictures are drawn larger, so that boxes and numbers on them stay fine."""
THUMBNAIL = 160
"""Longest side of a small picture beside a similar case, for screens of two dots a pixel."""
LOSSLESS_PIXELS = 1_000_000
"""Up to here PNG; above it JPEG of high quality, which is made and sent ten times faster."""
INK, HALO = (0, 229, 255), (20, 20, 20)
"""Cyan on black: it is no colour of the map and stands on any ground."""


@dataclass(frozen=True)
class Picture:
    """One frame of an attachment at the size it is drawn; `scale` leads there from stored pixels."""

    pixels: NDArray[np.uint8]
    scale: float


@dataclass(frozen=True)
class Layers:
    """What is drawn over a picture."""

    regions: tuple[Region, ...] = ()
    map: AnomalyMap | None = None
    span: Span | None = None
    opacity: float = 0.0


def frames(attachment: Attachment) -> int:
    """How many slices or pages an attachment has."""
    count = attachment.facts.get("frames")
    return count if isinstance(count, int) and count > 1 else 1


def standing_frame(attachment: Attachment) -> int:
    """The frame that is assessed: the middle one of a volume, the first of anything else."""
    return frames(attachment) // 2 if attachment.role is Role.VOLUME else 0


def picture(attachment: Attachment, frame: int) -> Picture:
    """One frame for display. Raises IntakeError saying why it cannot be shown."""
    return _picture(str(session.workspace().home), attachment.sha256, frame, attachment)


def encoded(attachment: Attachment, frame: int, layers: Layers) -> bytes:
    """The picture with its layers as PNG or JPEG. Raises SecondlookError."""
    home = str(session.workspace().home)
    key = (layers.regions, layers.map, layers.span, layers.opacity)
    return _encoded(home, attachment.sha256, frame, repr(key), attachment, layers)


def thumbnail(attachment: Attachment) -> bytes:
    """The standing frame, small, as PNG. Raises SecondlookError."""
    return _thumbnail(str(session.workspace().home), attachment.sha256, attachment)


@st.cache_resource(max_entries=256, show_spinner=False)
def _thumbnail(home: str, sha256: str, _attachment: Attachment) -> bytes:
    image = Image.fromarray(_read(_attachment, standing_frame(_attachment)))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    return encode(np.asarray(image))


@st.cache_resource(max_entries=24, show_spinner=False)
def _picture(home: str, sha256: str, frame: int, _attachment: Attachment) -> Picture:
    pixels = _read(_attachment, frame)
    longest = max(pixels.shape[:2])
    scale = min(LONGEST_SIDE / longest, max(1.0, SHORTEST_SIDE // longest))
    if scale != 1:
        height, width = (max(1, round(x * scale)) for x in pixels.shape[:2])
        drawn = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
        pixels = np.asarray(drawn)
    return Picture(pixels, scale)


@st.cache_resource(max_entries=96, show_spinner=False)
def _encoded(
    home: str, sha256: str, frame: int, key: str, _attachment: Attachment, _layers: Layers
) -> bytes:
    shown = picture(_attachment, frame)
    pixels = shown.pixels
    if _layers.map is not None and _layers.span is not None:
        blob = session.workspace().blobs.path(_layers.map.blob).read_bytes()
        scores = decode_map(blob, _layers.map)
        pixels = colour.overlay(pixels, scores, _layers.span, _layers.opacity)
    return encode(draw(pixels, _layers.regions, shown.scale))


def _read(attachment: Attachment, frame: int) -> NDArray[np.uint8]:
    try:
        pixels = _frame(attachment, frame)
    except SecondlookError:
        raise
    except Exception as error:  # a plugin's reader may raise anything; its words may quote content
        raise IntakeError(f"its reader failed with {type(error).__name__}") from error
    if pixels is None:
        raise IntakeError(f"no plugin shows files of type {attachment.media_type}")
    return pixels


def _frame(attachment: Attachment, frame: int) -> NDArray[np.uint8] | None:
    from secondlook.intake.pixels import read_frame

    context = session.context()
    path = context.workspace.blobs.path(attachment.sha256)
    if frame == standing_frame(attachment):
        return context.plugins.load_attachment(attachment, path)
    return read_frame(attachment, path, frame)


def draw(pixels: NDArray[np.uint8], regions: Sequence[Region], scale: float) -> NDArray[np.uint8]:
    """Boxes around regions with their names, else numbers; a dark halo shows on any ground."""
    if not regions:
        return pixels
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    thick = max(1, round(max(pixels.shape[:2]) / 400))
    for number, region in enumerate(regions, start=1):
        left, top = region.left * scale, region.top * scale
        box = [left, top, left + region.width * scale, top + region.height * scale]
        wide = [box[0] - thick, box[1] - thick, box[2] + thick, box[3] + thick]
        pen.rectangle(wide, outline=HALO, width=3 * thick)
        pen.rectangle(box, outline=INK, width=thick)
        _label(pen, region.name or str(number), left, top, max(9, 9 * thick))
    return np.asarray(image)


def _label(pen: ImageDraw.ImageDraw, name: str, left: float, top: float, size: int) -> None:
    font = ImageFont.load_default(size)
    place = (left + size / 3, top + size / 6)
    pen.text(place, name, fill=INK, font=font, stroke_width=max(1, size // 8), stroke_fill=HALO)


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """PNG for small pictures, JPEG for large ones."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if pixels.shape[0] * pixels.shape[1] <= LOSSLESS_PIXELS:
        image.save(buffer, format="PNG", compress_level=1)
    else:
        image.save(buffer, format="JPEG", quality=93, subsampling=0)
    return buffer.getvalue()
