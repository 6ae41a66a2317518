"""Files with identifiers planted in every place that they may stand in. All of them are made up.

Tests and the benchmark plant them, take them in, and look for them in every byte that was kept.
"""

import contextlib
import gzip
import io
import json
import struct
import sys
import textwrap
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image, PngImagePlugin
from pydicom import Dataset, Sequence
from pydicom.datadict import DicomDictionary
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

sys.path.append(str(Path(__file__).parent / "core"))
import bad_files

FAMILY, GIVEN, NUMBER = "Quillfeather", "Zebedine", "QF4711883"
PATIENT = f"{FAMILY}^{GIVEN}"
BIRTH, SEEN = "19570314", "20190823"
DOCTOR = "Hornswoggle^Ignatius"
HOSPITAL = "Vexillum Infirmary"
ADDRESS = "17 Pumpernickel Lane"
PHONE = "555-867-5309"
ACCESSION = "ACC99823712"
STUDY = "1.2.840.99999.4711.1"
MAIL = "zeb@quillmail.example"
IDENTIFIERS = (
    FAMILY, GIVEN, NUMBER, BIRTH, SEEN, "Hornswoggle", "Ignatius", "Vexillum", "Pumpernickel",
    "867-5309", ACCESSION, "1.2.840.99999.4711", "quillmail", "Thistlewood", "14.03.1957",
    "03/14/1957", "1957-03-14", "14 March 1957", "2019-08-23", "August 23, 2019", "SKV-VEX-CT01",
)  # fmt: skip
"""What must not be found anywhere. Thistlewood is in no header: only a title announces it."""
SENTENCE = (
    f"Indication: {GIVEN} {FAMILY} (MRN {NUMBER}, born 14 March 1957, DOB 03/14/1957) of {ADDRESS}, "
    f"phone {PHONE}, {MAIL}, seen at {HOSPITAL} on 2019-08-23 by Dr. Thistlewood. "
    f"Mr {FAMILY} is a 93-year-old man with cough. Rule out pneumonia.\n"
    f"Findings: No pneumothorax. Heart size normal. Compared with August 23, 2019.\n"
    f"Signed by: Ignatius Hornswoggle, MD. Study {STUDY}.\n"
)
BY_KIND: dict[str, Any] = {
    "PN": DOCTOR, "LO": f"{FAMILY} at {HOSPITAL}", "SH": FAMILY, "LT": SENTENCE, "ST": SENTENCE[:900],
    "UT": SENTENCE, "UC": SENTENCE, "UR": f"http://{FAMILY.lower()}.example/{NUMBER}", "CS": "QUILLFEATHER",
    "AE": "QUILLFEATHER", "DA": SEEN, "DT": f"{SEEN}101112", "TM": "101112", "UI": f"{STUDY}.7",
    "OB": SENTENCE.encode(), "UN": SENTENCE.encode(), "AS": "093Y",
}  # fmt: skip
"""What is planted in an element, by its representation."""


def scan(number: int = 1, **values: Any) -> pydicom.FileDataset:
    """A CT picture whose header names everybody."""
    named = {
        "PatientName": PATIENT, "PatientID": NUMBER, "PatientBirthDate": BIRTH, "PatientSex": "F",
        "PatientAddress": ADDRESS, "PatientTelephoneNumbers": PHONE, "StudyDate": SEEN,
        "StudyTime": "101112.5", "SeriesDate": SEEN, "SeriesTime": "101500", "AcquisitionDateTime":
        f"{SEEN}101600.25", "AccessionNumber": ACCESSION, "InstitutionName": HOSPITAL,
        "InstitutionAddress": ADDRESS, "ReferringPhysicianName": DOCTOR, "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": f"{STUDY}.1", "SOPInstanceUID": f"{STUDY}.1.{number}",
        "FrameOfReferenceUID": f"{STUDY}.9", "StationName": "SKV-VEX-CT01", "OperatorsName": DOCTOR,
        "StudyDescription": f"Chest for {FAMILY}", "SeriesDescription": f"{GIVEN} axial",
        "ImageComments": SENTENCE, "Manufacturer": "ACME", "ManufacturerModelName": f"X {FAMILY}",
        "StudyID": "S1", "SeriesNumber": 1, "InstanceNumber": number, "ImageType": "ORIGINAL\\PRIMARY",
        "KVP": "120", "PatientPosition": "HFS", "PatientComments": SENTENCE,
        "ImagePositionPatient": [0, 0, number], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [1, 1], "SliceThickness": "1",
    }  # fmt: skip
    pixels = bad_files.gradient().astype(np.uint16) + number
    dataset = bad_files.dicom(pixels, **(named | values))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.SourceApplicationEntityTitle = "QUILLFEATHER"
    dataset.file_meta.PrivateInformationCreatorUID = UID(f"{STUDY}.5")
    dataset.file_meta.PrivateInformation = SENTENCE.encode()
    dataset.preamble = (FAMILY * 12).encode()[:128]
    return dataset


