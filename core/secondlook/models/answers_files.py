"""The files of answers, and reading and writing them.

answers/head.safetensors       the fusion head
answers/vectors.safetensors    vectors of the cases it learned from, to tell what is unfamiliar
answers/adapter_*              LoRA weights in peft's format, where they were better
answers/answers.json           recipe, calibration, and what all this belongs to: backbones, goods part
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from secondlook.errors import AdapterError, ModelError
from secondlook.models.calibration import (
    AnswerCalibration,
    Blend,
    FamiliarityRule,
    from_plain,
    to_plain,
)
from secondlook.models.case_vectors import IMAGE, REGION
from secondlook.models.familiar import ANCHOR, LOOK, Familiar
from secondlook.models.fusion.head import FusionHead
from secondlook.models.fusion.state import load_head, save_head
from secondlook.models.lora.weights import LoraWeights
from secondlook.models.recipe import Recipe
from secondlook.models.region import RegionRecipe

if TYPE_CHECKING:
    from secondlook.models.answers import AnswersPart

CARD, VECTORS = "answers.json", "vectors.safetensors"


class _Card(BaseModel):
    """answers.json"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    recipe: Recipe
    backbones: dict[str, str]
    lora: bool
    calibration: dict[str, Any]
    familiarity: dict[str, dict[str, Any]]
    region: RegionRecipe | None = None
    blend: dict[str, Any] | None = None


WITH_GOODS = ("region", "blend")
"""Left out where no goods part stood beside: such files are as they always were."""


def write_answers(folder: Path, part: "AnswersPart") -> None:
    """Write all files into an existing folder. Raises AdapterError where that fails."""
    card = _Card(
        recipe=part.recipe,
        backbones=dict(part.backbones),
        lora=part.lora is not None,
        calibration=to_plain(part.calibration),
        familiarity={x: to_plain(y.rule) for x, y in part.familiarity.items()},
        region=part.region,
        blend=None if part.blend is None else to_plain(part.blend),
    )
    absent = {x for x in WITH_GOODS if getattr(card, x) is None}
    try:
        save_head(part.head, folder)
        vectors = {x: np.ascontiguousarray(y.vectors) for x, y in part.familiarity.items()}
        save_file(vectors, folder / VECTORS)
        text = card.model_dump_json(indent=2, exclude=absent) + "\n"
        (folder / CARD).write_text(text, encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"cannot write answers to {folder}: {error}") from error
    if part.lora is not None:
        part.lora.save(folder)


def read_answers(folder: Path) -> dict[str, Any]:
    """What an AnswersPart is made of, but for its name and what finds its regions.

    Raises AdapterError where files are missing, damaged, or do not belong together.
    """
    card = _read_card(folder)
    try:
        calibration = from_plain(AnswerCalibration, card.calibration)
        rules = {x: from_plain(FamiliarityRule, y) for x, y in card.familiarity.items()}
        blend = None if card.blend is None else from_plain(Blend, card.blend)
    except ModelError as error:
        raise AdapterError(_damaged(folder, str(error))) from None
    head = load_head(folder)
    if set(head.config.names) != set(card.backbones):
        raise AdapterError(_damaged(folder, f"{CARD} and the head read different modalities"))
    if (card.region is None) == (REGION in card.backbones) or blend and not card.region:
        raise AdapterError(
            _damaged(folder, f"{CARD} names regions and does not say how to read them")
        )
    lora = None
    if card.lora:
        lora = LoraWeights.load(folder, fingerprint=card.backbones.get(IMAGE, ""))
    return {
        "head": head.requires_grad_(False),
        "calibration": calibration,
        "recipe": card.recipe,
        "backbones": card.backbones,
        "familiarity": _read_vectors(folder, rules, head),
        "lora": lora,
        "region": card.region,
        "blend": blend,
    }


def _read_card(folder: Path) -> _Card:
    try:
        return _Card.model_validate_json((folder / CARD).read_bytes())
    except (OSError, ValidationError) as error:
        reason = f"{CARD} is missing or not of format 1 ({type(error).__name__})"
        raise AdapterError(_damaged(folder, reason)) from None


def _read_vectors(
    folder: Path, rules: Mapping[str, FamiliarityRule], head: FusionHead
) -> dict[str, Familiar]:
    try:
        tensors = load_file(folder / VECTORS)
    except (OSError, SafetensorError) as error:
        raise AdapterError(_damaged(folder, f"{VECTORS}: {type(error).__name__}")) from None
    sizes = {x.name: x.size for x in head.config.modalities}
    for name in set(rules) | set(tensors):
        rows = tensors.get(name, np.zeros((0, 0), np.float32))
        size = rows.shape[-1] if name == LOOK else sizes.get(name)
        fits = name in rules and rows.ndim == 2 and len(rows) and rows.shape[1] == size
        if not fits or not np.isfinite(rows).all():
            raise AdapterError(_damaged(folder, f"{VECTORS} does not fit {CARD} in {name}"))
    return {
        x: Familiar(
            rule=rules[x],
            vectors=tensors[x].astype(np.float32),
            anchor=0.0 if x == LOOK else ANCHOR,
        )
        for x in rules
    }


def _damaged(folder: Path, reason: str) -> str:
    return f"the answers in {folder} are damaged: {reason}; restore them from a copy or learn again"
