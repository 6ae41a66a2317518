"""Two towers over one checkpoint: pictures and texts, in a shared space where it has one.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (CLIP),
ICML 2021, arXiv 2103.00020; Zhai et al., "Sigmoid Loss for Language Image Pre-Training"
(SigLIP), ICCV 2023, arXiv 2303.15343; Tschannen et al., "SigLIP 2", arXiv 2502.14786.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.assessments import BackboneRef
from secondlook.errors import ModelError
from secondlook.models.features import ImageFeatures, TextFeatures
from secondlook.models.pictures import Preprocessing
from secondlook.models.text import SentenceEncoder
from secondlook.models.tokens import Tokens
from secondlook.models.towers import ImageTower, TextTower
from secondlook.models.vision import PatchNetwork


class DualBackbone:
    """A `VisionBackbone` and a `TextBackbone` in one.

    Attributes:
        image: the half that reads pictures.
        text: the half that reads texts.
        ref: which backbone this is.
        aligned: whether pooled vectors of both halves lie in one space, so that they compare.
        logit_scale: what a cosine is multiplied with to get a logit.
        logit_bias: what is added then; 0 but for SigLIP.
    """

    def __init__(
        self,
        image: PatchNetwork,
        text: SentenceEncoder,
        ref: BackboneRef,
        *,
        aligned: bool,
        logit_scale: float = 1.0,
        logit_bias: float = 0.0,
    ) -> None:
        self.image = image
        self.text = text
        self.ref = ref
        self.aligned = aligned
        self.logit_scale = logit_scale
        self.logit_bias = logit_bias

    @property
    def uses(self) -> tuple[str, ...]:
        """What it can do, in words."""
        shared = ("shared space",) if self.aligned else ()
        return self.image.uses + self.text.uses + shared

    @property
    def image_tower(self) -> ImageTower:
        """The network that reads pictures, for whoever trains LoRA weights in it."""
        return self.image.image_tower

    @property
    def text_tower(self) -> TextTower:
        """The network that reads texts."""
        return self.text.text_tower

    @property
    def prepare(self) -> Preprocessing:
        """Turns pictures into what the image tower takes."""
        return self.image.prepare

    @property
    def preprocessing(self) -> str:
        """How pictures are made ready and in what precision they are seen, in words."""
        return self.image.preprocessing

    @property
    def tokens(self) -> Tokens:
        """Turns texts into what the text tower takes."""
        return self.text.tokens

    def patches(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (B, h, w, D) of B pictures (H, W, 3), which may differ in size."""
        return self.image.patches(images)

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (B, P) of unit length; in the shared space where the pair is aligned."""
        return self.image.embed_images(images)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (N, P) of unit length; in the shared space where the pair is aligned."""
        return self.text.embed(texts)

    def image_features(
        self, images: Sequence[NDArray[np.uint8]], adapter: str | None = None
    ) -> ImageFeatures:
        """Tokens and pooled vectors of one batch of pictures (B >= 1), without gradients."""
        return self.image.image_features(images, adapter)

    def text_features(self, texts: Sequence[str]) -> TextFeatures:
        """Tokens and pooled vectors of one batch of texts (B >= 1), without gradients."""
        return self.text.text_features(texts)

    def similarity(
        self, images: NDArray[np.float32], texts: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Cosines (B, N) of vectors from `embed_images` (B, P) and `embed` (N, P).

        Times `logit_scale` plus `logit_bias` they are the model's own logits.
        Raises ModelError where the pair has no shared space.
        """
        if not self.aligned:
            raise ModelError(
                f"the pair {self.ref.name} has no shared space, so its pictures and texts do not "
                "compare: give a CLIP, SigLIP or VisionTextDualEncoder checkpoint"
            )
        cosines: NDArray[np.float32] = np.clip(images @ texts.T, -1, 1)
        return cosines
