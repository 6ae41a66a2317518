"""Makes files that break naive readers. Nothing here is stored: every file is built when needed.

Tests and the benchmark load this module by its path, as the tests are no package.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

WORD_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package'
    '.relationships+xml"/><Override PartName="/word/document.xml" ContentType="'
    f'{WORD_MAIN}"/></Types>'
)


def gradient(height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    """A picture whose sides all differ, so that a flip shows."""
    rows, columns = np.mgrid[:height, :width]
    picture: NDArray[np.uint8] = (rows * 2 + columns).astype(np.uint8)
    return picture


def empty(folder: Path) -> Path:
    """A file of no bytes."""
    return _write(folder / "empty.png", b"")


def truncated_jpeg(folder: Path) -> Path:
    """A JPEG cut off at two thirds."""
    return _write(folder / "cut.jpg", jpeg()[: len(jpeg()) * 2 // 3])


def jpeg() -> bytes:
    """A whole JPEG with some texture."""
    noise = np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    return photo(noise, "JPEG")


def photo(pixels: NDArray[np.generic], kind: str) -> bytes:
    """A picture file of a Pillow format."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def png_of_88_megapixels(folder: Path) -> Path:
    """11 KB of PNG: 1 bit a pixel, 9400 x 9400."""
    return _write(folder / "88mpx.png", flat_png(9400, 9400))


def png_of_400_megapixels(folder: Path) -> Path:
    """A PNG of 20000 x 20000."""
    return _write(folder / "400mpx.png", flat_png(20_000, 20_000))


def flat_png(width: int, height: int) -> bytes:
    """A black PNG of 1 bit a pixel, written without ever holding its pixels."""
    packer, body = zlib.compressobj(9), b""
    row = bytes(1 + (width + 7) // 8)
    for _ in range(height):
        body += packer.compress(row)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", body + packer.flush()), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def zip_bomb(folder: Path) -> Path:
    """A ZIP called .docx whose document unpacks to 300 MiB."""
    path = folder / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        with archive.open("word/document.xml", "w") as entry:
            for _ in range(300):
                entry.write(bytes(2**20))
    return path


def lying_zip(folder: Path) -> Path:
    """The same, but every size in it claims 10 bytes."""
    data = zip_bomb(folder).read_bytes()
    stated, claimed = struct.pack("<I", 300 * 2**20), struct.pack("<I", 10)
    return _write(folder / "lying.docx", data.replace(stated, claimed))


def pdf_bomb(folder: Path) -> Path:
    """A PDF whose page is one stream of 240 MB of blanks."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b" " * 10**6) for _ in range(240)) + packer.flush()
    return _write(folder / "bomb.pdf", pdf(b"/Filter /FlateDecode", body))


def pdf(filters: bytes, body: bytes) -> bytes:
    """A PDF of one page with the given content stream."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 5 0 R >>",
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(body), filters, body),
        b"<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def dicom(pixels: NDArray[np.uint16] | None = None, **values: Any) -> pydicom.FileDataset:
    """A CT picture as a dataset that can be written; `values` set further elements."""
    data = gradient().astype(np.uint16) if pixels is None else pixels
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID("1.2.826.0.1.3680043.8.498.1")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = pydicom.FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    elements = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Modality": "CT",
        "PatientName": "Doe^Jane",
        "StudyInstanceUID": "1.2.3.4",
        "SeriesInstanceUID": "1.2.3.4.5",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": data.shape[-2],
        "Columns": data.shape[-1],
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": data.tobytes(),
    }
    for name, value in (elements | values).items():
        setattr(dataset, name, value)
    return dataset


def dicom_bytes(dataset: pydicom.Dataset) -> bytes:
    """The dataset as a DICOM file."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def dicom_without_meta(folder: Path) -> Path:
    """A picture stored as a bare dataset: no preamble, no mark, no meta header."""
    whole = dicom_bytes(dicom())
    return _write(folder / "bare.dcm", whole[whole.index(b"\x08\x00\x16\x00UI") :])


def dicom_fragment(folder: Path) -> Path:
    """The first bytes of a bare dataset: no class, no picture."""
    return _write(folder / "fragment.dcm", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100")


def nifti(values: NDArray[np.generic], affine: NDArray[np.float64] | None = None) -> bytes:
    """A NIfTI-1 file."""
    import nibabel

    matrix = np.eye(4) if affine is None else affine
    image: Any = nibabel.Nifti1Image  # without type hints
    content: bytes = image(values, matrix).to_bytes()
    return content


def nifti_with_nan(folder: Path) -> Path:
    """A volume with one voxel that is not a number."""
    values = np.ones((8, 9, 10), np.float32)
    values[4, 4, 4] = np.nan
    return _write(folder / "nan.nii.gz", gzip.compress(nifti(values)))


def utf16(folder: Path) -> Path:
    """German text in UTF-16 with a byte order mark."""
    return _write(folder / "utf16.txt", "Prüfung der Oberfläche: Kratzer.\r\n".encode("utf-16"))


def latin1(folder: Path) -> Path:
    """German text in Latin-1."""
    return _write(folder / "latin1.txt", "Prüfung der Oberfläche: größer.\n".encode("latin-1"))


def link_loop(folder: Path) -> Path:
    """A folder that holds a link to itself."""
    loop = folder / "loop"
    loop.mkdir()
    (loop / "again").symlink_to(loop)
    return loop


def climbing_manifest(folder: Path) -> Path:
    """A manifest that names a file above its folder."""
    return _write(folder / "climbing.csv", b"case,image\n1,../../secret.png\n")


def manifest_without_column(folder: Path) -> Path:
    """A manifest with neither image nor note."""
    return _write(folder / "columns.csv", b"case,picture\n1,good.png\n")


def manifest_without_file(folder: Path) -> Path:
    """A manifest that names a file that is not there."""
    return _write(folder / "missing.csv", b"image\nnowhere.png\n")


def good(folder: Path) -> Path:
    """The neighbour that must be processed whatever lies beside it."""
    return _write(folder / "good.png", photo(gradient(), "PNG"))


FILES: dict[str, Callable[[Path], Path]] = {
    "empty file": empty,
    "truncated JPEG": truncated_jpeg,
    "PNG of 88 Mpx": png_of_88_megapixels,
    "PNG of 400 Mpx": png_of_400_megapixels,
    "zip bomb named .docx": zip_bomb,
    "zip bomb that claims 10 bytes": lying_zip,
    "PDF with a 240 MB stream": pdf_bomb,
    "DICOM without meta header": dicom_without_meta,
    "start of a DICOM without meta header": dicom_fragment,
    "NIfTI with NaN": nifti_with_nan,
    "text in UTF-16": utf16,
    "text in Latin-1": latin1,
}
"""Single files, by what is wrong with them."""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
