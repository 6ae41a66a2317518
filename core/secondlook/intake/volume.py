"""NIfTI volumes, checked as a stream: memory does not grow with the volume."""

import gzip
import zlib
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import IO, Any, TypeAlias

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError

from secondlook.cases import Role
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.parsed import Parsed
from secondlook.intake.sniff import Format
from secondlook.intake.volume_facts import has_axes, volume_facts
from secondlook.settings import Limits

CHUNK = 4 * 2**20
LARGEST = 1e20
"""Of the scale in a header."""
MAGIC_GZIP = b"\x1f\x8b"
Stream: TypeAlias = IO[bytes] | gzip.GzipFile | BufferedReader


def read_volume(path: Path, limits: Limits) -> Parsed:
    """Check the header, then that every voxel is there and finite."""
    with path.open("rb") as raw:
        packed = raw.read(2) == MAGIC_GZIP
        raw.seek(0)
        stream: Stream = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            header = read_header(stream)
            _check_header(header, limits)
            unpacked = _check_voxels(stream, header)
            if packed:
                _check_rest(stream, unpacked, limits)
        except (EOFError, HeaderDataError, zlib.error, gzip.BadGzipFile) as error:
            raise _broken(error) from None
        return Parsed(Format.NIFTI.value, Role.VOLUME, volume_facts(header))


def read_header(stream: Stream) -> Any:
    """The NIfTI-1 or NIfTI-2 header at the start of a stream."""
    first = stream.read(4)
    is_two = 540 in (int.from_bytes(first, "little"), int.from_bytes(first, "big"))
    kind: Any = nibabel.Nifti2Header if is_two else nibabel.Nifti1Header
    size = 540 if is_two else 348
    block = first + _exactly(stream, size - len(first))
    return kind(block)


def _check_header(header: Any, limits: Limits) -> None:
    shape = header.get_data_shape()
    if not 2 <= len(shape) <= 5 or min(shape, default=0) < 1:
        raise Refused(Reason.DAMAGED, f"The header states the shape {shape}; 3 axes would work.")
    if prod(shape) > limits.max_voxels:
        detail = f"{prod(shape):,} voxels are stated; limits.max_voxels is {limits.max_voxels:,}."
        raise Refused(Reason.TOO_MANY_PIXELS, detail)
    kind = header.get_data_dtype()
    if kind.kind not in "iufV":
        detail = f"Voxels of type {kind.name} cannot be shown; convert them to numbers."
        raise Refused(Reason.UNSUPPORTED, detail)
    unpacked = prod(shape) * kind.itemsize
    if unpacked > max(limits.max_unpacked_bytes, limits.max_file_bytes):
        raise _too_large(unpacked, limits)
    if not np.isfinite(header.get_best_affine()).all():
        detail = "The orientation in the header is not finite; set qform or sform again."
        raise Refused(Reason.NOT_FINITE, detail)
    _check_scale(header)
    if not has_axes(header.get_best_affine()):
        detail = "The orientation in the header is flat: two axes coincide; set qform or sform."
        raise Refused(Reason.DAMAGED, detail)


def _check_scale(header: Any) -> None:
    """nibabel fails on some of these when voxels are read, and of others makes infinite values."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    scaled = np.isfinite(slope) and slope != 0  # else it is not used
    if scaled and not (abs(slope) <= LARGEST and abs(intercept) <= LARGEST):  # nor is one NaN
        detail = "The scale of the voxels is not finite or too large; save the volume again."
        raise Refused(Reason.NOT_FINITE, detail)


def _check_voxels(stream: Stream, header: Any) -> int:
    """Read all voxels in chunks. Returns the offset after the last one."""
    kind = header.get_data_dtype()
    offset = int(header["vox_offset"])
    left: int = prod(header.get_data_shape()) * kind.itemsize
    end = offset + left
    _exactly(stream, max(0, offset - int(header["sizeof_hdr"])))
    while left:
        chunk = _exactly(stream, min(left, CHUNK // kind.itemsize * kind.itemsize))
        left -= len(chunk)
        if kind.kind == "f" and not np.isfinite(np.frombuffer(chunk, kind)).all():
            detail = "The volume holds NaN or infinite voxels; replace them by a background value."
            raise Refused(Reason.NOT_FINITE, detail)
    return end


def _check_rest(stream: Stream, unpacked: int, limits: Limits) -> None:
    """Count what a packed file holds, to its checksum; never more than the limit is unpacked."""
    while True:
        if unpacked > limits.max_unpacked_bytes:
            raise _too_large(unpacked, limits)
        chunk = stream.read(CHUNK)
        if not chunk:
            return
        unpacked += len(chunk)


def _exactly(stream: Stream, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = stream.read(min(size - len(data), CHUNK))
        if not more:
            raise EOFError
        data += more
    return bytes(data)


def _too_large(unpacked: int, limits: Limits) -> Refused:
    detail = (
        f"The volume unpacks to at least {mebibytes(unpacked)}; "
        f"limits.max_unpacked_bytes is {mebibytes(limits.max_unpacked_bytes)}."
    )
    return Refused(Reason.UNPACKS_TOO_LARGE, detail)


def _broken(error: Exception) -> Refused:
    if isinstance(error, EOFError):
        detail = "The volume ends before its last voxel; copy the file again."
        return Refused(Reason.TRUNCATED, detail)
    detail = f"The volume cannot be read ({type(error).__name__}); export it again."
    return Refused(Reason.DAMAGED, detail)


def is_nifti2(stream: Stream) -> bool:
    """Whether a stream at its start holds NIfTI-2; it stands at its start again afterwards."""
    first = stream.read(4)
    stream.seek(0)
    return 540 in (int.from_bytes(first, "little"), int.from_bytes(first, "big"))
