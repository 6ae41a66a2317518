"""DICOM files: the profile applied to the header, the pixels copied as they are."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from secondlook.deid import values
from secondlook.deid.burned_in import check_pixels, check_radiograph
from secondlook.deid.dataset import Cleaner, Manner
from secondlook.deid.identity import Identity, first_text, read_identity
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.options import Option, method_codes
from secondlook.deid.pieces import Cleaned
from secondlook.deid.pixel_data import pixel_pieces, size_of_frames
from secondlook.deid.text import Redactor
from secondlook.intake.outcome import Reason, Refused

MADE_BY = UID("2.25.270695996825855179949881587723571202391")
VERSION = "SECONDLOOK 1"
METHOD = "secondlook: PS3.15 Annex E basic profile"
DAYS_OF_A_YEAR = 365.2425


@dataclass(frozen=True)
class Plan:
    """How files are cleaned in a workspace."""

    pseudonyms: Pseudonyms
    options: frozenset[Option]
    checked: frozenset[str] = frozenset()
    """Modalities whose pixels somebody has looked at; `*` is all."""


def clean_dicom(path: Path, plan: Plan) -> Cleaned:
    """The file without what identifies. Raises Refused where that cannot be done."""
    with warnings.catch_warnings(), disable_value_validation(), path.open("rb") as file:
        warnings.simplefilter("ignore")  # remarks on values, some of which quote them
        header = pydicom.dcmread(file, force=True, stop_before_pixels=True)
        syntax = _syntax(header)
        deflated = syntax == DeflatedExplicitVRLittleEndian
        if deflated:
            file.seek(0)
            header, syntax = pydicom.dcmread(file, force=True), ExplicitVRLittleEndian
        if not deflated:
            check_radiograph(path, header, plan.checked)
        identity = clean_header(header, plan, syntax)
        if deflated:
            _cut_tail(header)
        pixels = () if deflated else pixel_pieces(file, syntax, size_of_frames(header))
        return Cleaned((_written(header), *pixels), identity)


def clean_header(header: Dataset, plan: Plan, syntax: UID) -> Identity:
    """Clean a dataset in place, with its file meta; returns who it was of."""
    if _class_of(header) == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in header:
        detail = "A DICOMDIR is a list of files with the names of patients; give the files alone."
        raise Refused(Reason.NOT_DEIDENTIFIED, detail)
    check_pixels(header, plan.checked)
    identity = read_identity(header)
    subject = identity.number or identity.name or identity.study
    if Option.RETAIN_PATIENT_CHARACTERISTICS in plan.options:
        _tell_age(header)
    people = Identity(names=identity.names, texts=frozenset({identity.number} - {""}))
    cleaner = Cleaner(
        plan.options,
        plan.pseudonyms,
        plan.pseudonyms.offset(subject),
        Redactor.of([identity]),
        Redactor.of([people]),
    )
    meta = _meta(header, syntax, plan)
    cleaner.clean(header, Manner.PLAIN)
    _mark(header, plan.options)
    header.file_meta = meta
    header.preamble = bytes(128)
    return identity


def _cut_tail(header: Dataset) -> None:
    """Drop what stands behind the last frame of pixels that were read with the header."""
    size = size_of_frames(header)
    if size is not None and len(header.get("PixelData") or b"") > size:
        header.PixelData = header.PixelData[:size]


def _syntax(header: Dataset) -> UID:
    """The transfer syntax: as stated, else what the dataset was read as."""
    stated = header.file_meta.get("TransferSyntaxUID")
    if stated:
        return UID(stated)
    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _class_of(header: Dataset) -> UID:
    stated = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    return UID(str(stated or ""))


def _meta(header: Dataset, syntax: UID, plan: Plan) -> FileMetaDataset:
    """A file meta header of our own: the old one names the machines that the file went through."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # written as it is
    meta.FileMetaInformationVersion = b"\0\1"
    keeps = Option.RETAIN_UIDS in plan.options
    if sop_class := _class_of(header):
        meta.MediaStorageSOPClassUID = UID(sop_class if keeps else plan.pseudonyms.uid(sop_class))
    old = first_text(header, "SOPInstanceUID") or str(
        header.file_meta.get("MediaStorageSOPInstanceUID") or ""
    )
    if old:
        meta.MediaStorageSOPInstanceUID = UID(old if keeps else plan.pseudonyms.uid(old))
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = MADE_BY
    meta.ImplementationVersionName = VERSION
    return meta


def _mark(header: Dataset, options: frozenset[Option]) -> None:
    """Say what was done, (0012,0062) to (0012,0064) and (0028,0303)."""
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = METHOD
    header.DeidentificationMethodCodeSequence = [_code(*x) for x in method_codes(options)]
    kept = Option.RETAIN_FULL_DATES in options
    moved = Option.RETAIN_MODIFIED_DATES in options
    header.LongitudinalTemporalInformationModified = (
        "UNMODIFIED" if kept else "MODIFIED" if moved else "REMOVED"
    )


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def _tell_age(header: Dataset) -> None:
    """Years from the date of birth, which goes, to the study, where no age is given."""
    from pydicom.valuerep import DA

    if first_text(header, "PatientAge"):
        return
    try:
        born, seen = (DA(first_text(header, x)) for x in ("PatientBirthDate", "StudyDate"))
        years = int((seen - born).days / DAYS_OF_A_YEAR)
    except (ValueError, TypeError, AttributeError):
        return
    if 0 <= years <= 130:
        header.PatientAge = values.capped_age(f"{years:03}Y")


def _written(header: Dataset) -> bytes:
    buffer = io.BytesIO()
    try:
        header.save_as(buffer)
    except Exception as error:  # noqa: BLE001 - of a header that is damaged in any way
        detail = f"Its header cannot be written anew ({type(error).__name__}); export it again."
        raise Refused(Reason.NOT_DEIDENTIFIED, detail) from None
    return buffer.getvalue()
