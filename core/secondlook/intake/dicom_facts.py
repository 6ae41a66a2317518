"""What is kept of a DICOM header beside the file: numbers, codes and digests, nobody's name."""

import hashlib
import re
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID

from secondlook.cases import Facts, Scalar
from secondlook.intake.series_facts import series_facts
from secondlook.intake.sop_classes import sop_class_of

CODE = re.compile(r"[A-Z0-9_ ]{1,16}")  # what the standard allows in a code string (VR CS)
AGE = re.compile(r"(\d{3})([DWMY])")
PER_YEAR = {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}
OLDEST = 90
"""Ages above are not told apart: few people are that old."""
SEXES = ("F", "M", "O")


def dicom_facts(header: Dataset, has_meta: bool, not_assessed: str | None) -> Facts:
    """What is known of an object; `not_assessed` says why it cannot be looked at."""
    frames = _number(header, "NumberOfFrames") or 1
    sop_class = sop_class_of(header)
    facts: dict[str, Scalar] = {
        "modality": _code(header, "Modality"),
        "sop_class": _name(sop_class) if sop_class else None,
        "transfer_syntax": _name(UID(header.file_meta.TransferSyntaxUID)),
        "rows": _number(header, "Rows"),
        "columns": _number(header, "Columns"),
        "frames": frames,
        "body_part": _code(header, "BodyPartExamined"),
        "view": _code(header, "ViewPosition"),
        "age_years": _age(header),
        "sex": next((x for x in SEXES if x == header.get("PatientSex")), None),
        "photometric": _code(header, "PhotometricInterpretation"),
        "burned_in": _code(header, "BurnedInAnnotation"),
        "study": _hash(header, "StudyInstanceUID"),
        "series": _hash(header, "SeriesInstanceUID"),
        "instance": _number(header, "InstanceNumber"),
        "meta_header": None if has_meta else False,
        "not_assessed": not_assessed,
    }
    if not_assessed is None:
        facts |= series_facts(header, frames)
    return {name: value for name, value in facts.items() if value is not None}


def _name(uid: UID) -> str | None:
    """What the standard calls it; a private one is dropped, as it may hold anything."""
    return uid.name if uid != uid.name else None


def _code(header: Dataset, name: str) -> str | None:
    """A code string. Other text is dropped: it may be anything, and anybody's name."""
    value = header.get(name)
    return value if isinstance(value, str) and CODE.fullmatch(value) else None


def _number(header: Dataset, name: str) -> int | None:
    value: Any = header.get(name)
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _age(header: Dataset) -> int | None:
    found = AGE.fullmatch(str(header.get("PatientAge") or "").strip())
    return min(OLDEST, int(int(found[1]) / PER_YEAR[found[2]])) if found else None


def _hash(header: Dataset, name: str) -> str | None:
    uid = header.get(name)
    return hashlib.sha256(str(uid).encode()).hexdigest()[:16] if uid else None
