"""The part of an adapter that answers: which labels hold for a case, how sure, and why.

A case is a few pictures and a few passages. Each picture becomes one vector: what the backbone
pools, and mean and spread over space of its middle hidden states, which in small networks carry
most of the texture. A case is the mean over its pictures, and the mean over its passages.

    answers/head.safetensors       the fusion head
    answers/vectors.safetensors    vectors of the cases it learned from, to tell what is unfamiliar
    answers/adapter_*              LoRA weights in peft's format, where they were better
    answers/answers.json           recipe, calibration, and the backbones all this belongs to
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor

from secondlook.errors import AdapterError, ModelError
from secondlook.models.backbones import TextBackbone
from secondlook.models.calibration import (
    AnswerCalibration,
    FamiliarityRule,
    fit_familiarity,
    from_plain,
    to_plain,
)
from secondlook.models.features import ImageFeatures
from secondlook.models.fusion.head import FusionHead
from secondlook.models.fusion.inputs import ModalityBatch, patterns
from secondlook.models.fusion.state import load_head, save_head
from secondlook.models.lora.weights import LoraWeights
from secondlook.models.vision import PatchNetwork

IMAGE, TEXT = "image", "text"
CARD, VECTORS = "answers.json", "vectors.safetensors"
MOST_PICTURES = 16
"""Of a case with more, so many are read, evenly spread."""

ANCHOR = 3.0
"""The constant beside a standardised vector, in usual lengths of such vectors."""

T = TypeVar("T")
Floats = NDArray[np.float32]


class Recipe(BaseModel):
    """What of a picture's features makes its vector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pooled: bool = True
    """The vector that the backbone pools."""
    levels: tuple[int, ...] = ()
    """Hidden states whose mean and spread over space are taken."""

    @model_validator(mode="after")
    def _something(self) -> "Recipe":
        if not self.pooled and not self.levels or min(self.levels, default=0) < 0:
            raise ValueError(f"a picture needs a pooled vector or levels from 0 on, got {self}")
        return self

    def join(self, pooled: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """(B, V) from pooled vectors (B, P) and mean and spread (B, 2 Di) of every level."""
        parts = [pooled] if self.pooled else []
        return torch.cat([*parts, *(levels[i] for i in self.levels)], dim=1).float()

    def __call__(self, features: ImageFeatures) -> Tensor:
        """(B, V) from what the backbone says about B pictures."""
        return self.join(features.pooled, [mean_and_spread(x) for x in features.levels])


def mean_and_spread(maps: Tensor) -> Tensor:
    """(B, 2 D) mean and standard deviation over space of maps (B, D, h, w)."""
    places = maps.flatten(2)
    # The root of nothing has no slope, so that a constant map would end training.
    spread = (places.var(dim=2, correction=0) + 1e-6).sqrt()
    return torch.cat([places.mean(dim=2), spread], dim=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Familiar:
    """What the adapter learned from in one modality, and how far from it is too far."""

    rule: FamiliarityRule
    vectors: Floats
    """(M, V) standardised as the head does, from the frozen backbone."""

    @classmethod
    def fit(cls, vectors: Floats, groups: NDArray[np.int64] | None = None) -> "Familiar":
        """From standardised vectors (M, V). Raises ModelError for fewer than 8 or one group."""
        return cls(rule=fit_familiarity(_anchored(vectors), groups), vectors=vectors)

    def unfamiliar(self, vector: Floats) -> bool:
        """Whether a standardised vector (V,) lies too far from what was learned."""
        return bool(self.rule.unfamiliar(_anchored(vector[None]), _anchored(self.vectors))[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What is said about one case."""

    probabilities: Mapping[str, float]
    """Calibrated, by label."""
    possible: tuple[str, ...]
    """The conformal set: labels that cannot be ruled out."""
    unfamiliar: bool
    """The case is like none that was learned from, or there is nothing to read."""
    contributions: Mapping[str, Mapping[str, float]]
    """By modality present, how much it raised each label: the probability minus the one that the
    same case has without it."""
    embedding: Mapping[str, Floats]
    """(V,) by modality present, to find like cases: standardised, from the frozen backbone."""


class _Card(BaseModel):
    """answers.json"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    recipe: Recipe
    backbones: dict[str, str]
    lora: bool
    calibration: dict[str, Any]
    familiarity: dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswersPart:
    """Answers for cases of one domain. Threads may share it."""

    head: FusionHead
    calibration: AnswerCalibration
    recipe: Recipe
    backbones: Mapping[str, str]
    """Fingerprint of the backbone of each modality that the head reads."""
    familiarity: Mapping[str, Familiar]
    """By modality; those with too few cases are left out."""
    lora: LoraWeights | None = None
    name: str = field(default_factory=lambda: f"answers-{uuid4().hex}")
    """What the LoRA weights are called in the backbone's slots."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the logits."""
        return self.head.config.classes

    @torch.inference_mode()
    def answer(
        self,
        vision: PatchNetwork | None,
        text: TextBackbone | None,
        images: Sequence[NDArray[np.uint8]],
        passages: Sequence[str],
    ) -> Answer:
        """The answer to one case of pictures (H, W, 3) and passages; either may be none.

        Raises AdapterError for another backbone than it was learned with, or none where there is
        something to read.
        """
        frozen, seen = self._read(vision, text, images, passages)
        batch = self._batch(seen)
        pattern = patterns(batch)
        full = self.calibration.probabilities(self.head(batch).logits.numpy(), pattern)
        chosen = self.calibration.sets(full, pattern)[0]
        standard = {x: self._standard(x, y) for x, y in frozen.items()}
        return Answer(
            probabilities=dict(zip(self.classes, full[0].tolist(), strict=True)),
            possible=tuple(x for x, y in zip(self.classes, chosen, strict=True) if y),
            unfamiliar=self._unfamiliar(standard),
            contributions={x: self._contribution(x, seen, full) for x in seen},
            embedding=standard,
        )

    def save(self, folder: Path) -> None:
        """Write all files into an existing folder. Raises AdapterError where that fails."""
        card = _Card(
            recipe=self.recipe,
            backbones=dict(self.backbones),
            lora=self.lora is not None,
            calibration=to_plain(self.calibration),
            familiarity={x: to_plain(y.rule) for x, y in self.familiarity.items()},
        )
        try:
            save_head(self.head, folder)
            vectors = {x: np.ascontiguousarray(y.vectors) for x, y in self.familiarity.items()}
            save_file(vectors, folder / VECTORS)
            (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        except (OSError, SafetensorError) as error:
            raise AdapterError(f"cannot write answers to {folder}: {error}") from error
        if self.lora is not None:
            self.lora.save(folder)

    @classmethod
    def load(cls, folder: Path, *, name: str | None = None) -> "AnswersPart":
        """Read what `save` wrote; `name` is what its LoRA weights are called in the slots.

        Raises AdapterError where files are missing, damaged, or do not belong together.
        """
        card = _read_card(folder)
        try:
            calibration = from_plain(AnswerCalibration, card.calibration)
            rules = {x: from_plain(FamiliarityRule, y) for x, y in card.familiarity.items()}
        except ModelError as error:
            raise AdapterError(_damaged(folder, str(error))) from None
        head = load_head(folder)
        if set(head.config.names) != set(card.backbones):
            raise AdapterError(_damaged(folder, f"{CARD} and the head read different modalities"))
        lora = None
        if card.lora:
            lora = LoraWeights.load(folder, fingerprint=card.backbones.get(IMAGE, ""))
        extra = {} if name is None else {"name": name}
        return cls(
            head=head.requires_grad_(False),
            calibration=calibration,
            recipe=card.recipe,
            backbones=card.backbones,
            familiarity=_read_vectors(folder, rules, head),
            lora=lora,
            **extra,
        )

    def _read(
        self,
        vision: PatchNetwork | None,
        text: TextBackbone | None,
        images: Sequence[NDArray[np.uint8]],
        passages: Sequence[str],
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Vectors by modality that is there: of the frozen backbone, and what the head reads."""
        frozen: dict[str, Floats] = {}
        seen: dict[str, Floats] = {}
        if images and IMAGE in self.backbones:
            network = self.checked(IMAGE, vision)
            frozen[IMAGE] = picture_vectors(network, images, self.recipe).mean(0)
            seen[IMAGE] = frozen[IMAGE] if self.lora is None else self._adapted(network, images)
        if passages and TEXT in self.backbones:
            frozen[TEXT] = seen[TEXT] = passages_vector(self.checked(TEXT, text), passages)
        return frozen, seen

    def _adapted(self, vision: PatchNetwork, images: Sequence[NDArray[np.uint8]]) -> Floats:
        lora = self.lora
        assert lora is not None  # the caller has looked
        vision.slots.bind(self.name, lambda: lora)
        adapted: Floats = picture_vectors(vision, images, self.recipe, self.name).mean(0)
        return adapted

    def checked(self, modality: str, backbone: Any) -> Any:
        """The backbone, if it is the one that this modality was learned with; else AdapterError."""
        wanted = self.backbones[modality]
        if backbone is None or backbone.ref.fingerprint != wanted:
            got = "none" if backbone is None else backbone.ref.fingerprint[:12]
            raise AdapterError(
                f"answers were learned with the {modality} backbone {wanted[:12]}, got {got}: "
                "use that backbone or learn again"
            )
        return backbone

    def _batch(self, vectors: Mapping[str, Floats]) -> dict[str, ModalityBatch]:
        return {
            x.name: ModalityBatch(
                present=torch.tensor([x.name in vectors]),
                pooled=torch.from_numpy(
                    np.array(vectors.get(x.name, np.zeros(x.size)), dtype=np.float32)[None]
                ),
            )
            for x in self.head.config.modalities
        }

    def _contribution(
        self, name: str, vectors: Mapping[str, Floats], full: NDArray[np.float64]
    ) -> dict[str, float]:
        batch = self._batch({x: y for x, y in vectors.items() if x != name})
        less = self.calibration.probabilities(self.head(batch).logits.numpy(), patterns(batch))
        return dict(zip(self.classes, (full - less)[0].tolist(), strict=True))

    def _standard(self, name: str, vector: Floats) -> Floats:
        row: Floats = standardised(self.head, name, vector[None])[0]
        return row

    def _unfamiliar(self, vectors: Mapping[str, Floats]) -> bool:
        """The pictures decide where there are any: texts of one subject differ more in words."""
        for name in (IMAGE, TEXT):
            if name in vectors and name in self.familiarity:
                return self.familiarity[name].unfamiliar(vectors[name])
        return not vectors


@torch.inference_mode()
def picture_vectors(
    vision: PatchNetwork,
    images: Sequence[NDArray[np.uint8]],
    recipe: Recipe,
    adapter: str | None = None,
) -> Floats:
    """(n, V) vectors of pictures (H, W, 3), of at most `MOST_PICTURES` of them.

    One picture at a time: a vector must not depend on what else is in the batch.

    Args:
        adapter: the name of bound LoRA weights; None reads with the frozen backbone.
    """
    rows = [recipe(vision.image_features([x], adapter)) for x in spread_out(images)]
    vectors: Floats = torch.cat(rows).numpy()
    return vectors


def passages_vector(text: TextBackbone, passages: Sequence[str]) -> Floats:
    """(T,) the mean of the vectors of the passages."""
    vector: Floats = text.embed(list(passages)).mean(0)
    return vector


def spread_out(items: Sequence[T], most: int = MOST_PICTURES) -> list[T]:
    """All of them, or `most` evenly spread from the first to the last."""
    if len(items) <= most:
        return list(items)
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, most).tolist()]


def _anchored(vectors: Floats) -> Floats:
    """(N, V + 1) with a constant beside each.

    The rule compares directions. In many dimensions all standardised vectors point apart, the
    usual ones as much as the odd ones; with the constant the angle says how far out they lie.
    """
    anchor = ANCHOR * np.sqrt(vectors.shape[1])
    return np.concatenate([vectors, np.full((len(vectors), 1), anchor)], 1, dtype=np.float32)


@torch.no_grad()
def standardised(head: FusionHead, name: str, vectors: Floats) -> Floats:
    """(N, V) as the head standardises this modality: what all cases share is taken away."""
    standard: Floats = head.scales[name](torch.from_numpy(np.array(vectors, np.float32))).numpy()
    return standard


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
        fits = name in rules and rows.ndim == 2 and len(rows) and rows.shape[1] == sizes.get(name)
        if not fits or not np.isfinite(rows).all():
            raise AdapterError(_damaged(folder, f"{VECTORS} does not fit {CARD} in {name}"))
    return {x: Familiar(rule=rules[x], vectors=tensors[x].astype(np.float32)) for x in rules}


def _damaged(folder: Path, reason: str) -> str:
    return f"the answers in {folder} are damaged: {reason}; restore them from a copy or learn again"
