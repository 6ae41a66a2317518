"""Labels of a taxonomy read off pictures by their words alone, without any training.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (CLIP),
ICML 2021, arXiv 2103.00020, section 3.1: each label is the mean vector of some prompts, and a
softmax over the labels follows. A pair trained with a sigmoid loss (SigLIP, arXiv 2303.15343,
which has a bias) judges each label on its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.domain import Label, Taxonomy
from secondlook.errors import ModelError
from secondlook.models.bank import normalise
from secondlook.models.dual import DualBackbone

PROMPTS = ("{title}", "a picture of {title}", "a close-up that shows {title}", "{description}")
"""What a label is called; `title` begins with a small letter unless it is an abbreviation."""


def zero_shot(
    dual: DualBackbone, taxonomy: Taxonomy, images: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    """What an aligned pair makes of pictures (H, W, 3): (B, L), in the order of the labels.

    The numbers lie in [0, 1] and are not calibrated: they order labels, and are no chances. Of a
    pair without a bias each row sums to 1, whether a label fits or not.

    Raises ModelError for a pair without a shared space, and for a taxonomy without labels.
    """
    texts = label_vectors(dual, taxonomy)
    logits = dual.similarity(dual.embed_images(images), texts) * dual.logit_scale + dual.logit_bias
    return _sigmoid(logits) if dual.logit_bias else _softmax(logits)


def label_vectors(dual: DualBackbone, taxonomy: Taxonomy) -> NDArray[np.float32]:
    """One vector (L, P) of unit length for each label: the mean over its prompts."""
    if not dual.aligned:
        raise ModelError(
            f"the pair {dual.ref.name} has no shared space, so labels cannot be read off pictures "
            "by their words: give a CLIP, SigLIP or VisionTextDualEncoder checkpoint"
        )
    if not taxonomy.labels:
        raise ModelError("a taxonomy without labels has nothing to compare pictures with")
    prompts = [text for label in taxonomy.labels for text in prompts_of(label)]
    vectors = dual.embed(prompts).reshape(len(taxonomy.labels), len(PROMPTS), -1)  # (L, T, P)
    return normalise(vectors.mean(axis=1))


def prompts_of(label: Label) -> tuple[str, ...]:
    """The words that stand for a label."""
    start = label.title[:2]
    title = label.title if start.isupper() else label.title[:1].lower() + label.title[1:]
    description = label.description or title
    return tuple(x.format(title=title, description=description) for x in PROMPTS)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # by way of tanh, which overflows nowhere
    return np.asarray(np.tanh(logits / 2) / 2 + 0.5, dtype=np.float32)
