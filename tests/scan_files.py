"""Attachments of scans, made of facts alone."""

import hashlib

from secondlook import Attachment, Role
from secondlook.cases import Scalar

AXIAL = "1 0 0 0 1 0"


def picture(name: str = "a", role: Role = Role.IMAGE, **facts: Scalar) -> Attachment:
    """A flat picture, or with another role something else."""
    sha256 = hashlib.sha256(f"{name} {facts}".encode()).hexdigest()
    kind = "application/dicom"
    return Attachment(sha256=sha256, name=name, media_type=kind, size=1, role=role, facts=facts)


def slices(
    count: int, gap: float = 2.0, series: str = "5" * 16, **facts: Scalar
) -> list[Attachment]:
    """The files of an axial series, the last slice first."""
    known: dict[str, Scalar] = {"modality": "CT", "series": series, "orientation": AXIAL}
    known |= {"plane": "axial", "rows": 8, "columns": 8, "spacing_mm": "1 x 1"} | facts
    return [
        picture(
            f"{series[:4]} {i}", **known, position=i * gap, instance=i, origin=f"0 0 {i * gap:g}"
        )
        for i in reversed(range(count))
    ]