def _nested(dataset: Dataset) -> Dataset:
    """People and dates three sequences down, in elements that no table of top levels meets."""
    inner = Dataset()
    inner.PatientName, inner.PatientID, inner.PersonName = PATIENT, NUMBER, DOCTOR
    inner.StudyDate, inner.ReferencedSOPInstanceUID = SEEN, f"{STUDY}.1.1"
    inner.TextValue, inner.CodeMeaning, inner.DeviceSerialNumber = SENTENCE, FAMILY, NUMBER
    for _ in range(3):
        outer = Dataset()
        outer.ReferencedImageSequence = Sequence([inner])
        outer.InstitutionName, outer.AcquisitionDateTime = HOSPITAL, f"{SEEN}101112"
        inner = outer
    dataset.SourceImageSequence = Sequence([inner])
    dataset.RequestAttributesSequence = Sequence([inner])
    dataset.ReferencedPatientSequence = Sequence([inner])
    return dataset


def _private(dataset: Dataset) -> Dataset:
    block = dataset.private_block(0x0009, f"MAKER {FAMILY}", create=True)
    block.add_new(0x01, "PN", PATIENT)
    block.add_new(0x02, "LO", NUMBER)
    block.add_new(0x03, "UN", SENTENCE.encode())
    item = _nested(Dataset())
    block.add_new(0x04, "SQ", Sequence([item]))
    sequence = Dataset()
    sequence.private_block(0x0011, "ELSCINT1", create=True).add_new(0x01, "LT", SENTENCE)
    dataset.ReferencedStudySequence = Sequence([sequence])
    dataset.add_new(0x00191010, "UN", SENTENCE.encode())  # nobody owns this block
    return dataset


def _overlays(dataset: Dataset) -> Dataset:
    dataset.add_new(0x60000010, "US", 64)
    dataset.add_new(0x60000011, "US", 96)
    dataset.add_new(0x60000022, "LO", FAMILY)
    dataset.add_new(0x60003000, "OW", (FAMILY * 64).encode()[:768])
    dataset.add_new(0x60004000, "LT", SENTENCE)
    dataset.add_new(0x50003000, "OW", (FAMILY * 4).encode())
    dataset.add_new(0x50002500, "LO", FAMILY)
    return dataset


def _odd_places(dataset: Dataset) -> Dataset:
    dataset.add_new(0x00211001 & 0xFFFEFFFF | 0x00FE0000, "UN", SENTENCE.encode())
    dataset.add_new(0xFFFCFFFC, "OB", SENTENCE.encode())
    dataset.add_new(0x00282000, "OB", SENTENCE.encode())  # the ICC profile
    icon = Dataset()
    icon.Rows, icon.Columns, icon.PixelData = 2, 2, FAMILY.encode()
    icon["PixelData"].VR = "OB"
    dataset.IconImageSequence = Sequence([icon])
    signature = Dataset()
    signature.CertificateOfSigner, signature.DigitalSignatureUID = SENTENCE.encode(), f"{STUDY}.3"
    dataset.DigitalSignaturesSequence = Sequence([signature])
    dataset.ProtocolName, dataset.PatientInsurancePlanCodeSequence = FAMILY, Sequence([])
    return dataset


