"""A case as vectors: of its pictures, of its most unusual place, of its passages."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from secondlook.models.backbones import TextBackbone
from secondlook.models.features import ImageFeatures
from secondlook.models.fusion.head import FusionHead
from secondlook.models.gate import signature
from secondlook.models.recipe import Recipe
from secondlook.models.vision import PatchNetwork

IMAGE, REGION, OUTLINE, TEXT = "image", "region", "outline", "text"
"""A region is what the most unusual place of a case looks like; its outline how far it stands out
and which shape it has."""
MOST_PICTURES = 32
"""Of a case with more, so many are read, evenly spread. Slices of volumes count as pictures."""

T = TypeVar("T")
Floats = NDArray[np.float32]


@torch.inference_mode()
def picture_vectors(
    vision: PatchNetwork,
    images: Sequence[NDArray[np.uint8]],
    recipe: Recipe,
    adapter: str | None = None,
) -> Floats:
    """(n, V) vectors of pictures (H, W, 3), of at most `MOST_PICTURES` of them.

    One picture at a time: a vector must not depend on what else is in the batch.

    Args:
        adapter: the name of bound LoRA weights; None reads with the frozen backbone.
    """
    rows = [recipe(vision.image_features([x], adapter)) for x in spread_out(images)]
    vectors: Floats = torch.cat(rows).numpy()
    return vectors


@torch.inference_mode()
def vectors_and_look(
    vision: PatchNetwork, images: Sequence[NDArray[np.uint8]], recipe: Recipe
) -> tuple[Floats, Floats]:
    """(n, V) as `picture_vectors` of the frozen backbone, and (S,) the mean of their looks."""
    rows, looks = [], []
    for image in spread_out(images):
        features = vision.image_features([image])
        rows.append(recipe(features))
        looks.append(look_of(vision, features))
    return torch.cat(rows).numpy(), np.mean(looks, axis=0)


def look_of(vision: PatchNetwork, features: ImageFeatures) -> Floats:
    """(S,) the `signature` of one picture."""
    return signature(vision.joined(features.levels)[0].numpy())


def passages_vector(text: TextBackbone, passages: Sequence[str]) -> Floats:
    """(T,) the mean of the vectors of the passages."""
    vector: Floats = text.embed(list(passages)).mean(0)
    return vector


def spread_out(items: Sequence[T], most: int = MOST_PICTURES) -> list[T]:
    """All of them, or `most` evenly spread from the first to the last."""
    if len(items) <= most:
        return list(items)
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, most).tolist()]


@torch.no_grad()
def standardised(head: FusionHead, name: str, vectors: Floats) -> Floats:
    """(N, V) as the head standardises this modality: what all cases share is taken away."""
    standard: Floats = head.scales[name](torch.from_numpy(np.array(vectors, np.float32))).numpy()
    return standard
