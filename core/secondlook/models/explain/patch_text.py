"""Where in a picture something lies that words name: places and texts in one space.

Where a tower pools by the mean over places and then projects, every place can be projected as well,
and the picture's vector is the mean of theirs (the starter). In CLIP a class token is projected
that takes values from all places: there the values are projected, as in Zhou, Loy and Dai,
"Extract Free Dense Labels from CLIP" (MaskCLIP), ECCV 2022, arXiv 2112.01071.
"""

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from secondlook.errors import ModelError
from secondlook.models.dual import DualBackbone
from secondlook.models.features import ImageFeatures
from secondlook.models.lora.blocks import find_blocks

TOLERANCE = 1e-3


@torch.inference_mode()
def patch_text(
    dual: DualBackbone, image: NDArray[np.uint8], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Cosines (N, h, w) of the places of a picture (H, W, 3) with texts; they cover all of it.

    They order places, and are no chances.

    Args:
        vectors: (N, P) of unit length, from `dual.embed` or `zero_shot.label_vectors`.

    Raises ModelError where the pair has no shared space, or its places cannot be put into it.
    """
    if not dual.aligned:
        raise ModelError(
            f"the pair {dual.ref.name} has no shared space, so its pictures and texts do not "
            "compare: give a CLIP, SigLIP or VisionTextDualEncoder checkpoint"
        )
    features = dual.image_features([image])
    places = functional.normalize(_projected(dual, features)[0].float(), dim=1)  # (h w, P)
    height, width = features.levels[-1].shape[-2:]
    cosines = torch.from_numpy(np.array(vectors, np.float32)) @ places.T
    maps: NDArray[np.float32] = cosines.clamp(-1, 1).reshape(-1, height, width).numpy()
    return maps


def _projected(dual: DualBackbone, features: ImageFeatures) -> Tensor:
    """(1, N, P) every place in the shared space."""
    tower = dual.image_tower
    if tower.projection is not None:
        projected: Tensor = tower.projection(features.tokens)
        if torch.allclose(projected.mean(1), features.pooled, TOLERANCE, TOLERANCE):
            return projected
    config: Any = tower.model.config
    if tower.projection is not None and config.model_type == "clip_vision_model":
        with dual.image.alone():
            return cast(Tensor, tower.projection(_values(tower.model, features)))
    raise ModelError(
        f"places of a picture cannot be compared with texts by {dual.ref.name}: its "
        f"{config.model_type} pools in a way that single places do not go through; use the "
        "starter or a CLIP checkpoint"
    )


def _values(model: Any, features: ImageFeatures) -> Tensor:
    """(1, N, D) what the last block of a CLIP tower would take over from each place."""
    block: Any = find_blocks(model).blocks[-1].module
    before = features.levels[-2].flatten(2).transpose(1, 2)
    values = block.self_attn.out_proj(block.self_attn.v_proj(block.layer_norm1(before)))
    normed: Tensor = model.post_layernorm(values)
    return normed
