"""DICOM files: what they are, that their pixels decode, and facts that identify nobody."""

import hashlib
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from secondlook.cases import Facts, Role, Scalar
from secondlook.intake.frames import iter_frames, render_frame, shown_frame
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.parsed import Parsed
from secondlook.intake.sniff import Format
from secondlook.settings import Limits

END_OF_FRAMES = b"\xfe\xff\xdd\xe0"  # sequence delimitation item
RENDERED = 2**20  # pixels that are enough to see that the display pipeline works
TAIL = 64
CODE = re.compile(r"[A-Z0-9_ ]{1,16}")  # what the standard allows in a code string (VR CS)


def read_dicom(path: Path, limits: Limits) -> Parsed:
    """Read the header, check the limits, decode every frame and render the one that is shown.

    Datasets that carry no picture (reports, waveforms, plans) are kept as Role.OTHER.
    """
    _check_deflated(path, limits)
    header, has_meta = open_header(path)
    facts = _facts(header, has_meta)
    if "Rows" not in header or "Columns" not in header:
        return Parsed(Format.DICOM.value, Role.OTHER, facts)
    frames = _count_frames(header, limits)
    syntax = UID(header.file_meta.TransferSyntaxUID)
    native = not syntax.is_compressed and not syntax.is_deflated
    if native and _lacks_end(path, header):
        raise _cut_short()
    _decode(path, header, frames)
    role = Role.VOLUME if frames > 1 else Role.IMAGE
    return Parsed(Format.DICOM.value, role, facts)


def open_header(path: Path) -> tuple[Dataset, bool]:
    """Everything before the pixels, and whether the file has a meta header.

    Without one the transfer syntax is what the dataset parses as. Raises Refused(DAMAGED) for
    bytes that are no dataset.
    """
    header = pydicom.dcmread(path, force=True, stop_before_pixels=True, defer_size=2**22)
    has_meta = bool(header.file_meta.get("TransferSyntaxUID"))
    if not has_meta:
        if "SOPClassUID" not in header and not ("Rows" in header and "Columns" in header):
            detail = (
                "It begins like DICOM without a meta header, but holds no picture and no class."
            )
            raise Refused(Reason.DAMAGED, detail)
        header.file_meta.TransferSyntaxUID = _guess_syntax(header)
    return header, has_meta


def _guess_syntax(header: Dataset) -> UID:
    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_deflated(path: Path, limits: Limits) -> None:
    """Count what a deflated dataset unpacks to: pydicom would unpack all of it at once."""
    with path.open("rb") as file:
        if file.read(132)[128:] != b"DICM":
            return
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    unpacker, unpacked = zlib.decompressobj(wbits=-15), 0
    with path.open("rb") as file:
        file.seek(144 + int(meta.FileMetaInformationGroupLength))  # preamble, mark, length
        while data := file.read(2**16):
            while data and not unpacker.eof:
                unpacked += len(unpacker.decompress(data, 2**20))
                data = unpacker.unconsumed_tail
                if unpacked > limits.max_unpacked_bytes:
                    limit = mebibytes(limits.max_unpacked_bytes)
                    detail = f"It unpacks to more than limits.max_unpacked_bytes, {limit}."
                    raise Refused(Reason.UNPACKS_TOO_LARGE, detail)


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
    for index, frame in enumerate(iter_frames(path, header, frames)):
        if frame.dtype.kind == "f" and not np.isfinite(frame).all():
            detail = f"Frame {index + 1} holds NaN or infinite values; export the series again."
            raise Refused(Reason.NOT_FINITE, detail)
        if index == shown_frame(frames):
            step = 1 + math.isqrt(frame.size // RENDERED)
            render_frame(frame[::step, ::step], header, index)


def _facts(header: Dataset, has_meta: bool) -> Facts:
    syntax = UID(header.file_meta.TransferSyntaxUID)
    sop_class = UID(
        str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or "")
    )
    facts: dict[str, Scalar] = {
        "modality": _code(header, "Modality"),
        "sop_class": sop_class.name if sop_class != sop_class.name else None,
        "transfer_syntax": syntax.name if syntax != syntax.name else None,
        "rows": _number(header, "Rows"),
        "columns": _number(header, "Columns"),
        "frames": _number(header, "NumberOfFrames") or 1,
        "body_part": _code(header, "BodyPartExamined"),
        "view": _code(header, "ViewPosition"),
        "photometric": _code(header, "PhotometricInterpretation"),
        "burned_in": _code(header, "BurnedInAnnotation"),
        "study": _hash(header, "StudyInstanceUID"),
        "series": _hash(header, "SeriesInstanceUID"),
        "instance": _number(header, "InstanceNumber"),
    }
    if not has_meta:
        facts["meta_header"] = False
    return {name: value for name, value in facts.items() if value is not None}


def _code(header: Dataset, name: str) -> str | None:
    """A code string. Other text is dropped: it may be anything, and anybody's name."""
    value = header.get(name)
    return value if isinstance(value, str) and CODE.fullmatch(value) else None


def _number(header: Dataset, name: str) -> int | None:
    value: Any = header.get(name)
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _hash(header: Dataset, name: str) -> str | None:
    uid = header.get(name)
    return hashlib.sha256(str(uid).encode()).hexdigest()[:16] if uid else None
