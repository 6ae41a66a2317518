"""Lookup tables of DICOM (PS3.3 C.11.1.1 and C.11.2.1.1).

pydicom 3.0 wraps around in tables of more than 256 entries of 8 bits, and needs the meta header
for tables stored as words, which datasets without one do not have.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset


@dataclass(frozen=True)
class Lut:
    """`entries[value - first]`; values outside take the nearest entry."""

    first: int
    entries: NDArray[np.uint16]
    bits: int
    """Depth of the entries, 8 to 16."""

    @classmethod
    def from_item(cls, item: Dataset) -> Self:
        """Read an item of a Modality or VOI LUT Sequence. Raises ValueError for an empty table."""
        count, first, stated = (int(value) for value in item.LUTDescriptor)
        entries = _entries(item, count or 2**16)
        if entries.size == 0:
            raise ValueError("the lookup table has no entries")
        # Files state too few bits, or none; the largest entry tells at least how many there are.
        bits = max(8, stated if 8 <= stated <= 16 else 8, int(entries.max()).bit_length())
        return cls(first, entries, bits)

    def look_up(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """The entry of each value; same shape."""
        places = np.rint(values).astype(np.int32) - self.first
        found: NDArray[np.uint16] = self.entries[np.clip(places, 0, len(self.entries) - 1)]
        return found


def _entries(item: Dataset, count: int) -> NDArray[np.uint16]:
    data = item.LUTData
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, dtype=np.int64)).astype(np.uint16)[:count]
    little = item.original_encoding[1] is not False
    kind = ("<u2" if little else ">u2") if len(data) >= 2 * count else "u1"
    size = np.dtype(kind).itemsize
    return np.frombuffer(data[: len(data) // size * size], kind)[:count].astype(np.uint16)
