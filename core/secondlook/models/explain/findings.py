"""Findings with what explains them: the one way from a verdict to evidence, for every domain."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from secondlook.assessments import Finding
from secondlook.evidence import Evidence, ModalityContribution
from secondlook.model_io import ImageInput, ModelInputs, Query
from secondlook.models.adapters import Adapter
from secondlook.models.backbones import TextBackbone, VisionBackbone
from secondlook.models.explain.evidence import as_evidence
from secondlook.models.explain.explain import explain_answer
from secondlook.models.goods import network_of


def explained(
    findings: Sequence[Finding],
    inputs: ModelInputs,
    *,
    adapter: Adapter,
    vision: VisionBackbone | None,
    reader: TextBackbone | None,
    keep: Callable[[bytes], str],
) -> tuple[Finding, ...]:
    """Those whose label the adapter has learned, with maps, telling sentences and contributions.

    Args:
        keep: stores a small file and returns its sha256.

    Raises AdapterError for other backbones than the adapter was learned with.
    """
    why = _Why(inputs, adapter, vision, reader, keep)
    return tuple(why.explained(x) if x.label in why.labels else x for x in findings)


class _Why:
    """What the adapter's answers were made from."""

    def __init__(
        self,
        inputs: ModelInputs,
        adapter: Adapter,
        vision: VisionBackbone | None,
        reader: TextBackbone | None,
        keep: Callable[[bytes], str],
    ) -> None:
        card = adapter.card.answers
        reads = card.modalities if card is not None else ()
        self.labels = frozenset(card.labels) if card is not None else frozenset[str]()
        self._adapter, self._keep = adapter, keep
        self._images = inputs.images if "image" in reads else ()
        self._places = [
            (record, x) for record in inputs.records for x in record.passages if "text" in reads
        ]
        self._vision = network_of(vision) if vision is not None and self._images else None
        self._reader = reader if self._places else None
        self._queries = {x.label: x for x in inputs.queries}

    def explained(self, finding: Finding) -> Finding:
        part = self._adapter.answers
        if part is None or finding.probability is None:
            return finding
        explanation = explain_answer(
            part,
            self._vision,
            self._reader,
            [x.pixels for x in self._images],
            [x.text for _, x in self._places],
            finding.label,
        )
        evidence = as_evidence(
            explanation,
            attachments=[_shown(x) for x in self._images],
            places=self._places,
            query=self._queries.get(finding.label, Query(label=finding.label, text=finding.title)),
            text=self._reader,
            keep=self._keep,
        )
        return replace(finding, evidence=_joined(finding.evidence, evidence))


def _shown(image: ImageInput) -> str | None:
    """The file that a map lies over; None for a slice of a file with several: it has no name."""
    alone = image.place is None or not image.within
    return image.attachment if alone else None


def _joined(known: Sequence[Evidence], new: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What the domain gave comes first; contributions stand once."""
    told = any(isinstance(x, ModalityContribution) for x in known)
    return (*known, *(x for x in new if not (told and isinstance(x, ModalityContribution))))