def _other_class(name: str, modality: str, **values: Any) -> pydicom.FileDataset:
    dataset = scan(Modality=modality, **values)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(name)
    for keyword in ("Rows", "Columns", "PixelData"):
        del dataset[keyword]
    return _nested(dataset)


def _report() -> pydicom.FileDataset:
    content = Dataset()
    content.RelationshipType, content.ValueType, content.TextValue = "CONTAINS", "TEXT", SENTENCE
    person = Dataset()
    person.RelationshipType, person.ValueType, person.PersonName = "CONTAINS", "PNAME", PATIENT
    person.ContentSequence = Sequence([content])
    return _other_class(
        "1.2.840.10008.5.1.4.1.1.88.11", "SR", ContentSequence=Sequence([person]),
        VerifyingObserverSequence=Sequence([person]), ValueType="CONTAINER",
    )  # fmt: skip


def _structures() -> pydicom.FileDataset:
    region = Dataset()
    region.ROINumber, region.ROIName, region.ROIDescription = 1, FAMILY, SENTENCE[:60]
    return _other_class(
        "1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT", StructureSetROISequence=Sequence([region]),
        StructureSetLabel=FAMILY,
    )  # fmt: skip


def _waveform() -> pydicom.FileDataset:
    remark = Dataset()
    remark.UnformattedTextValue = SENTENCE
    return _other_class(
        "1.2.840.10008.5.1.4.1.1.9.1.1", "ECG", WaveformAnnotationSequence=Sequence([remark])
    )


def _presentation() -> pydicom.FileDataset:
    text = Dataset()
    text.UnformattedTextValue = SENTENCE
    graphics = Dataset()
    graphics.TextObjectSequence, graphics.GraphicLayer = Sequence([text]), "QUILLFEATHER"
    return _other_class(
        "1.2.840.10008.5.1.4.1.1.11.1", "PR", GraphicAnnotationSequence=Sequence([graphics]),
        ContentCreatorName=DOCTOR, ContentLabel="QUILLFEATHER",
    )  # fmt: skip


def _document() -> pydicom.FileDataset:
    return _other_class(
        "1.2.840.10008.5.1.4.1.1.104.1", "DOC", BurnedInAnnotation="NO", DocumentTitle=FAMILY,
        EncapsulatedDocument=b"%PDF-1.4 " + SENTENCE.encode(), MIMETypeOfEncapsulatedDocument=
        "application/pdf",
    )  # fmt: skip


def _multi_frame() -> pydicom.FileDataset:
    """Enhanced MR: people and dates in functional groups."""
    dataset = _other_class("1.2.840.10008.5.1.4.1.1.4.1", "MR", NumberOfFrames=2)
    content = Dataset()
    content.FrameAcquisitionDateTime, content.FrameComments = f"{SEEN}101112", SENTENCE
    group = Dataset()
    group.FrameContentSequence = Sequence([content])
    dataset.PerFrameFunctionalGroupsSequence = Sequence([group, group])
    dataset.Rows, dataset.Columns, dataset.PixelData = 64, 96, bytes(64 * 96 * 4)
    return dataset


def _jpeg() -> pydicom.FileDataset:
    """Pixels as JPEG with a comment and EXIF inside."""
    dataset = scan(SamplesPerPixel=1, BitsAllocated=8, BitsStored=8, HighBit=7)
    stream = photo_with_texts("JPEG", bad_files.gradient())
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return dataset


def _in_syntax(syntax: str, dataset: pydicom.FileDataset) -> pydicom.FileDataset:
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def _accented() -> pydicom.FileDataset:
    return scan(SpecificCharacterSet="ISO_IR 192", OtherPatientNames=f"{FAMILY}^Zoë=Ünal^Ömer")


