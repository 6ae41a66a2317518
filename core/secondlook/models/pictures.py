"""Pictures as a network sees them: one size, three channels, normalised. No torchvision."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from secondlook.errors import BackboneError, ModelError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """How pictures are made ready for one backbone.

    The whole picture is resized, without regard to its aspect and without cropping: a defect at
    the rim must stay in sight, and a patch must lie at the same fractions of any picture. Pooled
    vectors of CLIP-like models come from this same resize, although such models were trained on
    centre crops (or, SigLIP2 NaFlex, with the aspect kept); for a square picture there is no
    difference.
    """

    side: int
    """Height, and width too unless `width` says otherwise, in pixels."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    width: int | None = None
    resample: Image.Resampling = Image.Resampling.BILINEAR
    white: float = 255
    """The value that becomes 1.0 before mean and deviation are applied."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.side, self.width or self.side

    @property
    def words(self) -> str:
        """All of it in words: the same in every process, and different where pictures are."""
        height, width = self.size
        mean, deviation = (" ".join(f"{x:.8g}" for x in part) for part in (self.mean, self.std))
        return (
            f"{height} x {width} {self.resample.name.lower()}, mean {mean}, "
            f"deviation {deviation}, white {self.white:.8g}"
        )

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        """A float32 batch (B, 3, height, width) of pictures (H, W, 3) with values 0 to 255."""
        stack = np.stack([self.resized(x) for x in images]).astype(np.float32)  # (B, h, w, 3)
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        values = (stack / np.float32(self.white) - mean) / std
        return torch.from_numpy(values.transpose(0, 3, 1, 2).copy())

    def resized(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (H, W, 3) at the size the backbone takes; resizing it again changes nothing."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ModelError(
                f"a picture must be uint8 (height, width, 3) and not empty; "
                f"got {image.dtype} {image.shape}"
            )
        picture = Image.fromarray(image).resize(self.size[::-1], self.resample, reducing_gap=3)
        return np.asarray(picture)


def stated_preprocessing(folder: Path, size: tuple[int, int] | None, default: int) -> Preprocessing:
    """What a checkpoint folder says about its pictures.

    `size` is what the model itself can take (height, width) and wins; next comes the size that
    the folder states, then `default`. Raises BackboneError where the statement makes no sense.
    """
    stated = _read(folder)
    try:
        height, width = size or _size(stated) or (default, default)
        return Preprocessing(
            side=height,
            width=None if width == height else width,
            mean=_colours(stated, "image_mean", IMAGENET_MEAN, 0.0),
            std=_colours(stated, "image_std", IMAGENET_STD, 1.0),
            resample=_resample(stated),
            white=_white(stated),
        )
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        raise BackboneError(
            f"{folder} states an image size or colours that make no sense ({error}): compare its "
            "preprocessor_config.json with the one the checkpoint was published with"
        ) from error


def _read(folder: Path) -> dict[str, Any]:
    """The image processor's settings, which newer checkpoints keep in processor_config.json."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file():
            try:
                whole = json.loads((folder / name).read_text(encoding="utf-8"))
            except ValueError as error:
                raise BackboneError(
                    f"{folder / name} is no JSON: copy or fetch the checkpoint again"
                ) from error
            stated = whole if name.startswith("pre") else whole.get("image_processor")
            if isinstance(stated, dict):
                return stated
    return {}


def _size(stated: Mapping[str, Any]) -> tuple[int, int] | None:
    """Height and width; the crop where there is one, for that is what the model was fed."""
    crop = stated.get("crop_size") if stated.get("do_center_crop", True) else None
    size = crop or stated.get("size")
    if not size:
        return None
    if isinstance(size, int):
        return size, size
    if "height" in size:
        return int(size["height"]), int(size["width"])
    edge = size.get("shortest_edge") or size.get("longest_edge")
    return (int(edge), int(edge)) if edge else None


def _colours(
    stated: Mapping[str, Any], name: str, default: tuple[float, ...], unchanged: float
) -> tuple[float, ...]:
    if stated.get("do_normalize") is False:
        return (unchanged,) * 3
    values = tuple(float(x) for x in stated.get(name) or default)
    if len(values) != 3 or (name == "image_std" and min(values) <= 0):
        raise ValueError(f"{name} is {list(values)}")
    return values


def _resample(stated: Mapping[str, Any]) -> Image.Resampling:
    number = stated.get("resample")
    return Image.Resampling.BILINEAR if number is None else Image.Resampling(number)


def _white(stated: Mapping[str, Any]) -> float:
    factor = float(stated.get("rescale_factor") or 1 / 255)
    return 1.0 if stated.get("do_rescale") is False else 1 / factor
