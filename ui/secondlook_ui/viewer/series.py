"""The pictures of a case as the viewer is told of them: which slices, in which order, how turned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from secondlook.cases import Attachment, Case, Role
from secondlook.intake.series import slices_in
from secondlook.scans import Scan, scans_of
from secondlook_ui import images
from secondlook_ui.viewer.presets import presets

ROUTE = "/sl/pixels"


@dataclass(frozen=True)
class Series:
    """One picture, or one stack of slices."""

    scan: Scan
    files: tuple[int, ...]
    """The places of its files in the case, in the order of the slices."""

    @property
    def slices(self) -> list[tuple[int, int]]:
        """File and frame of each slice."""
        attachments = self.scan.stack.attachments
        pairs = zip(self.files, attachments, strict=True)
        return [(file, frame) for file, x in pairs for frame in range(slices_in(x))]

    def slice_of(self, sha256: str) -> int | None:
        """The slice that is assessed of a file; None where the file is of another series."""
        first = 0
        for x in self.scan.stack.attachments:
            if x.sha256 == sha256:
                return first + images.standing_frame(x)
            first += slices_in(x)
        return None

    @property
    def modality(self) -> str | None:
        """What made it, where it says so."""
        found = self.scan.fact("modality")
        return str(found) if found else None

    @property
    def photo(self) -> bool:
        """Whether it is a photograph: its values are greys and colours already."""
        return self.scan.stack.attachments[0].media_type.startswith("image/")

    @property
    def start(self) -> int:
        """The slice that is seen first."""
        attachments = self.scan.stack.attachments
        alone = len(attachments) == 1
        return images.standing_frame(attachments[0]) if alone else len(self.slices) // 2

    @property
    def title(self) -> str:
        """What it is called: its file, or what kind of stack it is."""
        attachments = self.scan.stack.attachments
        known = [x for x in (self.modality, self.scan.stack.plane) if x]
        if len(attachments) == 1 and not known:
            return attachments[0].name
        count = len(self.slices)
        return " ".join([*(known or ["Series"]), *([f"({count})"] if count > 1 else [])])

    def told(self, case: Case) -> dict[str, Any]:
        """As the component is told of it."""
        first = self.scan.stack.attachments[0]
        pitch = case.spec.pitch_mm if self.photo and case.spec else None
        return {
            "base": f"{ROUTE}/{case.id}",
            "title": self.title,
            "word": "Page" if self.photo and first.role is Role.IMAGE else "Slice",
            "slices": self.slices,
            "start": self.start,
            "pitch": [pitch, pitch] if pitch else None,
            "plane": self.scan.stack.plane,
            "spacing": self.scan.stack.spacing_mm,
            "modality": self.modality,
            "stated": "As it is" if self.photo else "As stored",
            "presets": presets(self.modality),
            "remark": self.remark,
            "places": [],
            "heats": [],
        }

    @property
    def remark(self) -> str:
        """What is wrong with its slices, for people; empty where nothing is."""
        wrong = self.scan.stack.remarks
        return f"No volume to rely on: {'; '.join(wrong)}." if wrong else ""


def series_of(case: Case) -> tuple[Series, ...]:
    """All that can be looked at, in the order it is met."""
    places = {x.sha256: n for n, x in enumerate(case.attachments)}
    scans = scans_of(case.attachments)
    return tuple(Series(x, _places(x.stack.attachments, places)) for x in scans)


def _places(files: Sequence[Attachment], places: dict[str, int]) -> tuple[int, ...]:
    return tuple(places[x.sha256] for x in files)
