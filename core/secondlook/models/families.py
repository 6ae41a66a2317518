"""Which family a checkpoint belongs to, what it can be used for, and loading by family."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as GENERATING,
)

from secondlook.errors import BackboneError, ModelError
from secondlook.models.backbones import load_text, load_vision
from secondlook.models.cards import licence, parameters
from secondlook.models.checkpoints import brief
from secondlook.models.dual import DualBackbone
from secondlook.models.dual_loading import FAMILIES, dual_from_folder
from secondlook.models.folders import Checkpoint, check_folder, locate, read_config
from secondlook.models.generative import GenerativeBackbone, generative_from_folder
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


@dataclass(frozen=True, kw_only=True)
class CheckpointReport:
    """What a checkpoint can be used for."""

    path: str
    name: str | None = None
    family: str | None = None
    """The `model_type` of its config.json."""
    kind: Kind | None = None
    uses: tuple[str, ...] = ()
    """Of: patch features, pooled image vectors, text vectors, shared space, generation."""
    parameters: int | None = None
    """Numbers in its weight files."""
    input_size: tuple[int, int] | None = None
    """Height and width of the pictures it reads, in pixels."""
    text_limit: int | None = None
    """Tokens it reads of a text."""
    licence: str | None = None
    """What its README or config.json says; None where they say nothing."""
    fingerprint: str | None = None
    problems: tuple[str, ...] = ()
    """Each with what would work."""


def kind_of(folder: Path) -> Kind:
    """What a checkpoint folder holds, from its config.json. Raises BackboneError."""
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


def inspect_checkpoint(path: Path | str) -> CheckpointReport:
    """What a checkpoint can be used for, tried out. Never raises: problems are in the report."""
    report = CheckpointReport(path=str(path))
    try:
        at = locate(path)
        report = replace(report, name=at.name)
        report = replace(report, family=str(read_config(at.folder).get("model_type")))
        return _inspect(report, at)
    except Exception as error:  # noqa: BLE001 - a report tells what a broken folder did
        return replace(report, problems=(*report.problems, _sentence(error, path)))


def _inspect(report: CheckpointReport, at: Checkpoint) -> CheckpointReport:
    report = replace(report, licence=licence(at.folder), kind=kind_of(at.folder))
    report = replace(report, parameters=parameters(at.folder))
    backbone, problems = _load_some(at.folder)
    report = replace(report, problems=problems)
    return report if backbone is None else _describe(report, backbone, at.folder)


def _load_some(folder: Path) -> tuple[Backbone | None, tuple[str, ...]]:
    """The checkpoint as a whole, else what can be had of it; and what stood in the way."""
    problems: list[str] = []
    loaders: Sequence[Callable[[Path], Any]] = (load_backbone, load_vision, load_text)
    for load in loaders:
        try:
            return load(folder), tuple(problems[:1])
        except ModelError as error:
            problems.append(str(error))
    return None, tuple(problems[:1])


def _describe(report: CheckpointReport, backbone: Backbone, folder: Path) -> CheckpointReport:
    image = backbone.vision if isinstance(backbone, GenerativeBackbone) else backbone
    text = backbone.text if isinstance(backbone, DualBackbone) else backbone
    return replace(
        report,
        uses=backbone.uses,
        fingerprint=backbone.ref.fingerprint,
        input_size=image.prepare.size if isinstance(image, PatchNetwork | DualBackbone) else None,
        text_limit=text.tokens.limit if isinstance(text, SentenceEncoder) else None,
        problems=report.problems + _doubts(backbone, folder),
    )


def _doubts(backbone: Backbone, folder: Path) -> tuple[str, ...]:
    """What loads, and still does not do what its family promises."""
    if isinstance(backbone, GenerativeBackbone):
        try:
            backbone.generate([np.zeros((32, 32, 3), dtype=np.uint8)], "What is this?", 1)
        except ModelError as error:
            return (str(error),)
    if isinstance(backbone, DualBackbone) and _unscaled(backbone, folder):
        doubt = (
            f"the logit_scale in {folder} still has its first value, so its shared space was "
            "hardly trained: use it for patches, or give a pair that was trained on pictures "
            "with their texts"
        )
        return (doubt,)
    return ()


def _unscaled(backbone: DualBackbone, folder: Path) -> bool:
    start = read_config(folder).get("logit_scale_init_value")
    return start is not None and bool(np.isclose(np.log(backbone.logit_scale), start, rtol=1e-6))


def _sentence(error: Exception, path: Path | str) -> str:
    if isinstance(error, ModelError):
        return str(error)
    return f"{path} cannot be read ({brief(error)}): copy or fetch the checkpoint again"
