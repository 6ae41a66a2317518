"""What of a case can be looked at: flat pictures one by one, and volumes as stacks of slices."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from secondlook.cases import Attachment, Role, Scalar
from secondlook.intake.series import Stack, stacks_of
from secondlook.model_io import ImageInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLICED = frozenset({"CT", "MR", "PT", "NM"})
"""Modalities whose frames are slices of a volume."""
SLICES = 24
"""So many slices of all volumes of a case are looked at."""
CINE = "cine"
WORDS = {CINE: "its frames follow each other in time, which nothing here looks at"}
"""Problems that are none of the geometry, for people."""


@dataclass(frozen=True)
class Scan:
    """A flat picture, or a volume of slices."""

    stack: Stack

    @property
    def kind(self) -> Literal["picture", "volume"]:
        """A slice by itself is a picture."""
        one = len(self.stack.attachments) == 1 and self.stack.attachments[0].role is Role.IMAGE
        return "picture" if one else "volume"

    @property
    def key(self) -> str:
        """What its pixels are asked for by."""
        return self.stack.key if self.kind == "volume" else self.stack.attachments[0].sha256

    @property
    def problem(self) -> str | None:
        """In words, what keeps a volume from being looked at; None where nothing does."""
        if self.kind == "picture":
            return None
        modality = self.fact("modality")
        return (
            WORDS[CINE] if modality not in (None, *SLICED) else next(iter(self.stack.remarks), None)
        )

    def fact(self, name: str) -> Scalar:
        """What its files say; None where they differ, or one is silent."""
        said = {x.facts.get(name) for x in self.stack.attachments}
        return said.pop() if len(said) == 1 else None

    def holder(self, place: int) -> Attachment:
        """The file that the slice at this place lies in."""
        files = self.stack.attachments
        return files[place if len(files) > 1 else 0]


def scans_of(attachments: Iterable[Attachment]) -> tuple[Scan, ...]:
    """The scans of a case, in the order they are met; files that cannot be looked at are in none."""
    return tuple(Scan(x) for x in stacks_of(attachments))


def places_of(depth: int, most: int) -> tuple[int, ...]:
    """The middles of `most` equal parts of a volume; every slice where there are not so many."""
    count = min(depth, max(1, most))
    return tuple((2 * i + 1) * depth // (2 * count) for i in range(count))


def places_shown(scans: Sequence[Scan]) -> dict[str, tuple[int, ...]]:
    """The places of the slices that are looked at, by the key of each volume of a case."""
    volumes = [x for x in scans if x.kind == "volume" and x.problem is None]
    share = SLICES // max(1, len(volumes))
    return {x.key: places_of(x.stack.slices, share) for x in volumes}


def image_inputs(
    attachments: Iterable[Attachment], pixels: "Mapping[str, NDArray[np.uint8]]"
) -> tuple[ImageInput, ...]:
    """Every picture, and every slice, that `pixels` holds, as `Domain.prepare` is given them."""
    scans = scans_of(attachments)
    shown = places_shown(scans)
    return tuple(y for x in scans if x.key in pixels for y in _inputs(x, pixels[x.key], shown))


def _inputs(
    scan: Scan, found: "NDArray[np.uint8]", shown: Mapping[str, tuple[int, ...]]
) -> Iterator[ImageInput]:
    if scan.kind == "picture":
        yield ImageInput(attachment=scan.key, pixels=found)
        return
    depth, within = scan.stack.slices, len(scan.stack.attachments) == 1
    for place, picture in zip(shown[scan.key], found, strict=True):
        name = scan.holder(place).sha256
        yield ImageInput(attachment=name, pixels=picture, place=place, depth=depth, within=within)
