"""A vision backbone whose network was quantized to int8 and is run by OpenVINO.

It sees pictures one by one, so that what it says of a picture never depends on the others, and
patches are read without the blocks behind them. It stays as it is: no LoRA weights, no gradients.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from secondlook.assessments import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models.features import ImageFeatures
from secondlook.models.int8.openvino_runtime import compiled, openvino
from secondlook.models.levels import join_levels
from secondlook.models.pictures import Preprocessing
from secondlook.models.towers import ImageTower
from secondlook.models.vision import PatchNetwork

FIXED = (
    "a backbone in int8 stays as it is, without LoRA weights or gradients: to adapt it, give the "
    "checkpoint that it was made from"
)
Run = Callable[[Tensor], list[Tensor]]


class Int8Tower(ImageTower):
    """What runs the network; it holds the hidden states, the tokens and the pooled vector."""

    def __init__(self, network: Any) -> None:
        """`network` is an openvino model of one picture (1, 3, H, W) with these outputs."""
        nn.Module.__init__(self)
        self.network = network
        # says in which precision this tower computes, to whoever asks its weights
        self.kind = nn.Parameter(torch.zeros(0, dtype=torch.int8), requires_grad=False)

    def __getattr__(self, name: str) -> Any:
        if name in ("model", "projection"):
            raise AdapterError(FIXED)
        return super().__getattr__(name)

    @property
    def size(self) -> int:
        """D of the tokens."""
        return int(self.network.outputs[-2].shape[-1])

    @property
    def pooled_size(self) -> int:
        """P of the pooled vectors."""
        return int(self.network.outputs[-1].shape[-1])

    @cached_property
    def run(self) -> Run:
        """Everything; made ready when it is first asked for."""
        return _runner(self.network, range(len(self.network.outputs)))

    def forward(self, pixel_values: Tensor) -> ImageFeatures:
        """Features of prepared pictures (B, 3, H, W)."""
        rows = [self.run(x) for x in pixel_values.unsqueeze(1)]
        *levels, tokens, pooled = (torch.cat(x) for x in zip(*rows, strict=True))
        return ImageFeatures(levels=tuple(levels), tokens=tokens, pooled=pooled)


class Int8Network(PatchNetwork):
    """A `VisionBackbone` that computes in int8; it cannot be adapted. Threads take turns."""

    differentiable = False

    def __init__(
        self, network: Any, ref: BackboneRef, prepare: Preprocessing, levels: Sequence[int]
    ) -> None:
        """`network` is what `Int8Tower` takes."""
        super().__init__(Int8Tower(network), ref, prepare, levels, precision="int8")
        self._middle = _runner(network, self.levels)

    @property
    def slots(self) -> NoReturn:
        """Raises AdapterError: it cannot be adapted."""
        raise AdapterError(FIXED)

    def states(self, batch: Tensor, level: int, adapter: str | None = None) -> NoReturn:
        """Raises AdapterError: only what adapts it asks for these."""
        raise AdapterError(FIXED)

    @torch.inference_mode()
    def look(self, pixels: Tensor, adapter: str | None = None) -> ImageFeatures:
        """Features of a batch (B, 3, H, W) that `prepare` made."""
        with self.running(adapter):
            features: ImageFeatures = self.image_tower(pixels)
        return features

    @torch.inference_mode()
    def patches_of(self, pixels: Tensor) -> Tensor:
        """Features (B, h, w, D) of a batch (B, 3, H, W) that `prepare` made."""
        with self.running():
            rows = [join_levels(self._middle(x)) for x in pixels.unsqueeze(1)]
        return torch.cat(rows).permute(0, 2, 3, 1).contiguous()


def _runner(network: Any, wanted: Sequence[int]) -> Run:
    """What gives some outputs for one picture; nothing that only the others need is computed.

    One thread at a time: all share its memory.
    """
    whole = network.clone()
    part = openvino().Model([whole.outputs[i] for i in wanted], whole.get_parameters())
    request = compiled(part).create_infer_request()

    def run(picture: Tensor) -> list[Tensor]:
        found = request.infer([picture.numpy()], share_inputs=True)
        return [torch.from_numpy(found[i]) for i in range(len(wanted))]

    return run
