"""What the models say about one case: a pure function of its inputs, backbones and adapter."""

from secondlook.cases import BackboneRef
from secondlook.domain import ImageInput, ImageOutputs, ModelInputs, ModelOutputs, PassageMatch
from secondlook.models.adapters import Adapter
from secondlook.models.backbones import TextBackbone, VisionBackbone
from secondlook.models.retrieval import rank_passages


def forward(
    inputs: ModelInputs,
    *,
    vision: VisionBackbone | None,
    text: TextBackbone | None,
    adapter: Adapter | None,
) -> ModelOutputs:
    """Score the images with the adapter and rank the passages for the queries.

    A part whose backbone or adapter is None is left empty. `adapter` of the outputs is the given
    one's id, also for a case without images: it is what the case was assessed with.

    Raises:
        AdapterError: `vision` is not the backbone that the adapter was learned with.
    """
    images: tuple[ImageOutputs, ...] = ()
    matches: tuple[PassageMatch, ...] = ()
    used: list[BackboneRef] = []
    if adapter is not None and vision is not None and inputs.images:
        images = tuple(_score(image, vision, adapter) for image in inputs.images)
        used.append(vision.ref)
    if text is not None and inputs.records and inputs.queries:
        matches = rank_passages(text, inputs.records, inputs.queries)
        used.append(text.ref)
    return ModelOutputs(
        images=images,
        matches=matches,
        adapter=adapter.id if adapter is not None else None,
        backbones=tuple(used),
    )


def _score(image: ImageInput, vision: VisionBackbone, adapter: Adapter) -> ImageOutputs:
    # One picture at a time: a score must not depend on what else is in the batch.
    adapter.check(vision)
    scored = adapter.goods.look(vision, image.pixels)
    return ImageOutputs(
        attachment=image.attachment,
        score=scored.score,
        threshold=adapter.threshold,
        anomaly_map=scored.map,
        nearest=scored.nearest,
    )
