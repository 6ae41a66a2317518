"""What runs inside of the parsing process to clean one file. Nothing here is called in the parent."""

from pathlib import Path

from secondlook.deid.burned_in import check_photo
from secondlook.deid.dicom import Plan, clean_dicom
from secondlook.deid.nifti import clean_nifti
from secondlook.deid.photo import clean_photo
from secondlook.deid.pieces import Cleaned
from secondlook.intake.dicom_header import check_deflated
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.photo import PILLOW
from secondlook.intake.sniff import Format, sniff
from secondlook.settings import Limits

Answer = Cleaned | None | tuple[Reason, str]


def clean_file(path: Path, name: str, limits: Limits, plan: Plan) -> Answer:
    """The cleaned file, None for a document (its text is redacted instead), or why not.

    Every way of failing is an answer, and none of them quotes the file.
    """
    try:
        return _clean(path, sniff(path, name), limits, plan)
    except Refused as refusal:
        return refusal.reason, refusal.detail
    except MemoryError:
        detail = "Cleaning took more memory than limits.parse_memory_bytes allows."
        return Reason.OUT_OF_MEMORY, detail
    except Exception as error:  # noqa: BLE001 - parsers of damaged files raise nearly anything
        detail = f"What identifies cannot be removed ({type(error).__name__}); export it again."
        return Reason.NOT_DEIDENTIFIED, detail


def _clean(path: Path, found: Format, limits: Limits, plan: Plan) -> Cleaned | None:
    if found is Format.DICOM:
        check_deflated(path, limits)
        return clean_dicom(path, plan)
    if found is Format.NIFTI:
        return clean_nifti(path, limits)
    if found not in PILLOW:
        return None
    cleaned = clean_photo(path, found, limits)
    check_photo(path, found, plan.checked)
    return cleaned
