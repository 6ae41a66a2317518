"""What a DICOM file says of who its patient is, and of everybody else that it names.

It is held in memory to redact the notes of the same case, and for the sealed link back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom import DataElement, Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

IDENTIFYING = frozenset(
    [
        "PatientID",
        "OtherPatientIDs",
        "IssuerOfPatientID",
        "AccessionNumber",
        "AdmissionID",
        "StudyID",
        "PatientAddress",
        "PatientTelephoneNumbers",
        "PatientTelecomInformation",
        "InsurancePlanIdentification",
        "MedicalRecordLocator",
        "MilitaryRank",
        "RegionOfResidence",
        "PatientReligiousPreference",
        "Occupation",
        "InstitutionName",
        "InstitutionAddress",
        "InstitutionalDepartmentName",
        "StationName",
        "PatientBirthDate",
        "ReferringPhysicianAddress",
        "ReferringPhysicianTelephoneNumbers",
        "PersonAddress",
        "PersonTelephoneNumbers",
        "RequestingService",
        "FillerOrderNumberImagingServiceRequest",
        "PlacerOrderNumberImagingServiceRequest",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
        "PerformedProcedureStepID",
        "ClinicalTrialSubjectID",
        "DeviceSerialNumber",
        "CurrentPatientLocation",
        "PatientInstitutionResidence",
        "ServiceEpisodeID",
        "IssuerOfAccessionNumberSequence",
    ]
)
"""Elements whose text names somebody or something of theirs, beside all names of people."""


@dataclass(frozen=True)
class Identity:
    """Who a file is of. Nothing of it is in a `repr`, a log line or a message."""

    number: str = field(default="", repr=False)
    issuer: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    birth: str = field(default="", repr=False)
    study: str = field(default="", repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)
    """Names of people, as they are written."""
    texts: frozenset[str] = field(default=frozenset(), repr=False)
    """Numbers, addresses, institutions."""


NOBODY = Identity()


def read_identity(dataset: Dataset) -> Identity:
    """Everything identifying in a dataset and its sequences."""
    names: set[str] = set()
    texts: set[str] = set()
    for element in elements(dataset):
        if element.VR == "PN":
            names.update(texts_of(element))
        elif element.keyword in IDENTIFYING and element.VR != "SQ":
            texts.update(texts_of(element))
    return Identity(
        number=first_text(dataset, "PatientID"),
        issuer=first_text(dataset, "IssuerOfPatientID"),
        name=first_text(dataset, "PatientName"),
        birth=first_text(dataset, "PatientBirthDate"),
        study=first_text(dataset, "StudyInstanceUID"),
        names=frozenset(names),
        texts=frozenset(texts),
    )


def elements(dataset: Dataset) -> Iterator[DataElement]:
    """All public elements that can be read, those in sequences too."""
    for tag in list(dataset.keys()):
        element = None if tag.is_private else _readable(dataset, tag)
        if element is None:
            continue
        yield element
        for item in element.value if element.VR == "SQ" else ():
            yield from elements(item)


def _readable(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        return dataset[tag]
    except Exception:  # noqa: BLE001 - a value that cannot be read names nobody
        return None


def first_text(dataset: Dataset, keyword: str) -> str:
    """The text of an element of a dataset, as one; empty where there is none."""
    try:
        element = dataset[keyword]
    except Exception:  # noqa: BLE001 - not there, or not readable
        return ""
    # A number may hold a backslash, which makes several values of it.
    return "\\".join(texts_of(element))


def texts_of(element: DataElement) -> list[str]:
    """The values of an element as text, without what fills them up."""
    value = element.value
    values = value if isinstance(value, MultiValue) else [value]
    return [x for x in (str(v).strip(" \t\r\n\0") for v in values if v is not None) if x]
