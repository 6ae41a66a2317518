"""Pictures as a network sees them: one size, three channels, normalised. No torchvision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from secondlook.errors import ModelError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """How pictures are made ready for one backbone."""

    side: int
    """Pictures are resized to side x side pixels, without regard to their aspect."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        """A float32 batch (B, 3, side, side) of pictures (H, W, 3) with values 0 to 255."""
        stack = np.stack([self._resize(x) for x in images])  # (B, side, side, 3)
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        values = (stack / np.float32(255) - mean) / std
        return torch.from_numpy(values.transpose(0, 3, 1, 2).copy())

    def _resize(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ModelError(
                f"a picture must be uint8 (height, width, 3) and not empty; "
                f"got {image.dtype} {image.shape}"
            )
        size = (self.side, self.side)
        picture = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR, reducing_gap=3)
        return np.asarray(picture, dtype=np.float32)
