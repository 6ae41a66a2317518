"""Labels of a taxonomy read off pictures by their words alone, without a case of any label.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (CLIP),
ICML 2021, arXiv 2103.00020, section 3.1: each label is the mean vector of some prompts, and a
softmax over the labels follows. A pair trained with a sigmoid loss (SigLIP, arXiv 2303.15343,
which has a bias) judges each label on its own. An alignment learned from a user's own cases moves
both sides first, and stands in for the shared space of a pair that has none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.domain import Label, Taxonomy
from secondlook.errors import ModelError
from secondlook.models.alignment import AlignmentPart
from secondlook.models.bank import normalise
from secondlook.models.calibration import Temperature, fit_temperature
from secondlook.models.dual import DualBackbone

PROMPTS = ("{title}", "a picture of {title}", "a close-up that shows {title}", "{description}")
"""What a label is called; `title` begins with a small letter unless it is an abbreviation."""
PLACE = re.compile(r"\{title\}|\{description\}")
LEAST_CALIBRATION = 8
"""Labelled cases that a temperature is fitted on."""

Floats = NDArray[np.float32]
Labels = Taxonomy | Sequence[Label] | Sequence[str]
"""A taxonomy or its labels, or the words of each label."""


def zero_shot(
    dual: DualBackbone,
    labels: Labels,
    images: Sequence[NDArray[np.uint8]],
    *,
    prompts: Sequence[str] = PROMPTS,
    alignment: AlignmentPart | None = None,
) -> Floats:
    """What an aligned pair makes of pictures (H, W, 3): (B, L), in the order of the labels.

    The numbers lie in [0, 1] and are not calibrated: they order labels, and are no chances. Of a
    pair without a bias each row sums to 1, whether a label fits or not.

    Raises ModelError as `read_labels`.
    """
    read = read_labels(dual, labels, prompts=prompts, alignment=alignment)
    if alignment is None:
        return read.probabilities(dual.embed_images(images))
    if not images:
        return np.zeros((0, len(read.vectors)), dtype=np.float32)
    return read.probabilities(alignment.read(dual, images))


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadLabels:
    """Labels that were read once, to be compared with vectors of any number of pictures."""

    vectors: Floats
    """(L, S) of unit length."""
    scale: float
    """What a cosine is multiplied with to get a logit."""
    bias: float
    """What is added then; where it is not 0, each label is judged on its own."""
    alignment: AlignmentPart | None = None
    temperature: Temperature | None = None
    """Fitted on labelled cases; None leaves the logits as they are."""

    def logits(self, vectors: Floats) -> Floats:
        """(B, L) of pictures from `embed_images` (B, P), or what the alignment's `read` gives.

        Raises ModelError for vectors of another size.
        """
        seen = vectors if self.alignment is None else self.alignment.image(vectors)
        if seen.ndim != 2 or seen.shape[1] != self.vectors.shape[1]:
            raise ModelError(
                f"pictures {seen.shape} do not compare with labels {self.vectors.shape}: give "
                "vectors of the backbone that read the labels"
            )
        cosines = np.clip(seen @ self.vectors.T, -1, 1)
        return np.asarray(cosines * self.scale + self.bias, dtype=np.float32)

    def probabilities(self, vectors: Floats) -> Floats:
        """(B, L) in [0, 1]; chances only after `calibrated`, and then of cases like those."""
        logits = self.logits(vectors)
        if self.temperature is not None:
            return self.temperature.probabilities(logits).astype(np.float32)
        return _sigmoid(logits) if self.bias else _softmax(logits)

    def calibrated(self, vectors: Floats, labels: NDArray[np.int64]) -> "ReadLabels":
        """With temperature and offsets fitted on cases (N, P) with labels (N,), as places.

        The cases must not be those that an alignment was learned from: it is too sure of them.

        Raises ModelError for fewer than 8 cases, a single label, or labels that are none.
        """
        logits, count = self.logits(vectors), len(self.vectors)
        if len(labels) < LEAST_CALIBRATION or len(labels) != len(logits):
            raise ModelError(
                f"a temperature needs at least {LEAST_CALIBRATION} cases with one label each, got "
                f"{len(logits)} cases and {len(labels)} labels: label more, or use the numbers "
                "uncalibrated"
            )
        used = np.unique(labels)
        if len(used) < 2 or used[0] < 0 or used[-1] >= count:
            raise ModelError(
                f"the cases have the labels {used[:5].tolist()} of 0 to {count - 1}: give cases of "
                "at least two of them"
            )
        truth = np.eye(count)[labels] if self.bias else labels
        return replace(self, temperature=fit_temperature(logits, truth))


def read_labels(
    dual: DualBackbone,
    labels: Labels,
    *,
    prompts: Sequence[str] = PROMPTS,
    alignment: AlignmentPart | None = None,
) -> ReadLabels:
    """Labels as vectors of a space that pictures lie in, too.

    Args:
        prompts: templates with {title}, {description} or both; a label is the mean over them.
        alignment: learned with this pair. Where the texts it was learned from all have one form
            (`a steel surface with {title}`), that form belongs here, alone: in other words the
            labels are recognised far less well.

    Raises ModelError for a pair without a shared space where no alignment is given, for no labels,
    labels without words or with the same ones, and templates without a place for the label;
    AdapterError for an alignment of another pair.
    """
    vectors = label_vectors(dual, labels, prompts=prompts, alignment=alignment)
    own = alignment is None
    return ReadLabels(
        vectors=vectors,
        scale=dual.logit_scale if alignment is None else alignment.scale,
        bias=dual.logit_bias if own else 0.0,
        alignment=alignment,
    )


def label_vectors(
    dual: DualBackbone,
    labels: Labels,
    *,
    prompts: Sequence[str] = PROMPTS,
    alignment: AlignmentPart | None = None,
) -> Floats:
    """One vector (L, S) of unit length for each label: the mean over its prompts.

    Raises ModelError as `read_labels`.
    """
    if alignment is not None:
        alignment.check(dual)
    elif not dual.aligned:
        raise ModelError(
            f"the pair {dual.ref.name} has no shared space, so labels cannot be read off pictures "
            "by their words: give a CLIP, SigLIP or VisionTextDualEncoder checkpoint, or learn an "
            "alignment from cases with notes"
        )
    known = _labels(labels)
    texts = [text for label in known for text in prompts_of(label, prompts)]
    vectors = dual.embed(texts)
    if alignment is not None:
        vectors = alignment.text(vectors)
    return normalise(vectors.reshape(len(known), len(prompts), -1).mean(axis=1))  # (L, T, S)


def prompts_of(label: Label, prompts: Sequence[str] = PROMPTS) -> tuple[str, ...]:
    """The words that stand for a label. Raises ModelError for a template that has none of them."""
    start = label.title[:2]
    title = label.title if start.isupper() else label.title[:1].lower() + label.title[1:]
    description = label.description or title
    bad = [x for x in prompts if not PLACE.search(x)]
    if bad or not prompts:
        raise ModelError(
            f"prompts {bad[:3]} have no place for a label: write {{title}} or {{description}} "
            "where it belongs"
        )
    words = {"{title}": title, "{description}": description}
    return tuple(PLACE.sub(lambda x: words[x[0]], prompt) for prompt in prompts)


def _labels(labels: Labels) -> tuple[Label, ...]:
    given = labels.labels if isinstance(labels, Taxonomy) else labels
    known = tuple(
        Label(code=x, title=x, description="") if isinstance(x, str) else x for x in given
    )
    if not known:
        raise ModelError("a taxonomy without labels has nothing to compare pictures with")
    words = [(x.title.strip(), x.description.strip()) for x in known]
    empty = [x.code for x in known if not x.title.strip()]
    if empty or len(set(words)) < len(words):
        which = f"label {empty[0]!r} has no words" if empty else "two labels have the same words"
        raise ModelError(
            f"{which}, so pictures cannot be compared with it: say in words what each label shows"
        )
    return known


def _softmax(logits: Floats) -> Floats:
    powers: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _sigmoid(logits: Floats) -> Floats:
    # by way of tanh, which overflows nowhere
    return np.asarray(np.tanh(logits / 2) / 2 + 0.5, dtype=np.float32)
