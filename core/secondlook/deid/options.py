"""The options of the basic profile that a site may choose, by the names of PS3.15."""

from collections.abc import Collection
from enum import StrEnum

from secondlook.settings import Deidentify

BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")


class Option(StrEnum):
    """The value is the name of the setting, and of the column in the table."""

    RETAIN_UIDS = "retain_uids"
    RETAIN_DEVICE_IDENTITY = "retain_device_identity"
    RETAIN_INSTITUTION_IDENTITY = "retain_institution_identity"
    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    RETAIN_FULL_DATES = "retain_full_dates"
    RETAIN_MODIFIED_DATES = "retain_modified_dates"
    CLEAN_DESCRIPTORS = "clean_descriptors"
    CLEAN_STRUCTURED_CONTENT = "clean_structured_content"
    CLEAN_GRAPHICS = "clean_graphics"
    RETAIN_SAFE_PRIVATE = "retain_safe_private"


CODES = {
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_FULL_DATES: (
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option"),
}
"""Code value and meaning in the context group 7050 of PS3.16 (coding scheme DCM)."""


def chosen(settings: Deidentify) -> frozenset[Option]:
    """The options that are switched on."""
    return frozenset(x for x in Option if getattr(settings, x.value))


def method_codes(options: Collection[Option]) -> tuple[tuple[str, str], ...]:
    """What (0012,0064) says was done: the profile, and the options by code."""
    return (BASIC_PROFILE, *sorted(CODES[x] for x in options))
