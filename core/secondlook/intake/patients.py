"""Whose exam a DICOM file is, to keep exams of one patient together; nothing here is ever stored.

The number and its issuer stay in memory until they are turned into a digest under the workspace's
key, and no message, log line or `repr` holds them.
"""

import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.multival import MultiValue

from secondlook.errors import IntakeError

TAGS = ("PatientID", "IssuerOfPatientID")
log = logging.getLogger("secondlook")


@dataclass(frozen=True)
class Patient:
    """A patient by the number that a site gave them, and who gave it where a file says so.

    The number alone says what belongs together: a study must not change its patient by which of
    its files came first. The issuer only tells apart those that are in one case at once.
    """

    number: str = field(repr=False)
    issuer: str = field(default="", repr=False)


class SeveralPatients(IntakeError):
    """What would be one case holds files of more than one patient."""


def patient_of(path: Path) -> Patient | None:
    """The patient of a DICOM file that intake has accepted; None where it names none."""
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.simplefilter("ignore")  # remarks on values, some of which quote them
            header = pydicom.dcmread(
                path, force=True, stop_before_pixels=True, specific_tags=list(TAGS)
            )
            number, issuer = (_text(header, x) for x in TAGS)
    except Exception as error:  # noqa: BLE001 - it was read before, so it is gone or was changed
        log.warning("a DICOM file does not say whose it is: %s", type(error).__name__)
        return None
    return Patient(number, issuer) if number else None


def one_patient(patients: Iterable[Patient | None]) -> Patient | None:
    """The only patient that the files of a case name, with the issuer where some file has it.

    Raises SeveralPatients, which names none of them.
    """
    known = {x for x in patients if x is not None}
    issued = {x.number for x in known if x.issuer}
    apart = [x for x in known if x.issuer or x.number not in issued]
    if len(apart) > 1:
        raise SeveralPatients(f"the files of one case name {len(apart)} patients")
    return apart[0] if apart else None


def _text(header: Dataset, name: str) -> str:
    value = header.get(name)
    whole = "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value or "")
    return whole.strip(" \t\r\n\0")
