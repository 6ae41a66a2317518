"""Which attachments of a case make one stack of slices, in order, and what is wrong with it.

Pure data, from the facts that intake wrote: no file is opened, and nothing here imports numpy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from secondlook.cases import Attachment
from secondlook.intake.series_geometry import (
    MISSING,
    MIXED_ORIENTATIONS,
    MIXED_SIZES,
    PROBLEMS,
    SHEARED,
    TURNED,
    is_sheared,
    spacing_of,
)
from secondlook.intake.series_members import Member


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Slices that can be looked at together; a picture or a volume by itself is a stack too."""

    key: str
    """Unique in a case. Stays the same when further slices arrive, as they come behind the first."""
    attachments: tuple[Attachment, ...]
    """Along the normal of the slices: axial ones from feet to head."""
    plane: str | None = None
    """axial, coronal, sagittal or oblique; None where nothing says how it is turned."""
    spacing_mm: float | None = None
    """Between the slices; None where there is one slice, or the distance is not the same."""
    problems: tuple[str, ...] = ()
    """Codes of `PROBLEMS`; with any of them the slices are no volume to rely on."""

    @property
    def slices(self) -> int:
        """How many slices there are in all."""
        return sum(map(slices_in, self.attachments))

    @property
    def remarks(self) -> tuple[str, ...]:
        """The problems in words."""
        return tuple(PROBLEMS[x] for x in self.problems)


def slices_in(attachment: Attachment) -> int:
    """How many slices one attachment holds."""
    return max(1, int(attachment.facts.get("frames") or 1))


def stacks_of(attachments: Iterable[Attachment]) -> tuple[Stack, ...]:
    """The stacks of a case: by study, series, phase and orientation, in the order they are met.

    Files that cannot be looked at are in none. Slices of a series that do not say where they lie
    are a stack of their own, with that problem.
    """
    seen: dict[tuple[object, ...], list[Member]] = {}
    for member in map(Member, attachments):
        if member.is_picture:
            seen.setdefault(member.series, []).append(member)
    return tuple(_stack(group) for members in seen.values() for group in _alike(members))


def _alike(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Slices of a series by their orientation, whatever order they come in.

    What is like one slice of a group belongs to it, and what is like slices of two joins them.
    """
    groups: list[list[int]] = []
    for i, one in enumerate(members):
        homes = [x for x in groups if any(members[j].is_like(one) for j in x)]
        groups = [x for x in groups if x not in homes]
        groups.append(sorted([*chain(*homes), i]))
    yield from ([members[i] for i in group] for group in sorted(groups))


def _stack(members: Sequence[Member]) -> Stack:
    ordered = sorted(members, key=lambda x: x.order)
    distance, problems = _judged(ordered)
    return Stack(
        key=members[0].key,
        attachments=tuple(x.attachment for x in ordered),
        plane=ordered[0].plane,
        spacing_mm=distance,
        problems=tuple(dict.fromkeys(problems)),
    )


def _judged(members: Sequence[Member]) -> tuple[float | None, list[str]]:
    """The distance between slices and all problems, what is wrong within a member among them."""
    own = [code for x in members for code in x.problems]
    if len(members) == 1:
        return members[0].distance, own
    mixed = [MIXED_SIZES] if len({x.size for x in members}) > 1 else []
    positions = [x.position for x in members if x.position is not None]
    if len(positions) < len(members):
        return None, [MISSING, *mixed, *own]
    distance, wrong = spacing_of(positions)
    return distance, [*wrong, *_turned(members), *_shear(members), *mixed, *own]


def _turned(members: Sequence[Member]) -> list[str]:
    """Each a little further, slices fan out although no two neighbours do."""
    known = list({str(x.orientation): x.orientation for x in members if x.orientation}.values())
    cosines = zip(*((*x.row, *x.column) for x in known), strict=True)
    fanned = any(max(x) - min(x) > TURNED for x in cosines)
    return [MIXED_ORIENTATIONS] if fanned else []


def _shear(members: Sequence[Member]) -> list[str]:
    orientation = members[0].orientation
    origins = [x.origin for x in members if x.origin is not None]
    sheared = orientation is not None and origins and is_sheared(orientation, origins)
    return [SHEARED] if sheared else []
