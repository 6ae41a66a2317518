"""The teacher: SqueezeNet v1.0 trained on ImageNet, whose maps the starter learns to give.

Iandola et al. 2016, arXiv 1602.07360; weights of the Deep Compression release (BSD). Only its
answers on made-up pictures are used: no weight of it goes into the starter.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from secondlook.errors import BackboneError

BGR_MEAN = (104.0, 117.0, 123.0)
TAPS = {"fire3": 128, "fire7": 384, "fire9": 512}
"""The maps that are taught, finest first, with their channels."""
POOLED_BEFORE = ("fire2", "fire5", "fire9")
"""Where Caffe's 3 x 3 max pooling with stride 2 lies (it rounds sizes up)."""


class Teacher(nn.Module):
    """Pictures (B, 3, H, W), RGB from 0 to 1, to maps (B, channels, h, w) in the order of `TAPS`."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.weights = nn.ParameterDict(
            {k.replace(".", "/"): nn.Parameter(v.float(), False) for k, v in weights.items()}
        )
        self.register_buffer("mean", torch.tensor(BGR_MEAN).view(1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Maps at strides of about 4, 8 and 16 pixels."""
        x = pictures.flip(1) * 255 - self.get_buffer("mean")
        x = functional.relu(self._conv(x, "conv1", stride=2))
        maps = []
        for number in range(2, 10):
            name = f"fire{number}"
            if name in POOLED_BEFORE:
                x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self._fire(x, name)
            if name in TAPS:
                maps.append(x)
        return maps

    def _fire(self, x: Tensor, name: str) -> Tensor:
        squeezed = functional.relu(self._conv(x, f"{name}.conv1x1_1"))
        one = self._conv(squeezed, f"{name}.conv1x1_2")
        three = self._conv(squeezed, f"{name}.conv3x3_2", padding=1)
        return functional.relu(torch.cat([one, three], dim=1))

    def _conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        key = name.replace(".", "/")
        weight, bias = self.weights[f"{key}/weight"], self.weights[f"{key}/bias"]
        return functional.conv2d(x, weight, bias, stride, padding)


def load_teacher(path: Path) -> Teacher:
    """The teacher from its safetensors file. Raises BackboneError where that is not SqueezeNet."""
    try:
        teacher = Teacher(load_file(path)).eval()
        with torch.inference_mode():
            teacher(torch.zeros(1, 3, 64, 64))
    except (OSError, SafetensorError, AttributeError, RuntimeError) as error:
        raise BackboneError(
            f"{path} is not the teacher ({type(error).__name__}): give SqueezeNet v1.0 as "
            "safetensors with Caffe's layer names (conv1, fire2.conv1x1_1, ...)"
        ) from error
    return teacher
