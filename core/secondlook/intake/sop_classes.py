"""Which DICOM objects are kept with a case although nothing here can look at them, and why.

Routed by SOP class before anything else is read of them (PS3.4 B.5): whoever asks a structured
report for its pixels gets an error, and whoever looks at a dose grid as a picture is misled.
"""

from pydicom import Dataset
from pydicom.uid import UID, MediaStorageDirectoryStorage, MPEGTransferSyntaxes, RTImageStorage

STORAGE = "1.2.840.10008.5.1.4.1.1."
FAMILIES = {
    "88.": "structured_report",
    "11.": "presentation_state",
    "9.": "waveform",
    "104.": "encapsulated_document",
    "481.": "radiotherapy",
    "66": "derived_data",
    "67": "derived_data",
    "4.2": "spectroscopy",
}
"""By what follows STORAGE; the Storage classes of one kind share a stem."""


def sop_class_of(header: Dataset) -> UID | None:
    """The class that the dataset states, else its meta header."""
    stated = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    return UID(str(stated)) if stated else None


def why_not_assessed(header: Dataset) -> str | None:
    """The code of `kept.NOT_ASSESSED` that holds for an object; None for a picture to be looked at."""
    sop_class = sop_class_of(header)
    if sop_class == MediaStorageDirectoryStorage:
        return "directory"
    if sop_class is not None and (family := _family(sop_class)):
        return family
    if "Rows" not in header or "Columns" not in header:
        return "no_picture"
    if header.file_meta.TransferSyntaxUID in MPEGTransferSyntaxes:
        return "video"
    return None if sop_class else "no_class"


def _family(sop_class: UID) -> str | None:
    if sop_class == RTImageStorage or not sop_class.startswith(STORAGE):
        return None
    rest = sop_class.removeprefix(STORAGE)
    return next((code for stem, code in FAMILIES.items() if _is_of(rest, stem)), None)


def _is_of(rest: str, stem: str) -> bool:
    return f"{rest}.".startswith(stem if stem.endswith(".") else f"{stem}.")
