"""Two small maps that bring pictures and texts of a user's own cases nearer to each other.

Each map adds a correction of low rank to the frozen vector, a shift too, and starts as no change
at all: Gao et al., "CLIP-Adapter", IJCV 2024, arXiv 2110.04544, with the low rank of Hu et al.,
"LoRA", ICLR 2022, arXiv 2106.09685. A pair without a shared space gets one: there a fixed matrix,
fitted in closed form, leads from pictures to texts first.

    alignment/alignment.safetensors    both maps
    alignment/alignment.json           the backbones they belong to, sizes, recipe, scale
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from secondlook.errors import AdapterError, ModelError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.case_vectors import IMAGE, TEXT, spread_out
from secondlook.models.dual import DualBackbone
from secondlook.models.recipe import Recipe

CARD, WEIGHTS = "alignment.json", "alignment.safetensors"
HOTTEST = 100.0
"""The largest scale of a cosine, as in CLIP."""

Floats = NDArray[np.float32]


class ResidualMap(nn.Module):
    """Vectors (N, V) to vectors (N, S) of unit length.

    Without a base the first S of the V numbers are kept as they are, and the rest only corrects.
    """

    down: nn.Parameter
    up: nn.Parameter
    shift: nn.Parameter
    base: Tensor | None
    mean: Tensor
    spread: Tensor

    def __init__(self, inputs: int, outputs: int, rank: int, *, based: bool = False) -> None:
        """`based` makes place for a matrix in `base`; there V and S may be any sizes."""
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))
        self.shift = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("base", torch.zeros(outputs, inputs) if based else None)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("spread", torch.ones(inputs))

    @property
    def inputs(self) -> int:
        """V."""
        return self.down.shape[1]

    @property
    def outputs(self) -> int:
        """S."""
        return self.up.shape[0]

    def forward(self, vectors: Tensor) -> Tensor:
        """(N, S) of unit length."""
        start = vectors[:, : self.outputs] if self.base is None else vectors @ self.base.T
        seen = (vectors - self.mean) / self.spread
        return functional.normalize(start + seen @ self.down.T @ self.up.T + self.shift, dim=1)


class _Card(BaseModel):
    """alignment.json"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(default=1, ge=1, le=1)
    backbones: dict[str, str]
    recipe: Recipe
    scale: float = Field(gt=0, le=HOTTEST, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class AlignmentPart:
    """Maps of pictures and texts into a space of their own. Threads may share it."""

    aligned: ClassVar[bool] = True

    image_map: ResidualMap
    text_map: ResidualMap
    scale: float
    """What a cosine is multiplied with to get a logit."""
    backbones: Mapping[str, str]
    """Fingerprints of the backbones of `image` and `text`."""
    recipe: Recipe = field(default_factory=Recipe)
    """What of a picture is read; by itself the pooled vector alone."""

    def read(self, dual: DualBackbone, images: Sequence[NDArray[np.uint8]]) -> Floats:
        """(B, V) what `image` takes, of pictures (H, W, 3). Raises AdapterError as `check`."""
        self.check(dual)
        return read_pictures(dual, images, self.recipe)

    def image(self, vectors: Floats) -> Floats:
        """(N, S) of unit length from `read`, or from `embed_images` where only that is read.

        Raises ModelError for another size, or numbers that are not finite.
        """
        return _mapped(self.image_map, vectors, IMAGE)

    def text(self, vectors: Floats) -> Floats:
        """(N, S) of unit length from vectors (N, T) of the backbone's `embed`.

        Raises ModelError for another size, or numbers that are not finite.
        """
        return _mapped(self.text_map, vectors, TEXT)

    def check(self, dual: DualBackbone) -> None:
        """Raises AdapterError unless it was learned with this pair."""
        for modality, got in fingerprints(dual).items():
            if got != self.backbones[modality]:
                raise AdapterError(
                    f"the alignment was learned with the {modality} backbone "
                    f"{self.backbones[modality][:12]}, got {got[:12]} ({dual.ref.name}): use that "
                    "backbone, or learn the alignment again with this one"
                )

    def save(self, folder: Path) -> None:
        """Write both files into an existing folder. Raises AdapterError where that fails."""
        card = _Card(backbones=dict(self.backbones), recipe=self.recipe, scale=self.scale)
        try:
            save_file(_tensors(self.image_map, self.text_map), folder / WEIGHTS)
            (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        except (OSError, SafetensorError) as error:
            raise AdapterError(f"cannot write the alignment to {folder}: {error}") from error

    @classmethod
    def load(cls, folder: Path, dual: DualBackbone | None = None) -> "AlignmentPart":
        """Read what `save` wrote.

        Raises AdapterError where files are missing, damaged, do not belong together, or belong to
        another pair than `dual`.
        """
        card, tensors = _read_card(folder), _read_tensors(folder)
        part = cls(
            image_map=_map(folder, tensors, IMAGE),
            text_map=_map(folder, tensors, TEXT),
            scale=card.scale,
            backbones=card.backbones,
            recipe=card.recipe,
        )
        if part.image_map.outputs != part.text_map.outputs:
            raise _damaged(folder, f"the two maps of {WEIGHTS} end in spaces of different sizes")
        if dual is not None:
            part.check(dual)
        return part


def pair_in(vision: VisionBackbone) -> DualBackbone:
    """The pair that a backbone is. Raises AdapterError where it reads no texts."""
    if isinstance(vision, DualBackbone):
        return vision
    raise AdapterError(
        f"backbone {vision.ref.name} reads pictures and no texts, and an alignment needs both: give "
        "`starter`, or a CLIP, SigLIP or VisionTextDualEncoder checkpoint with its tokenizer"
    )


def fingerprints(dual: DualBackbone) -> dict[str, str]:
    """Which backbone each half of a pair is; of a pair from one checkpoint they are the same."""
    return {IMAGE: dual.image.ref.fingerprint, TEXT: dual.text.ref.fingerprint}


@torch.inference_mode()
def read_pictures(
    dual: DualBackbone, images: Sequence[NDArray[np.uint8]], recipe: Recipe
) -> Floats:
    """(B, V): the pooled vector of unit length, then what else the recipe says.

    One picture at a time: a vector must not depend on what else is in the batch.
    """
    if not images:
        return np.zeros((0, dual.image_tower.pooled_size), dtype=np.float32)
    rows = []
    for image in images:
        features = dual.image_features([image])
        unit = functional.normalize(features.pooled.float(), dim=1)
        rest = (
            Recipe(pooled=False, levels=recipe.levels)(features) if recipe.levels else unit[:, :0]
        )
        rows.append(torch.cat([unit, rest], dim=1))
    vectors: Floats = torch.cat(rows).numpy()
    return vectors


def case_vector(vectors: Floats, pooled: int) -> Floats:
    """(V,) of a case with pictures (n, V): the mean, its first `pooled` numbers of unit length."""
    mean: Floats = np.mean(spread_out(list(vectors)), axis=0, dtype=np.float32)
    mean[:pooled] /= max(float(np.linalg.norm(mean[:pooled])), 1e-12)
    return mean


@torch.inference_mode()
def _mapped(own: ResidualMap, vectors: Floats, modality: str) -> Floats:
    if vectors.ndim != 2 or vectors.shape[1] != own.inputs:
        raise ModelError(
            f"the alignment takes {modality} vectors (N, {own.inputs}), got {vectors.shape}: give "
            f"those of its backbone{', as `AlignmentPart.read` gives them' * (modality == IMAGE)}"
        )
    if not np.isfinite(vectors).all():
        raise ModelError(
            f"{modality} vectors hold numbers that are not finite: the backbone gives no usable "
            "values; check it with `secondlook backbones check`, or use another"
        )
    mapped: Floats = own(torch.from_numpy(np.array(vectors, dtype=np.float32))).numpy()
    return mapped


def _tensors(image: ResidualMap, text: ResidualMap) -> dict[str, Tensor]:
    return {
        f"{name}.{key}": value.detach().contiguous().clone()
        for name, own in ((IMAGE, image), (TEXT, text))
        for key, value in cast(dict[str, Tensor], own.state_dict()).items()
    }


def _read_card(folder: Path) -> _Card:
    try:
        card = _Card.model_validate_json((folder / CARD).read_bytes())
    except (OSError, ValidationError) as error:
        reason = f"{CARD} is missing or not of format 1 ({type(error).__name__})"
        raise _damaged(folder, reason) from None
    if set(card.backbones) != {IMAGE, TEXT}:
        raise _damaged(folder, f"{CARD} does not name the backbones of {IMAGE} and {TEXT}")
    return card


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise _damaged(folder, f"{WEIGHTS}: {type(error).__name__}") from None
    if any(x.dtype != torch.float32 or not torch.isfinite(x).all() for x in tensors.values()):
        raise _damaged(folder, f"{WEIGHTS} holds numbers that are not finite float32")
    if any(x.partition(".")[0] not in (IMAGE, TEXT) for x in tensors):
        raise _damaged(folder, f"{WEIGHTS} holds more than the two maps")
    return tensors


def _map(folder: Path, tensors: Mapping[str, Tensor], modality: str) -> ResidualMap:
    sides = {k.partition("."): v for k, v in tensors.items()}
    mine = {key: v for (side, _, key), v in sides.items() if side == modality}
    down, up = mine.get("down"), mine.get("up")
    if down is None or up is None or down.ndim != 2 or up.ndim != 2:
        raise _damaged(folder, f"{WEIGHTS} lacks the map of the {modality} side")
    own = ResidualMap(down.shape[1], up.shape[0], down.shape[0], based="base" in mine)
    try:
        own.load_state_dict(mine)
    except RuntimeError:
        reason = f"the keys or shapes of the {modality} side in {WEIGHTS} do not fit together"
        raise _damaged(folder, reason) from None
    if own.base is None and own.inputs < own.outputs:
        raise _damaged(folder, f"the {modality} side in {WEIGHTS} has too few inputs")
    if not (own.spread > 0).all():
        raise _damaged(folder, f"the {modality} side in {WEIGHTS} divides by nothing")
    return own.eval().requires_grad_(False)


def _damaged(folder: Path, reason: str) -> AdapterError:
    return AdapterError(
        f"the alignment in {folder} is damaged: {reason}; restore it from a copy or learn again"
    )
