"""Whether a picture may have text in its pixels: by what its header says, and by how it looks.

A kind of picture that often shows a name is put aside unless its header, or the site, says that
there is none. Photos say nothing, and radiographs seldom: letters are looked for in those.
"""

from collections.abc import Collection
from pathlib import Path

from PIL import Image
from pydicom import Dataset
from pydicom.uid import UID

from secondlook.deid.identity import first_text
from secondlook.deid.letters import has_lettering
from secondlook.intake.frames import read_stored, render_frame
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.photo import PILLOW
from secondlook.intake.pixels import read_photo_page
from secondlook.intake.sniff import Format

SUSPECT = frozenset(
    [
        "US",
        "IVUS",
        "XA",
        "RF",
        "SC",
        "OT",
        "ES",
        "XC",
        "GM",
        "SM",
        "OP",
        "OPT",
        "OAM",
        "DOC",
        "VL",
        "VIDEO",
        "ECG",
        "HC",
        "DG",
        "LS",
        "TG",
        "SD",
        "BI",
        "CD",
        "DD",
        "DM",
    ]
)
"""Modalities whose devices write into the picture, or that are pictures of a screen or a paper."""
CAPTURES = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary captures, those of several frames included."""
SCREENS = frozenset({"SCREEN SAVE", "SCREENSHOT", "SCREEN CAPTURE", "SCANNED"})
RADIOGRAPHS = frozenset(["CR", "DX", "RG", "MG", "PX", "IO"])
"""Modalities of single pictures onto which marks, and sometimes names, are written."""
LETTERED = "letters seem to be written into it, or it is too grainy to tell"
CHECKED = "when somebody has looked at them, ingest them again with --pixels-checked"


def check_pixels(header: Dataset, checked: Collection[str]) -> None:
    """Raises Refused(BURNED_IN) for a picture that may name somebody.

    checked: modalities that the site answers for; `*` is everything, whatever a header says.
    """
    if "*" in checked or not ("Rows" in header or "EncapsulatedDocument" in header):
        return
    flag = first_text(header, "BurnedInAnnotation").upper()
    recognizable = first_text(header, "RecognizableVisualFeatures").upper()
    if flag == "YES":
        raise _refused("BurnedInAnnotation is YES")
    if recognizable == "YES":
        raise _refused("RecognizableVisualFeatures is YES")
    if _overlay_inside(header):
        raise _refused("an overlay lies in unused bits of the pixels")
    why = _suspicion(header)
    modality = first_text(header, "Modality").upper()
    if why and flag != "NO" and modality not in {x.upper() for x in checked}:
        raise _refused(f"{why}, and BurnedInAnnotation is not NO")


def check_radiograph(path: Path, header: Dataset, checked: Collection[str]) -> None:
    """Raises Refused(BURNED_IN) for a radiograph in which letters are found.

    One that cannot be decoded is left to its reader, which says so.
    """
    modality = first_text(header, "Modality").upper()
    known = first_text(header, "BurnedInAnnotation").upper() == "NO"
    answered = {"*", modality} & {x.upper() for x in checked}
    if modality not in RADIOGRAPHS or known or answered or "Rows" not in header:
        return
    try:
        frame = read_stored(path, header, 0)
        picture = render_frame(frame, header, 0)
    except MemoryError:  # there is a picture, and nobody looked at it
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything
        return
    if has_lettering(picture):
        raise _refused(LETTERED)


def check_photo(path: Path, found: Format, checked: Collection[str]) -> None:
    """The same for every page of a photo; a site answers for a format as for a modality."""
    if {"*", found.name} & {x.upper() for x in checked}:
        return
    with Image.open(path, formats=PILLOW[found]) as image:
        pages = getattr(image, "n_frames", 1) if found is Format.TIFF else 1
    if any(has_lettering(read_photo_page(path, found, page)) for page in range(pages)):
        raise _refused(LETTERED)


def _suspicion(header: Dataset) -> str | None:
    modality = first_text(header, "Modality").upper()
    if modality in SUSPECT:
        return f"pictures of the modality {modality} often show text"
    sop_class = UID(first_text(header, "SOPClassUID"))
    if sop_class == CAPTURES or sop_class.startswith(f"{CAPTURES}."):
        return "it is a secondary capture"
    if not modality:
        return "it names no modality"
    image_type = set(first_text(header, "ImageType").upper().split("\\"))
    if image_type & SCREENS or "ConversionType" in header:
        return "it is a picture of a screen or a document"
    return None


def _overlay_inside(header: Dataset) -> bool:
    """An overlay without data of its own is drawn into bits of the pixels."""
    for group in range(0x6000, 0x6100, 2):
        if (group, 0x0102) in header and (group, 0x3000) not in header:
            return True
    return False


def _refused(why: str) -> Refused:
    return Refused(Reason.BURNED_IN, f"Its pixels may name somebody: {why}; {CHECKED}.")
