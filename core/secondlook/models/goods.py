"""What an adapter knows about good parts, and how it looks at a picture.

Two looks at the same backbone: how far each patch is from any good one (the bank), and how much
it looks like a painted defect (the dense model, where one was learned). Their units differ, so
each is counted in the spread of its own largest values over goods it had not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter
from torch.nn import functional

from secondlook.errors import AdapterError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import PatchBank, Scored
from secondlook.models.dense import DenseModel
from secondlook.models.gate import Gate
from secondlook.models.goods_condition import Condition, measured
from secondlook.models.goods_tiles import Tiled, TilePlan, prepare_of, sight
from secondlook.models.vision import PatchNetwork

USUAL, HIGH = 0.5, 0.95
"""Quantiles of the largest values on goods that become 0 and 1 of the common unit."""

BLUR = 1.0
"""Places of the map over which both looks are averaged: one that stands alone is often noise. On
defects painted on held-out goods it told good from bad better than no blur or twice as much."""


class Unit(BaseModel):
    """A common unit for values of one kind: `middle` becomes 0 and `middle + spread` 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    middle: float = Field(allow_inf_nan=False)
    spread: float = Field(gt=0, allow_inf_nan=False)

    @classmethod
    def of(cls, largest: Sequence[float], least: float) -> "Unit":
        """From the largest value of each of several goods; `least` bounds the spread below."""
        usual, high = np.quantile(np.asarray(largest, dtype=np.float64), (USUAL, HIGH))
        return cls(middle=float(usual), spread=max(float(high - usual), least))

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The values in this unit."""
        counted: NDArray[np.float32] = (values - np.float32(self.middle)) / np.float32(self.spread)
        return counted


@dataclass(frozen=True, kw_only=True, eq=False)
class GoodsPart:
    """Finds what no good part has."""

    bank: PatchBank
    dense: DenseModel | None = None
    units: tuple[Unit, Unit] | None = None
    """Of the bank and of the dense model; None where there is no dense model."""
    gate: Gate | None = None
    """Tells pictures of other things; None where none was learned."""
    tiles: TilePlan | None = None
    """How pictures are cut into tiles; None where they are looked at whole."""
    condition: Condition | None = None
    """How the goods were taken; None where nobody measured it."""

    def look(self, vision: VisionBackbone, image: NDArray[np.uint8]) -> Scored:
        """The map and score of one picture (H, W, 3), and whether it shows such a part at all.

        Raises AdapterError where there is a dense model and the backbone cannot take one.
        """
        vision = sight(vision, self.tiles)
        prepare = prepare_of(vision)
        kept = image if prepare is None else prepare.resized(image)
        patches = vision.patches([kept])[0]
        seen = self.bank.score(patches)
        if self.condition is not None:
            seen = replace(seen, condition=self.condition.doubts(measured(image, kept)))
        if self.gate is not None:
            seen = replace(seen, strangeness=self.gate.strangeness(patches))
        if self.dense is None or self.units is None:
            return seen
        return combined(seen, dense_map(self.dense, vision, kept), self.units)


def combined(seen: Scored, logits: NDArray[np.float32], units: tuple[Unit, Unit]) -> Scored:
    """Both looks as one map on the finer grid; its values are above 0, about 1 at the border."""
    near = _on_grid(units[0](seen.map), logits.shape)
    mean = gaussian_filter((near + units[1](logits)) / 2, BLUR, mode="nearest")
    both = functional.softplus(torch.from_numpy(mean)).numpy()
    return replace(seen, map=both, places=_spread(seen.places, both.shape))


def dense_map(
    dense: DenseModel, vision: VisionBackbone, image: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """(h, w) logits of one picture (H, W, 3), tile by tile where the backbone looks at tiles."""
    network = network_of(vision)
    if not isinstance(vision, Tiled):
        return dense.map(network, image)
    joined = vision.joined(image, lambda x: np.stack([dense.map(network, y) for y in x])[..., None])
    return joined[..., 0]


def network_of(vision: VisionBackbone) -> PatchNetwork:
    """The network inside a backbone. Raises AdapterError where it has none that can be adapted."""
    if isinstance(vision, Tiled):
        return network_of(vision.vision)
    for found in (vision, getattr(vision, "image", None), getattr(vision, "vision", None)):
        if isinstance(found, PatchNetwork):
            return found
    raise AdapterError(
        f"backbone {vision.ref.name} cannot be adapted: give a checkpoint folder that "
        "`secondlook backbones check` accepts, or learn from goods without LoRA (--minutes 0)"
    )


def _spread(places: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Whole numbers (h, w) on another grid: at each place the one that lies there."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for old, new in zip(places.shape, shape, strict=True)
    )
    spread: NDArray[np.int32] = places[rows[:, None], columns]
    return spread


def _on_grid(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    size = (shape[0], shape[1])
    tensor = torch.from_numpy(values)[None, None]
    resized: NDArray[np.float32] = functional.interpolate(tensor, size, mode="bilinear")[
        0, 0
    ].numpy()
    return resized
