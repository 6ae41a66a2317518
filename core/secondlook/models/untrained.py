"""A convolutional network with random weights, bit for bit the same on every machine.

Random convolutions followed by rectifiers act as a bank of texture filters, which is enough to
show a whole workflow on a machine without any checkpoint, and weak at finding defects. The
weights come from uniform numbers of NumPy's PCG64, scaled in float32: unlike the normal numbers
of torch they do not depend on the instruction set.
"""

import math

import numpy as np
import torch
from torch import nn
from transformers import ResNetConfig, ResNetModel

from secondlook.assessments import BackboneRef
from secondlook.models.checkpoints import fingerprint
from secondlook.models.levels import middle_levels
from secondlook.models.pictures import Preprocessing
from secondlook.models.vision import CONV_SIDE, PatchNetwork

SEED = 20220615
SIZES = (32, 64, 128, 256)


def untrained_resnet(side: int = CONV_SIDE) -> PatchNetwork:
    """The untrained backbone, for pictures of side x side pixels."""
    config = ResNetConfig(
        embedding_size=32, hidden_sizes=list(SIZES), depths=[2, 2, 2, 2], layer_type="basic"
    )
    model = _build(config)
    _fill(model)
    ref = BackboneRef(
        name="untrained-resnet",
        revision=f"seed-{SEED}",
        fingerprint=fingerprint(model),
        trained=False,
    )
    levels = middle_levels(len(SIZES) + 1, convolutional=True)
    return PatchNetwork(model.eval().requires_grad_(False), ref, Preprocessing(side), levels)


def _build(config: ResNetConfig) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # transformers initialises weights that are replaced
        return ResNetModel(config)


def _fill(model: nn.Module) -> None:
    """Kaiming-uniform convolutions (He et al. 2015); normalisation layers stay the identity."""
    numbers = np.random.Generator(np.random.PCG64(SEED))
    for _, module in sorted(model.named_modules()):
        if isinstance(module, nn.Conv2d):
            shape = tuple(module.weight.shape)
            bound = np.float32(math.sqrt(6 / math.prod(shape[1:])))
            unit = numbers.random(shape, dtype=np.float32)
            module.weight.data = torch.from_numpy((unit * 2 - 1) * bound)
