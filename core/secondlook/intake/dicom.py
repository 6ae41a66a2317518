"""DICOM files: what they are, and that the pixels of those that are pictures decode."""

import math
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID

from secondlook.cases import Role
from secondlook.intake.dicom_facts import dicom_facts
from secondlook.intake.dicom_header import check_deflated, open_header
from secondlook.intake.frames import iter_frames, render_frame, shown_frame
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.parsed import Parsed
from secondlook.intake.sniff import Format
from secondlook.intake.sop_classes import why_not_assessed
from secondlook.settings import Limits

END_OF_FRAMES = b"\xfe\xff\xdd\xe0"  # sequence delimitation item
RENDERED = 2**20  # pixels that are enough to see that the display pipeline works
TAIL = 64


def read_dicom(path: Path, limits: Limits) -> Parsed:
    """Read the header, check the limits, decode every frame and render the one that is shown.

    Objects that are no picture to be looked at (reports, waveforms, plans, segmentations) are
    kept as Role.OTHER with the fact `not_assessed`.
    """
    check_deflated(path, limits)
    header, has_meta = open_header(path)
    if reason := why_not_assessed(header):
        facts = dicom_facts(header, has_meta, reason)
        return Parsed(Format.DICOM.value, Role.OTHER, facts)
    frames = _count_frames(header, limits)
    facts = dicom_facts(header, has_meta, None)
    syntax = UID(header.file_meta.TransferSyntaxUID)
    native = not syntax.is_compressed and not syntax.is_deflated
    if native and _lacks_end(path, header):
        raise _cut_short()
    _decode(path, header, frames)
    role = Role.VOLUME if frames > 1 else Role.IMAGE
    return Parsed(Format.DICOM.value, role, facts)


def _count_frames(header: Dataset, limits: Limits) -> int:
    frames = int(header.get("NumberOfFrames") or 1)
    one = int(header.Rows) * int(header.Columns)
    total = one * frames
    # Frames are decoded one at a time: one must be small enough, and all of them together.
    for size, name in ((one, "max_pixels"), (total, "max_voxels")):
        if size > getattr(limits, name):
            detail = (
                f"The header states {int(header.Columns)} x {int(header.Rows)} pixels x {frames} "
                f"frames; limits.{name} is {getattr(limits, name):,}."
            )
            raise Refused(Reason.TOO_MANY_PIXELS, detail)
    if total <= 0:
        detail = f"The header states {frames} frames of {header.Columns} x {header.Rows} pixels."
        raise Refused(Reason.DAMAGED, detail)
    return frames


def _decode(path: Path, header: Dataset, frames: int) -> None:
    try:
        _decode_all(path, header, frames)
    except NotImplementedError:
        name = UID(header.file_meta.TransferSyntaxUID).name
        detail = f"Pixels in the transfer syntax {name} are not read; store them uncompressed."
        raise Refused(Reason.UNSUPPORTED, detail) from None
    except (AttributeError, EOFError, RuntimeError, ValueError) as error:
        if _lacks_end(path, header):
            raise _cut_short() from None
        detail = f"The pixel data cannot be decoded ({type(error).__name__}); send the file again."
        raise Refused(Reason.DAMAGED, detail) from None


def _lacks_end(path: Path, header: Dataset) -> bool:
    """Whether a file is shorter than its pixels, or compressed pixels lack their end mark."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if UID(header.file_meta.TransferSyntaxUID).is_encapsulated:
            file.seek(max(0, size - TAIL))
            return END_OF_FRAMES not in file.read()
        file.seek(0)
        pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=[])
        return size - file.tell() < get_expected_length(header)


def _cut_short() -> Refused:
    detail = "The pixel data ends before its last frame; send the file again."
    return Refused(Reason.TRUNCATED, detail)


def _decode_all(path: Path, header: Dataset, frames: int) -> None:
    """Decode all frames, one at a time, and put the shown one through the whole pipeline."""
    for index, frame in enumerate(iter_frames(path, header, range(frames))):
        if frame.dtype.kind == "f" and not np.isfinite(frame).all():
            detail = f"Frame {index + 1} holds NaN or infinite values; export the series again."
            raise Refused(Reason.NOT_FINITE, detail)
        if index == shown_frame(frames):
            step = 1 + math.isqrt(frame.size // RENDERED)
            render_frame(frame[::step, ::step], header, index)
