"""JPEG of 12 bits (processes 2 and 4): a decoder for pydicom, which has none without GPL parts.

GDCM decodes it, to the same values as DCMTK; pydicom 3.0 does not ask it for more than 8 bits.
"""

import re
import struct
from importlib import import_module
from typing import Any

from pydicom.pixels.decoders.base import DecodeRunner, get_decoder
from pydicom.uid import JPEGExtended12Bit

FRAMES, SCAN = (0xC0, 0xC1), 0xDA  # markers of a sequential frame and of a scan
STRAY = re.compile(rb"\xff[^\x00\xd0-\xd9\xff]")  # a marker that no scan holds
LABEL = "gdcm of 12 bits"
DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("gdcm>=3.0.10",)}


def register() -> None:
    """Make pydicom use it; a second call does nothing."""
    decoder = get_decoder(JPEGExtended12Bit)
    if LABEL not in decoder.available_plugins:
        decoder.add_plugin(LABEL, (__name__, "decode_frame"))


def is_available(uid: str) -> bool:
    """Whether it decodes a transfer syntax; asked by pydicom."""
    return uid == JPEGExtended12Bit


def check_markers(src: bytes, size: tuple[int, int, int]) -> None:
    """Raises ValueError unless the segments of a JPEG follow each other up to one scan.

    GDCM ends the whole process on a stream where they do not.
    size: rows, columns and samples that the frame must have.
    """
    place, stated = 2, None
    while src[place : place + 1] == b"\xff" and src[place + 1] != SCAN:
        if src[place + 1] in FRAMES:
            stated = struct.unpack(">BHHB", src[place + 4 : place + 10])
        place += 2 + int.from_bytes(src[place + 2 : place + 4])
    if stated != (12, *size):
        raise ValueError(f"the JPEG is not one of 12 bits and of {size}: {stated}")
    if src[place + 1 : place + 2] != bytes([SCAN]) or STRAY.search(src, place + 2):
        raise ValueError("the segments of the JPEG do not follow each other")


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """One frame as little-endian words. Raises ValueError for what is no such frame."""
    check_markers(src, (runner.rows, runner.columns, runner.samples_per_pixel))
    gdcm: Any = import_module("gdcm")
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(src)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(str(runner.photometric_interpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    syntax = gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    bits = runner.bits_stored
    words = (runner.samples_per_pixel, runner.bits_allocated, bits, bits - 1)
    image.SetPixelFormat(gdcm.PixelFormat(*words, runner.pixel_representation))
    buffer: str | None = image.GetBuffer()
    if buffer is None:
        raise ValueError("the frame cannot be decoded")
    return buffer.encode("utf-8", "surrogateescape")
