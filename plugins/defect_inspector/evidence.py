"""What supports an inspection finding: places on the image, the nearest good part, clauses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from defect_inspector.settings import InspectorSettings
from secondlook import (
    Assessment,
    Attachment,
    Case,
    CitedPassage,
    Evidence,
    Flag,
    ImageOutputs,
    ModelOutputs,
    PassageMatch,
    PriorCase,
    Region,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def image_evidence(
    image: ImageOutputs, attachment: Attachment, outputs: ModelOutputs, most: int
) -> tuple[Evidence, ...]:
    """Map, regions and nearest good part of one image, as far as each is there."""
    stored = outputs.maps.get(image.attachment)
    regions = find_regions(image, attachment)[:most]
    return (*([stored] if stored else []), *regions, *_nearest(image))


def find_regions(image: ImageOutputs, attachment: Attachment) -> list[Region]:
    """Rectangles around connected places of the map above the threshold, the worst first.

    In pixels of the image; none where the size of the image is not known.
    """
    from scipy.ndimage import find_objects, label

    size = _size(attachment)
    if size is None:
        return []
    places, _ = label(image.anomaly_map > image.threshold, structure=[[1] * 3] * 3)
    regions = [_region(image, box, size) for box in find_objects(places)]
    return sorted(regions, key=lambda x: -x.score)


def _region(image: ImageOutputs, box: tuple[slice, slice], size: tuple[int, int]) -> Region:
    scores: NDArray[np.float32] = image.anomaly_map
    top, bottom = _span(box[0], scores.shape[0], size[0])
    left, right = _span(box[1], scores.shape[1], size[1])
    return Region(
        attachment=image.attachment,
        left=left,
        top=top,
        width=right - left,
        height=bottom - top,
        score=float(scores[box].max()),
    )


def _span(cells: slice, grid: int, pixels: int) -> tuple[int, int]:
    """First and last pixel (exclusive) of grid cells."""
    first = cells.start * pixels // grid
    return first, max(first + 1, -(-cells.stop * pixels // grid))


def _size(attachment: Attachment) -> tuple[int, int] | None:
    """(height, width) in pixels, as intake wrote it."""
    for height, width in (("height", "width"), ("rows", "columns")):
        sides = attachment.facts.get(height), attachment.facts.get(width)
        if isinstance(sides[0], int) and isinstance(sides[1], int):
            return sides[0], sides[1]
    return None


def _nearest(image: ImageOutputs) -> list[PriorCase]:
    """The good part whose patch comes nearest; 1 is a copy, 1/2 as far as the threshold."""
    if image.nearest is None:
        return []
    similarity = 1 / (1 + image.score / image.threshold)
    return [PriorCase(reference=image.nearest, similarity=similarity)]


def cite(matches: Sequence[PassageMatch], settings: InspectorSettings) -> tuple[CitedPassage, ...]:
    """The passages closest to any label, each once, with the label's query that found it."""
    best: dict[tuple[str, int], PassageMatch] = {}
    for match in matches:
        key = (match.record.sha256, match.passage.start)
        if key not in best or match.similarity > best[key].similarity:
            best[key] = match
    close = [x for x in best.values() if x.similarity >= settings.min_similarity]
    close.sort(key=lambda x: -x.similarity)
    return tuple(x.cite() for x in close[: settings.max_passages])


def citation_flags(case: Case, assessment: Assessment) -> Sequence[Flag]:
    """A caution where a part is flagged and no clause is cited."""
    cited = any(isinstance(e, CitedPassage) for f in assessment.findings for e in f.evidence)
    if not assessment.findings or cited:
        return ()
    if not case.records:
        return (Flag(code="no_manual", message="No manual came with this part: limits unknown."),)
    message = "No passage of the manual comes close to a defect: limits were not found."
    return (Flag(code="no_passage", message=message),)
