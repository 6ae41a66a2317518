"""Stored pictures read for display, and small ones as bytes for the browser."""

import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from secondlook.cases import Attachment, Role
from secondlook.errors import IntakeError, SecondlookError
from secondlook_ui import workplace

THUMBNAIL = 160
"""Longest side of a small picture beside a similar case, for screens of two dots a pixel."""


def frames(attachment: Attachment) -> int:
    """How many slices or pages an attachment has."""
    count = attachment.facts.get("frames")
    return count if isinstance(count, int) and count > 1 else 1


def standing_frame(attachment: Attachment) -> int:
    """The frame that is assessed: the middle one of a volume, the first of anything else."""
    return frames(attachment) // 2 if attachment.role is Role.VOLUME else 0


def thumbnail(attachment: Attachment) -> bytes:
    """The standing frame, small, as PNG. Raises SecondlookError."""
    return _thumbnail(str(workplace.context().workspace.home), attachment.sha256, attachment)


def read(attachment: Attachment, frame: int) -> NDArray[np.uint8]:
    """One frame as (H, W, 3), by whatever plugin shows it. Raises SecondlookError."""
    try:
        pixels = _frame(attachment, frame)
    except SecondlookError:
        raise
    except Exception as error:  # a plugin's reader may raise anything; its words may quote content
        raise IntakeError(f"its reader failed with {type(error).__name__}") from error
    if pixels is None:
        raise IntakeError(f"no plugin shows files of type {attachment.media_type}")
    return pixels


@st.cache_resource(max_entries=256, show_spinner=False)
def _thumbnail(home: str, sha256: str, _attachment: Attachment) -> bytes:
    image = Image.fromarray(read(_attachment, standing_frame(_attachment)))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _frame(attachment: Attachment, frame: int) -> NDArray[np.uint8] | None:
    from secondlook.intake.pixels import read_frame

    context = workplace.context()
    path = context.workspace.blobs.path(attachment.sha256)
    if frame == standing_frame(attachment):
        return context.plugins.load_attachment(attachment, path)
    return read_frame(attachment, path, frame)
