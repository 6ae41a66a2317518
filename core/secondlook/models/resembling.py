"""Which label's words the pictures of a case are most like: an order, no chances.

By an alignment that was learned, or by the shared space of a pair that brings one.

See `secondlook.models.zero_shot`; what is special here is a case of several pictures, and that the
words of a domain are read once for many cases.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from secondlook.domain import Label
from secondlook.model_io import Query
from secondlook.models.alignment import AlignmentPart, case_vector
from secondlook.models.case_vectors import spread_out
from secondlook.models.dual import DualBackbone
from secondlook.models.zero_shot import ReadLabels, read_labels

PLACE = "{label}"
"""Where the title of a label stands in the form of a text."""


class Resembling:
    """Compares pictures with the words of labels, which it remembers. Threads may share it."""

    def __init__(
        self, part: AlignmentPart | None, prompt: str | None, learned: Collection[str] = ()
    ) -> None:
        """An alignment and what it was learned from; None for a pair that brings a shared space.

        Args:
            prompt: the form of its texts, with {label} in it; without one, a label is compared by
                the text of its query.
            learned: the labels that were put into that form. Others are not asked for with it: what
                learning made of their words is chance, and they draw cases away from these.
        """
        self._part = part
        self._asked = None if prompt is None else frozenset(learned)
        self._prompts: tuple[str, ...] = ("{description}" if prompt is None else template(prompt),)
        self._read: tuple[tuple[Label, ...], ReadLabels] | None = None

    @classmethod
    def by_words(cls, prompts: Sequence[str], labels: Collection[str]) -> "Resembling":
        """By forms of texts with {title} or {description} in them, of a pair that was aligned."""
        own = cls(None, None)
        own._prompts, own._asked = tuple(prompts), frozenset(labels)
        return own

    def shares(
        self, dual: DualBackbone, images: Sequence[NDArray[np.uint8]], queries: Sequence[Query]
    ) -> dict[str, float]:
        """Uncalibrated shares of labels, which add up to 1; of each the first query counts.

        Empty without a picture, or with fewer than two labels.

        Raises AdapterError for another pair, ModelError for labels that have the same words and for
        a pair without a shared space where there is no alignment.
        """
        labels = _labels([x for x in queries if self._asked is None or x.label in self._asked])
        if not images or len(labels) < 2:
            return {}
        shown = spread_out(images)
        # One picture at a time: a vector must not depend on what else is in the batch.
        seen = (
            np.concatenate([dual.embed_images([x]) for x in shown])
            if self._part is None
            else self._part.read(dual, shown)
        )
        vector = case_vector(seen, dual.image_tower.pooled_size)
        shares = softmax(self._words(dual, labels).logits(vector[None])[0])
        return {x.code: float(y) for x, y in zip(labels, shares, strict=True)}

    def _words(self, dual: DualBackbone, labels: tuple[Label, ...]) -> ReadLabels:
        known = self._read
        if known is None or known[0] != labels:
            read = read_labels(dual, labels, prompts=self._prompts, alignment=self._part)
            self._read = known = labels, read
        return known[1]


def template(prompt: str) -> str:
    """The form of texts in the words of `secondlook.models.zero_shot`."""
    return prompt.replace(PLACE, "{title}")


def _labels(queries: Sequence[Query]) -> tuple[Label, ...]:
    first = {x.label: x for x in reversed(queries)}
    return tuple(
        Label(code=x.label, title=x.title or x.text, description=x.text)
        for x in reversed(first.values())
    )
