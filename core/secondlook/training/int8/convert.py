"""From a frozen vision network to the same one in int8, calibrated on pictures of good parts.

Post-training quantization by NNCF: the range of every activation is taken from a few pictures
(Nagel et al., "A White Paper on Neural Network Quantization", arXiv 2106.08295); in transformers
NNCF first moves large activations into the weights (Xiao et al., "SmoothQuant", ICML 2023,
arXiv 2211.10438).
"""

import copy
import io
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from secondlook.errors import BackboneError
from secondlook.models.checkpoints import brief
from secondlook.models.int8.openvino_runtime import compiled, nncf, openvino
from secondlook.models.vision import PatchNetwork

ATTENTION = {"Softmax", "ScaledDotProductAttention"}
NEAR = 1e-3
"""How far numbers may be from torch's, in units of the largest, before int8."""


def convert(network: PatchNetwork) -> Any:
    """The network as a model of openvino in float32: one picture (1, 3, H, W) to all features.

    Its outputs are the hidden states as maps, the tokens, and the pooled vector.
    Raises BackboneError where openvino cannot run it, or where it then says something else.
    """
    tower = copy.deepcopy(network.image_tower).float().eval()
    shape = (1, 3, *network.prepare.size)
    pixels = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.export.export(_Outputs(tower), (pixels,))
            model = openvino().convert_model(program)
            model.reshape(list(shape))
            found = compiled(model)(pixels.numpy())
            wanted = _Outputs(tower)(pixels)
    except Exception as error:  # torch and openvino raise a dozen kinds
        raise BackboneError(
            f"{network.ref.name} cannot be converted for openvino ({brief(error)}): use a ViT, "
            "CLIP, SigLIP, DINOv2, ConvNeXt or ResNet"
        ) from error
    for number, exact in enumerate(wanted):
        _check_alike(torch.from_numpy(found[number]), exact, network.ref.name)
    return model


def quantize(model: Any, pictures: Sequence[NDArray[np.float32]]) -> Any:
    """The model in int8, with ranges from prepared pictures (1, 3, H, W).

    Raises BackboneError where nncf cannot quantize it.
    """
    attends = any(x.get_type_name() in ATTENTION for x in model.get_ops())
    library = nncf()
    try:
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():  # it draws bars
            warnings.simplefilter("ignore")
            return library.quantize(
                model,
                library.Dataset(pictures),
                subset_size=len(pictures),
                model_type=library.ModelType.TRANSFORMER if attends else None,
            )
    except Exception as error:  # nncf raises a dozen kinds
        raise BackboneError(f"the network cannot be quantized ({brief(error)})") from error


class _Outputs(nn.Module):
    """All that a tower says, as a plain tuple of tensors of their own."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        features = self.tower(pixels)
        return tuple(x.clone() for x in (*features.levels, features.tokens, features.pooled))


def _check_alike(found: Tensor, exact: Tensor, name: str) -> None:
    if found.shape == exact.shape:
        apart = float((found - exact).abs().max() / exact.abs().max().clamp(min=1e-9))
        if apart <= NEAR:
            return
    raise BackboneError(
        f"openvino computes something else of {name} than torch does: use a ViT, CLIP, SigLIP, "
        "DINOv2, ConvNeXt or ResNet"
    )