DICOM: dict[str, Callable[[], pydicom.FileDataset]] = {
    "plain": scan,
    "nested": lambda: _nested(scan()),
    "private": lambda: _private(scan()),
    "overlays": lambda: _overlays(scan()),
    "odd places": lambda: _odd_places(scan()),
    "implicit": lambda: _in_syntax(ImplicitVRLittleEndian, _private(_nested(scan()))),
    "big endian": lambda: _in_syntax(ExplicitVRBigEndian, _nested(scan())),
    "deflated": lambda: _in_syntax(DeflatedExplicitVRLittleEndian, _private(_nested(scan()))),
    "jpeg": _jpeg,
    "utf-8": _accented,
    "report": _report,
    "structures": _structures,
    "waveform": _waveform,
    "presentation": _presentation,
    "document": _document,
    "multi-frame": _multi_frame,
    "ultrasound, said to be clean": lambda: scan(Modality="US", BurnedInAnnotation="NO"),
}
"""Classes of objects and places in them."""
BURNED_IN: dict[str, Callable[[], pydicom.FileDataset]] = {
    "ultrasound": lambda: scan(Modality="US"),
    "angiography": lambda: scan(Modality="XA"),
    "other": lambda: scan(Modality="OT"),
    "capture": lambda: scan(SOPClassUID=UID("1.2.840.10008.5.1.4.1.1.7")),
    "flagged": lambda: scan(BurnedInAnnotation="YES"),
    "screen": lambda: scan(ImageType="DERIVED\\SECONDARY\\SCREEN SAVE"),
}
"""Pictures that may show a name."""


def everywhere() -> pydicom.FileDataset:
    """A scan with something planted in every element of the dictionary that can hold it."""
    dataset = scan()
    for tag, entry in DicomDictionary.items():
        vr = entry[0]
        free = vr in BY_KIND and tag >> 16 not in (0x0002, 0x0000, 0x0004, 0x0028, 0x7FE0)
        if free and tag not in dataset and tag & 0xFFFF and tag not in (0x00080001, 0x00080005):
            dataset.add_new(tag, vr, BY_KIND[vr])
    return dataset


def dicom_bytes(dataset: pydicom.FileDataset) -> bytes:
    """The dataset as a file, however wrong its values are."""
    buffer = io.BytesIO()
    with pydicom.config.disable_value_validation():
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def photo_with_texts(kind: str, pixels: "np.ndarray[Any, Any] | None" = None) -> bytes:
    """A photo with texts in all places that its format has for them."""
    image = Image.fromarray(bad_files.gradient() if pixels is None else pixels)
    exif = Image.Exif()
    exif[0x013B], exif[0x010E], exif[0x0112] = FAMILY, SENTENCE, 6
    exif.get_ifd(0x8769)[0x9286] = SENTENCE.encode()
    more: dict[str, Any] = {"exif": exif, "icc_profile": SENTENCE.encode()}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Patient", SENTENCE)
        info.add_text("Author", DOCTOR, zip=True)
        info.add_itxt("Comment", SENTENCE)
        more["pnginfo"] = info
    if kind == "JPEG":
        more |= {"comment": SENTENCE.encode(), "xmp": SENTENCE.encode(), "quality": 95}
    if kind == "BMP":
        more = {}
    if kind == "WEBP":
        more |= {"xmp": SENTENCE.encode(), "lossless": True}
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue() + SENTENCE.encode()  # behind its end


def volume_with_texts() -> bytes:
    """A NIfTI volume with texts in its header and an extension, packed under a name."""
    import nibabel

    image: Any = nibabel.Nifti1Image(
        np.arange(8 * 9 * 10, dtype=np.int16).reshape(8, 9, 10), np.eye(4)
    )
    image.header["descrip"], image.header["aux_file"] = f"{PATIENT} {NUMBER}", FAMILY
    image.header["db_name"], image.header["intent_name"] = FAMILY, FAMILY
    image.header["data_type"] = GIVEN
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", SENTENCE.encode()))
    buffer = io.BytesIO()
    with gzip.GzipFile(f"{FAMILY}.nii", "wb", fileobj=buffer) as file:
        file.write(image.to_bytes() + SENTENCE.encode())
    return buffer.getvalue()


