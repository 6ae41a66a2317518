"""Tiny random towers of every family that LoRA adapters are put into."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ConvNextConfig,
    ConvNextModel,
    Dinov2Config,
    Dinov2Model,
    ResNetConfig,
    ResNetModel,
    SiglipVisionConfig,
    SiglipVisionModel,
    ViTConfig,
    ViTModel,
)

VIT: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "image_size": 16,
    "patch_size": 8,
}
CONV: dict[str, Any] = {"hidden_sizes": [8, 12, 16, 20], "depths": [2, 2, 2, 2]}
BERT: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 16,
}

BUILD: dict[str, Callable[[], nn.Module]] = {
    "clip": lambda: CLIPVisionModel(CLIPVisionConfig(**VIT)),
    "siglip": lambda: SiglipVisionModel(SiglipVisionConfig(**VIT)),
    "vit": lambda: ViTModel(ViTConfig(**VIT)),
    "dinov2": lambda: Dinov2Model(Dinov2Config(**VIT)),
    "convnext": lambda: ConvNextModel(ConvNextConfig(**CONV, layer_scale_init_value=0.5)),
    "resnet": lambda: ResNetModel(ResNetConfig(embedding_size=8, layer_type="basic", **CONV)),
    "bottleneck": lambda: ResNetModel(
        ResNetConfig(embedding_size=8, layer_type="bottleneck", **CONV)
    ),
    "bert": lambda: BertModel(BertConfig(**BERT)),
}
FAMILIES = sorted(BUILD)


def tower(family: str, seed: int = 0) -> Any:
    """A frozen tower whose every weight, and every statistic of its normalisation, is random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BUILD[family]().eval().requires_grad_(False)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return model


def inputs(family: str, count: int = 3, seed: int = 1) -> dict[str, Tensor]:
    """What that tower takes; texts differ in length."""
    numbers = torch.Generator().manual_seed(seed)
    if family == "bert":
        ids = torch.randint(3, 40, (count, 7), generator=numbers)
        lengths = torch.tensor([7 - i % 4 for i in range(count)])
        mask = (torch.arange(7) < lengths.unsqueeze(1)).long()
        return {"input_ids": ids, "attention_mask": mask}
    side = 64 if family in ("resnet", "bottleneck", "convnext") else 16
    return {"pixel_values": torch.randn(count, 3, side, side, generator=numbers)}


def difference(a: Tensor, b: Tensor) -> float:
    """Greatest absolute difference."""
    return float((a - b).abs().max())
