"""The networks that speed is measured on: the starter and two untrained ViTs, as checkpoints."""

from pathlib import Path
from typing import Any

import torch
from transformers import ViTConfig, ViTModel

from secondlook.models.backbones import load_vision, starter
from secondlook.models.checkpoints import load_model, quiet_transformers
from secondlook.models.starter import FOLDER
from secondlook.models.vision import PatchNetwork

VITS: dict[str, dict[str, Any]] = {
    "vit-ti-16": {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768},
    "vit-b-16": {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072},
}
NAMES = ("starter", *VITS)


def network(name: str, folder: Path) -> tuple[PatchNetwork, Any]:
    """It as a backbone, and the model that transformers itself makes of the same checkpoint."""
    if name == "starter":
        return starter().image, load_model(FOLDER)[0]
    torch.manual_seed(0)
    with quiet_transformers():
        ViTModel(ViTConfig(num_hidden_layers=12, **VITS[name])).save_pretrained(folder / name)
    backbone = load_vision(folder / name)
    assert isinstance(backbone, PatchNetwork)
    return backbone, load_model(folder / name)[0]