def word() -> bytes:
    """A letter as DOCX, with its author."""
    import docx

    document = docx.Document()
    document.core_properties.author = FAMILY
    for line in SENTENCE.splitlines():
        document.add_paragraph(line)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pdf() -> bytes:
    """A letter as PDF, with its author."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.setAuthor(FAMILY)
    canvas.setTitle(SENTENCE)
    y = 800
    for line in (x for part in SENTENCE.splitlines() for x in textwrap.wrap(part, 70)):
        canvas.drawString(30, y, line)
        y -= 20
    canvas.save()
    return buffer.getvalue()


NOTES: dict[str, Callable[[], bytes]] = {
    "txt": lambda: SENTENCE.encode(),
    "md": lambda: f"# Report of {GIVEN} {FAMILY}\n\n{SENTENCE}".encode(),
    "html": lambda: f"<html><body><p>{SENTENCE}</p></body></html>".encode(),
    "json": lambda: (
        json.dumps(
            {"patient_name": f"{GIVEN} {FAMILY}", "mrn": NUMBER, "age": 93, "note": SENTENCE}
        )
    ).encode(),
    "docx": word,
    "pdf": pdf,
}
"""Notes by ending."""


def plant(folder: Path) -> Path:
    """Write everything below a folder that is called after the patient; returns it."""
    root = folder / f"{FAMILY}_{GIVEN}_{NUMBER}"
    for name, make in (DICOM | BURNED_IN).items():
        _write(root / "dicom" / f"{FAMILY} {name}.dcm", dicom_bytes(make()))
    for ending, note in NOTES.items():
        _write(root / "notes" / f"{FAMILY}-{ending}.dcm", dicom_bytes(_own_study(ending)))
        _write(root / "notes" / f"{FAMILY}-{ending}.{ending}", note())
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "WEBP"):
        _write(root / "photos" / f"{FAMILY}.{kind.lower()}", photo_with_texts(kind))
    _write(root / "volumes" / f"{PATIENT}.nii.gz", volume_with_texts())
    _write(root / "lone" / f"{FAMILY}.txt", SENTENCE.encode())
    _write(root / "bad" / f"{FAMILY}.png", b"")
    _write(root / "bad" / f"{FAMILY}.dcm", dicom_bytes(scan())[:-999])
    _write(root / "bad" / f"{FAMILY}.xyz", SENTENCE.encode("utf-16") + bytes(range(256)))
    return root


def plant_manifest(folder: Path) -> Path:
    """A manifest that calls cases, groups and files by names, with notes in it."""
    root = folder / f"{FAMILY}s"
    _write(root / f"{FAMILY}.png", photo_with_texts("PNG"))
    _write(root / f"{GIVEN}.dcm", dicom_bytes(scan(7)))
    _write(root / f"{GIVEN}.txt", SENTENCE.encode())
    note = SENTENCE.replace('"', '""')
    rows = [
        f'"{FAMILY}, {GIVEN}",{FAMILY}.png,,"{note}",{NUMBER}',
        f'{NUMBER},{GIVEN}.dcm,{GIVEN}.txt,"{note}",{NUMBER}',
        f'{GIVEN},,,"{note}",',
        f"{FAMILY},missing-{FAMILY}.png,,,",
    ]
    return _write(
        root / f"{FAMILY}.csv", "\n".join(["case,image,record,note,group", *rows]).encode()
    )


def _own_study(name: str) -> pydicom.FileDataset:
    number = 100 + zlib.crc32(name.encode()) % 800
    return scan(number, StudyInstanceUID=f"{STUDY}.{number}")


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def found_in(content: bytes) -> list[str]:
    """The identifiers that stand in some bytes, in any of the usual encodings."""
    both = content.lower()
    for unpack in (gzip.decompress, lambda x: zlib.decompress(x, -15)):
        with contextlib.suppress(OSError, EOFError, zlib.error):
            both += unpack(content).lower()
    return [x for x in IDENTIFIERS if any(y in both for y in _encoded(x.lower()))]


def _encoded(text: str) -> Iterator[bytes]:
    yield from (text.encode(x) for x in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"))
    yield struct.pack(f"<{len(text)}I", *map(ord, text))
