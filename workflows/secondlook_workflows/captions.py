"""Which text stands for a case when pictures and texts are learned to go together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from secondlook.cases import Case
from secondlook.domain import Domain
from secondlook_workflows.datasets import Labelled
from secondlook_workflows.prepared import check_labels

LETTERS = 1000
"""Of a case's text at most: more than any of the usual backbones reads."""
SHARED = 0.5
"""A text that stands in a larger share of the cases is no caption of one of them."""


@dataclass(frozen=True, kw_only=True)
class Captions:
    """The texts of cases, in their order, and what was left out."""

    texts: tuple[str, ...]
    """Empty for a case that has none of its own."""
    shared: int
    """Passages that stand in too many cases (those of a manual)."""


def captions(cases: Sequence[Labelled], domain: Domain, prompt: str | None) -> Captions:
    """For a case its labels in the form of `prompt`, where it has some and a prompt was given.

    Otherwise the passages of its records that are its own. Raises ModelError for labels that the
    domain does not know, where there is a prompt for them.
    """
    if prompt is not None:
        check_labels(cases, domain)
    passages = [_passages(x.case, domain) for x in cases]
    counts = Counter(text for own in passages for text in own)
    shared = {text for text, count in counts.items() if count > SHARED * len(cases)}
    texts = (
        _filled(prompt, case, domain)
        if prompt is not None and case.labels
        else " ".join(x for x in own if x not in shared)[:LETTERS]
        for case, own in zip(cases, passages, strict=True)
    )
    return Captions(texts=tuple(texts), shared=len(shared))


def _passages(case: Case, domain: Domain) -> list[str]:
    """Each once, however it is spaced."""
    from secondlook.models.forward import passages_of

    texts = (" ".join(x.split()) for x in passages_of(domain.prepare(case, {})))
    return list(dict.fromkeys(x for x in texts if x))


def _filled(prompt: str, case: Labelled, domain: Domain) -> str:
    """In the words in which the labels are asked for later."""
    from secondlook.models.resembling import template
    from secondlook.models.zero_shot import prompts_of

    labels = [x for x in domain.taxonomy.labels if x.code in case.labels]
    return " and ".join(prompts_of(x, (template(prompt),))[0] for x in labels)
