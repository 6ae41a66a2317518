"""What a checkpoint can be used for, tried out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from secondlook.errors import ModelError
from secondlook.models.backbones import load_text, load_vision
from secondlook.models.cards import licence, parameters
from secondlook.models.checkpoints import brief
from secondlook.models.dual import DualBackbone
from secondlook.models.families import Backbone, Kind, kind_of, load_backbone
from secondlook.models.folders import Checkpoint, locate, read_config
from secondlook.models.generative import GenerativeBackbone
from secondlook.models.int8.card import is_quantized, read_card
from secondlook.models.int8.files import load_quantized
from secondlook.models.int8.network import FIXED
from secondlook.models.text import SentenceEncoder
from secondlook.models.vision import PatchNetwork


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
    notes: tuple[str, ...] = ()
    """What else to know of it."""


def inspect_checkpoint(path: Path | str) -> CheckpointReport:
    """What a checkpoint can be used for, tried out. Never raises: problems are in the report."""
    report = CheckpointReport(path=str(path))
    try:
        at = locate(path)
        report = replace(report, name=at.name)
        if is_quantized(at.folder):
            return _inspect_quantized(report, at)
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


def _inspect_quantized(report: CheckpointReport, at: Checkpoint) -> CheckpointReport:
    card = read_card(at.folder)
    report = replace(
        report,
        family=card.family,
        kind="vision",
        licence=card.licence,
        parameters=card.parameters,
        notes=(card.words, f"{FIXED}; until then goods give a bank alone, and labels a head alone"),
    )
    try:
        return _describe(report, load_quantized(at), at.folder)
    except ModelError as error:
        return replace(report, problems=(str(error),))


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
