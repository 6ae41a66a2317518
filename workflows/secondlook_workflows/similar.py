"""Decided cases that look like one, by the vectors of their pictures."""

from dataclasses import dataclass

from secondlook.assessments import Assessment
from secondlook.cases import Case
from secondlook.evidence import PriorCase
from secondlook.store.embedding_values import CaseFilter, ImageKey, Space
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.context import Context
from secondlook_workflows.embed import EmbedReport, embed_images, image_backbone, image_space

MOST = 3


@dataclass(frozen=True, kw_only=True)
class SimilarCase:
    """A decided case, and how much its most similar picture looks like one of the case at hand."""

    case: str
    title: str
    similarity: float
    """Cosine of whole pictures, -1 to 1."""
    decided: str
    """Code of the disposition that stands."""
    labels: tuple[str, ...]
    """What the reviewer agreed to, changed or added."""
    picture: str | None
    """sha256 of its first picture."""


def similar_cases(
    case_id: str, context: Context, *, limit: int = 5, backbone: str | None = None
) -> tuple[PriorCase, ...]:
    """The decided cases of the same domain and product whose pictures are most similar.

    The case's own pictures get vectors first; other cases are found where they have some (see
    `embed`). With `backbone`, a fingerprint, no model is loaded and no vector is made.

    Raises NotFound; BackboneError for a backbone that cannot be used.
    """
    if backbone is not None:
        with context.workspace.database.read() as unit:
            return nearest_decided(unit.cases.get(case_id), backbone, unit, limit)
    vision = image_backbone(context)
    embed_images(vision, context, EmbedReport(), case_id=case_id)
    with context.workspace.database.read() as unit:
        return nearest_in(unit.cases.get(case_id), image_space(vision), unit, limit)


def similar_decided(
    case: Case, assessment: Assessment | None, unit: UnitOfWork, *, limit: int = MOST
) -> tuple[SimilarCase, ...]:
    """The most similar first, by a backbone that took the first look; empty where none has.

    From vectors that were kept: no model is loaded.
    """
    for backbone in assessment.provenance.backbones if assessment else ():
        if near := nearest_decided(case, backbone.fingerprint, unit, limit):
            cases = {x.id: x for x in unit.cases.load([x.reference for x in near])}
            return tuple(_told(x, cases[x.reference], unit) for x in near)
    return ()


def nearest_decided(
    case: Case, backbone: str, unit: UnitOfWork, limit: int
) -> tuple[PriorCase, ...]:
    """Decided cases of the same domain and product by the vectors of one backbone.

    Of several precisions it is the latest in which decided cases are found.
    """
    near = (
        nearest_in(case, x, unit, limit) for x in unit.embeddings.images.spaces(backbone, case.id)
    )
    return next((x for x in near if x), ())


def nearest_in(case: Case, space: Space, unit: UnitOfWork, limit: int) -> tuple[PriorCase, ...]:
    """Decided cases of the same domain and product by the vectors of one space."""
    from secondlook.models.search import nearest

    images = unit.embeddings.images
    own = images.of_case(space, case.id).vectors
    if not len(own):
        return ()
    of = CaseFilter(domain=case.domain, product=case.product, decided=True)
    found = nearest(own, images.matrix(space, of), limit + 1, group=_case)
    others = [x for x in found if x.key.case_id != case.id][:limit]
    return tuple(PriorCase(reference=x.key.case_id, similarity=x.similarity) for x in others)


def _told(prior: PriorCase, case: Case, unit: UnitOfWork) -> SimilarCase:
    decisions = unit.decisions.of(case.id)
    held = tuple(x.held for x in decisions[-1].acts if x.held) if decisions else ()
    return SimilarCase(
        case=case.id,
        title=case.title,
        similarity=prior.similarity,
        decided=decisions[-1].disposition if decisions else "",
        labels=held,
        picture=next((x.sha256 for x in case.images()), None),
    )


def _case(key: ImageKey) -> str:
    return key.case_id
