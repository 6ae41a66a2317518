"""The header of a DICOM file, whatever its meta header lacks, and what a deflated one unpacks to."""

import warnings
import zlib
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.settings import Limits

CUT = "Unexpected end of file"  # as pydicom begins its remark
UNDEFINED = 0xFFFFFFFF  # the length of what ends with a mark


def open_header(path: Path) -> tuple[Dataset, bool]:
    """Everything before the pixels, and whether the file has a meta header.

    Without one the transfer syntax is what the dataset parses as. Raises Refused: DAMAGED for
    bytes that are no dataset, TRUNCATED for a header that ends within an element.
    """
    header = _read(path)
    has_meta = bool(header.file_meta.get("TransferSyntaxUID"))
    if not has_meta:
        if "SOPClassUID" not in header and not ("Rows" in header and "Columns" in header):
            detail = (
                "It begins like DICOM without a meta header, but holds no picture and no class."
            )
            raise Refused(Reason.DAMAGED, detail)
        header.file_meta.TransferSyntaxUID = _guess_syntax(header)
    return header, has_meta


def _read(path: Path) -> Dataset:
    """pydicom only remarks that a header ends too soon, and hands back what was there."""
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            header = pydicom.dcmread(path, force=True, stop_before_pixels=True, defer_size=2**22)
        except OSError as error:
            if error.errno is not None:
                raise
            raise _ends() from None  # pydicom's own, for a sequence without its next element
    if _is_short(header, path.stat().st_size) or any(
        str(x.message).startswith(CUT) for x in remarks
    ):
        raise _ends()
    return header


def _is_short(header: Dataset, size: int) -> bool:
    """Whether an element holds fewer bytes than it states: the last one of a file that was cut.

    Long ones are left in the file, which has `size` bytes unless it unpacks to more.
    """
    packed = header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    for raw in header.values():
        if not isinstance(raw, RawDataElement) or raw.length == UNDEFINED:
            continue
        left = None if packed else raw.value_tell + raw.length > size
        if left if raw.value is None else len(raw.value) < raw.length:
            return True
    return False


def _ends() -> Refused:
    return Refused(Reason.TRUNCATED, "The header ends within an element; send the file again.")


def _guess_syntax(header: Dataset) -> UID:
    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def check_deflated(path: Path, limits: Limits) -> None:
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
