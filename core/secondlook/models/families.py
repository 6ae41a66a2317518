"""Which family a checkpoint belongs to, and loading by family."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as GENERATING,
)

from secondlook.errors import BackboneError
from secondlook.models.dual import DualBackbone
from secondlook.models.dual_loading import FAMILIES, dual_from_folder
from secondlook.models.folders import check_folder, locate, read_config
from secondlook.models.generative import GenerativeBackbone, generative_from_folder
from secondlook.models.int8.card import is_quantized
from secondlook.models.text import SentenceEncoder, text_from_folder
from secondlook.models.vision import PatchNetwork
from secondlook.models.vision_loading import vision_from_folder

Backbone = DualBackbone | PatchNetwork | SentenceEncoder | GenerativeBackbone
Kind = Literal["dual", "vision", "text", "generative"]
LOADERS: dict[Kind, Callable[[Path], Backbone]] = {
    "dual": dual_from_folder,
    "vision": vision_from_folder,
    "text": text_from_folder,
    "generative": generative_from_folder,
}


def kind_of(folder: Path) -> Kind:
    """What a checkpoint folder holds, from its config.json. Raises BackboneError."""
    if is_quantized(folder):
        return "vision"
    family = str(read_config(check_folder(folder)).get("model_type"))
    if family in FAMILIES:
        return "dual"
    if family in GENERATING:
        return "generative"
    try:
        model: Any = transformers.MODEL_MAPPING[CONFIG_MAPPING[family]]
    except KeyError as error:
        raise BackboneError(
            f"{folder} is of the family {family!r}, which transformers {transformers.__version__} "
            "does not know: give a checkpoint of a family it knows"
        ) from error
    return "vision" if model.main_input_name == "pixel_values" else "text"


def load_backbone(path: Path | str) -> Backbone:
    """A checkpoint folder, or a hub id in the local cache, as whatever its family can be.

    Raises BackboneError where it is missing, unsafe, damaged, or of no use here.
    """
    return LOADERS[kind_of(locate(path).folder)](Path(path))
