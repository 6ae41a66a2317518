"""NIfTI volumes: the texts of the header are blanked, extensions dropped, voxels copied."""

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import Any

from secondlook.deid.pieces import Cleaned
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.volume import MAGIC_GZIP, Stream, read_header
from secondlook.settings import Limits

TEXTS = {
    348: ((4, 14), (14, 32), (148, 228), (228, 252), (328, 344)),
    540: ((240, 320), (320, 344), (508, 524), (525, 540)),
}
"""By size of the header, where free text stands: data_type and db_name (NIfTI-1 only), descrip,
aux_file, intent_name, and what is unused."""


def clean_nifti(path: Path, limits: Limits) -> Cleaned:
    """The volume without texts and without anything before or after its voxels but the header."""
    with path.open("rb") as raw:
        packed = raw.read(2) == MAGIC_GZIP
        raw.seek(0)
        stream: Stream = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            header = read_header(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            detail = f"Its header cannot be read ({type(error).__name__}); export it again."
            raise Refused(Reason.DAMAGED, detail) from None
    start = int(header["vox_offset"])
    end = start + prod(header.get_data_shape()) * header.get_data_dtype().itemsize
    head = _blanked(header)
    if end > max(limits.max_unpacked_bytes, limits.max_file_bytes):
        detail = f"The header states {mebibytes(end)}; see limits.max_unpacked_bytes."
        raise Refused(Reason.UNPACKS_TOO_LARGE, detail)
    if start < len(head):
        detail = f"Its voxels begin at byte {start}, inside of the header; export it again."
        raise Refused(Reason.DAMAGED, detail)
    return Cleaned((head, bytes(start - len(head)), (start, end)), packed=packed)


def _blanked(header: Any) -> bytes:
    block = bytearray(header.binaryblock)
    for begin, end in TEXTS[len(block)]:
        block[begin:end] = bytes(end - begin)
    return bytes(block)
