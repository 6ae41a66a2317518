"""What the row of a manifest says of a picture whose own file is silent.

PNG and JPEG state neither view nor modality nor age, and an adapter is bound by these. Where a file
does say one of them it is believed: whoever took the picture wrote it.
"""

import re
from dataclasses import replace

from secondlook.cases import Facts, Scalar
from secondlook.domain import IntakeFile, ManifestRow
from secondlook.intake.dicom_facts import CODE, OLDEST
from secondlook.store.identity import PICTURES

YEARS = re.compile(r"0*(\d{1,3})(?:\.\d+)?\s*y?", re.IGNORECASE)
UNKNOWN = frozenset({"", "u", "unknown", "n/a", "na", "nan", "none", "-", "?"})


def with_stated(file: IntakeFile, row: ManifestRow) -> IntakeFile:
    """The file with what its row says, under the names that files use."""
    attachment = file.attachment
    if attachment.role not in PICTURES:
        return file
    facts = {**stated(row.facts), **attachment.facts}
    return replace(file, attachment=replace(attachment, facts=facts))


def stated(said: Facts) -> dict[str, Scalar]:
    """View and modality as codes, and age in years; what is none of these is left out."""
    found = {"view": code(said.get("view")), "modality": code(said.get("modality"))}
    told: dict[str, Scalar] = {x: y for x, y in found.items() if y is not None}
    age = years(said.get("age"))
    return told if age is None else told | {"age_years": min(OLDEST, age)}


def code(value: Scalar) -> str | None:
    """A code string as DICOM writes it, `pa` as `PA`; None for what is none or unknown."""
    text = str(value).strip().upper()
    known = value is not None and text.lower() not in UNKNOWN
    return text if known and CODE.fullmatch(text) else None


def years(value: Scalar) -> int | None:
    """`45`, `45.0`, `045Y`; None for anything else."""
    found = YEARS.fullmatch(str(value).strip())
    return int(found[1]) if found else None
