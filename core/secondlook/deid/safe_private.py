"""Private elements that PS3.15 (table E.3.10-1) calls safe, as far as they are numbers.

Only numbers are taken from that table: a text could be anything in the next release of a device.
"""

from collections.abc import Mapping

from pydicom import Dataset
from pydicom.tag import BaseTag, Tag

SAFE: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "Philips PET Private Group": {0x7053: (0x00, 0x09)},
    "ELSCINT1": {0x00E1: (0x21, 0x50), 0x01F1: (0x07, 0x26, 0x27)},
    "GEMS_ACQU_01": {0x0019: (0x23, 0x24, 0x27)},
    "GEMS_SERS_01": {0x0025: (0x07,)},
    "SIEMENS MR HEADER": {0x0019: (0x0C, 0x0E, 0x27)},
    "Philips Imaging DD 001": {0x2001: (0x03,)},
    "Philips MR Imaging DD 001": {0x2005: (0x0E,)},
}
"""By creator and group, the last two digits of the elements."""
NUMBERS = frozenset({"FL", "FD", "SL", "SS", "UL", "US", "SV", "UV"})


def is_safe(dataset: Dataset, tag: BaseTag) -> bool:
    """Whether a private element may stay: a safe number, or the creator of a block with some."""
    if tag.is_private_creator:
        block = range((tag.element << 8), (tag.element << 8) + 0x100)
        others = (Tag(tag.group, x) for x in block)
        return any(x in dataset and _is_safe_number(dataset, x) for x in others)
    return _is_safe_number(dataset, tag)


def _is_safe_number(dataset: Dataset, tag: BaseTag) -> bool:
    creator = dataset.get(Tag(tag.group, tag.element >> 8))
    groups = SAFE.get(str(creator.value).strip()) if creator is not None else None
    if not groups or tag.element & 0xFF not in groups.get(tag.group, ()):
        return False
    try:
        element = dataset[tag]
        return element.VR in NUMBERS or (element.VR in ("DS", "IS") and _plain(element.value))
    except Exception:  # noqa: BLE001 - what cannot be read is not kept
        return False


def _plain(value: object) -> bool:
    text = str(value)
    return len(text) <= 16 and not set(text) - set("0123456789.+-eE ")
