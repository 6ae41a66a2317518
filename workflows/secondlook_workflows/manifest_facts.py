"""What the rows of a manifest say of a case, and the forms in which that is kept."""

import re
from collections.abc import Sequence
from dataclasses import replace

from secondlook.cases import Facts, Scalar
from secondlook.domain import IntakeFile, ManifestRow
from secondlook.intake.dicom_facts import CODE, OLDEST
from secondlook.store.identity import PICTURES

SEVERAL = "several"
SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "o": "O", "other": "O"}
AGE = re.compile(r"0*(\d{1,3})(?:\.\d+)?\s*y?", re.IGNORECASE)
UNKNOWN = frozenset({"", "u", "unknown", "n/a", "na", "nan", "none", "-", "?"})
OF_FILES = {"view": "view", "modality": "modality", "age": "age_years"}
"""What the facts of files call it."""


def said(rows: Sequence[ManifestRow]) -> dict[str, Scalar]:
    """What rows say alike; what they say differently is of no one kind."""
    names = dict.fromkeys(name for x in rows for name in x.facts)
    values = {name: {x.facts[name] for x in rows if name in x.facts} for name in names}
    return {name: x.pop() if len(x) == 1 else SEVERAL for name, x in values.items()}


def kept(rows: Sequence[ManifestRow]) -> Facts:
    """What is stored of it, in the forms of DICOM's own facts: other text may be anybody's name."""
    forms = {name: _form(name, str(value).strip()) for name, value in said(rows).items()}
    return {name: value for name, value in forms.items() if value is not None}


def with_stated(file: IntakeFile, row: ManifestRow) -> IntakeFile:
    """The file of a row, with what the row says of it where the file itself is silent.

    PNG and JPEG state neither view nor modality nor age, and an adapter is bound by these. Where a
    file does say one of them it is believed: whoever took the picture wrote it.
    """
    attachment = file.attachment
    if attachment.role not in PICTURES:
        return file
    told = {OF_FILES[name]: x for name, x in kept([row]).items() if name in OF_FILES}
    return replace(file, attachment=replace(attachment, facts={**told, **attachment.facts}))


def years(value: Scalar) -> int | None:
    """`45`, `45.0`, `045Y`; None for anything else."""
    found = AGE.fullmatch(str(value).strip())
    return int(found[1]) if found else None


def _form(name: str, text: str) -> Scalar:
    if text == SEVERAL:
        return SEVERAL
    if name == "sex":
        return SEXES.get(text.lower())
    if name == "age":
        age = years(text)
        return None if age is None else min(age, OLDEST)
    known = text.lower() not in UNKNOWN and CODE.fullmatch(text.upper())
    return text.upper() if known else None
