"""What supports an inspection finding: places on the image, the nearest good part, clauses."""

from collections.abc import Iterator, Sequence

from defect_inspector.places import read_places
from defect_inspector.rules import manual_missing, manuals_of
from defect_inspector.rulings import never_learned
from defect_inspector.settings import InspectorSettings
from secondlook import (
    Assessment,
    Case,
    CitedPassage,
    Evidence,
    Flag,
    ImageOutputs,
    ModelOutputs,
    PassageMatch,
    PriorCase,
    Ruling,
)


def image_evidence(image: ImageOutputs, outputs: ModelOutputs) -> tuple[Evidence, ...]:
    """Map and nearest good part of one image, as far as each is there."""
    stored = outputs.maps.get(image.attachment)
    return (*([stored] if stored else []), *_nearest(image))


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
    """Cautions about the manual of a flagged part, and about places that were not measured."""
    evidence = [e for f in assessment.findings for e in f.evidence]
    if not assessment.findings:
        return ()
    return (*_manual_flags(case, evidence), *_kind_flags(evidence), *_place_flags(evidence))


def _manual_flags(case: Case, evidence: Sequence[Evidence]) -> Iterator[Flag]:
    if manual_missing(case):
        message = "The manual that the product names is not with this part, so nothing was judged."
        yield Flag(code="manual_missing", message=message)
    elif not manuals_of(case):
        yield Flag(code="no_manual", message="No manual came with this part: limits unknown.")
    elif any(isinstance(x, Ruling) for x in evidence):
        return
    elif any(isinstance(x, CitedPassage) for x in evidence):
        yield Flag(code="no_clause", message="No clause of the manual was read for this defect.")
    else:
        message = "No passage of the manual comes close to a defect: limits were not found."
        yield Flag(code="no_passage", message=message)


def _kind_flags(evidence: Sequence[Evidence]) -> Iterator[Flag]:
    kinds = never_learned(evidence)
    if kinds:
        message = (
            f"The manual speaks of {', '.join(kinds)}: the adapter never learned this, so what "
            "it calls by another name may be one."
        )
        yield Flag(code="never_learned", message=message)


def _place_flags(evidence: Sequence[Evidence]) -> Iterator[Flag]:
    places = read_places(evidence)
    if places is not None and places.known and places.left_out:
        message = (
            f"{places.found} places were found, the worst {len(places.known)} were measured: "
            "look at the others yourself."
        )
        yield Flag(code="places_left_out", message=message)
