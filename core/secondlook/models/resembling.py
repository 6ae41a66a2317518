"""Which label's words the pictures of a case are most like, by an alignment: an order, no chances.

See `secondlook.models.zero_shot`; what is special here is a case of several pictures, and that the
words of a domain are read once for many cases.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

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
        self, part: AlignmentPart, prompt: str | None, learned: Collection[str] = ()
    ) -> None:
        """An alignment and what it was learned from.

        Args:
            prompt: the form of its texts, with {label} in it; without one, a label is compared by
                the text of its query.
            learned: the labels that were put into that form. Others are not asked for with it: what
                learning made of their words is chance, and they draw cases away from these.
        """
        self._part = part
        self._learned = None if prompt is None else frozenset(learned)
        self._prompt = "{description}" if prompt is None else template(prompt)
        self._read: tuple[tuple[Label, ...], ReadLabels] | None = None

    def shares(
        self, dual: DualBackbone, images: Sequence[NDArray[np.uint8]], queries: Sequence[Query]
    ) -> dict[str, float]:
        """Uncalibrated shares of labels, which add up to 1; of each the first query counts.

        Empty without a picture, or with fewer than two labels.

        Raises AdapterError for another pair, ModelError for labels that have the same words.
        """
        learned = self._learned
        labels = _labels([x for x in queries if learned is None or x.label in learned])
        if not images or len(labels) < 2:
            return {}
        seen = self._part.read(dual, spread_out(images))
        vector = case_vector(seen, dual.image_tower.pooled_size)
        shares = self._words(dual, labels).probabilities(vector[None])[0]
        return {x.code: float(y) for x, y in zip(labels, shares, strict=True)}

    def _words(self, dual: DualBackbone, labels: tuple[Label, ...]) -> ReadLabels:
        known = self._read
        if known is None or known[0] != labels:
            read = read_labels(dual, labels, prompts=(self._prompt,), alignment=self._part)
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
