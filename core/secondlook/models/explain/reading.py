"""What a head read of one case, kept so that it can be asked again with something left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from secondlook.errors import UsageError
from secondlook.models.answers import AnswersPart
from secondlook.models.backbones import TextBackbone
from secondlook.models.case_vectors import (
    IMAGE,
    MOST_PICTURES,
    TEXT,
    picture_vectors,
    spread_out,
)
from secondlook.models.fusion.inputs import ModalityBatch
from secondlook.models.region import parts_of
from secondlook.models.vision import PatchNetwork


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """The vectors of one case as its head read them."""

    part: AnswersPart
    pictures: tuple[int, ...]
    """Which of the case's pictures were read."""
    image: Tensor
    """(n, V) one vector for each of them; n = 0 where the head reads none."""
    text: Tensor
    """(p, T) one vector for each passage; p = 0 where the head reads none."""
    places: Mapping[str, Tensor]
    """(1, R) by modality, of the most unusual place, where the head reads it. It stays what it is,
    whatever else is left out."""

    def means(self) -> dict[str, Tensor]:
        """(1, D) what the head is given, by modality that is there."""
        rows = {IMAGE: self.image, **self.places, TEXT: self.text}
        return {name: self._mean(name, x) for name, x in rows.items() if len(x)}

    @torch.no_grad()
    def _mean(self, name: str, rows: Tensor) -> Tensor:
        if name not in self.part.head.config.attention:
            return rows.mean(0, keepdim=True)
        there = torch.ones(1, len(rows), dtype=torch.bool)
        tokens = ModalityBatch(present=there[:, 0], tokens=rows[None], mask=there)
        return self.part.head.pooled(name, tokens)

    def label(self, name: str) -> int:
        """The place of a label among the logits. Raises UsageError where there is no such label."""
        if name not in self.part.classes:
            raise UsageError(
                f"cannot explain label {name!r}: the adapter answers for "
                f"{', '.join(self.part.classes)}; name one of these"
            )
        return self.part.classes.index(name)

    def logits(self, vectors: Mapping[str, Tensor]) -> tuple[Tensor, list[str]]:
        """(B, C) for vectors (B, D) by modality, with gradients, and what each row had.

        A row of NaN stands for a modality that this row lacks.
        """
        count = len(next(iter(vectors.values()))) if vectors else 1
        batch = {}
        for spec in self.part.head.config.modalities:
            rows = vectors.get(spec.name, torch.full((count, spec.size), torch.nan))
            there = ~rows.detach().isnan().all(1)
            batch[spec.name] = ModalityBatch(present=there, pooled=rows)
        return self.part.head(batch).logits, self.part.head.patterns(batch)

    @torch.no_grad()
    def probability(self, vectors: Mapping[str, Tensor], label: int) -> NDArray[np.float64]:
        """(B,) calibrated, of one label."""
        logits, names = self.logits(vectors)
        return self.part.calibration.probabilities(logits.numpy(), names)[:, label]

    def log_odds(self, vectors: Mapping[str, Tensor], label: int) -> Tensor:
        """(B,) numbers that rise as the calibrated log-odds of a label do, for vectors (B, D).

        Only their gradients mean something. What all labels gain together is no evidence for one
        of them, so that the others are taken off, each as much as it competes.
        """
        logits, names = self.logits(vectors)
        temperature = self.part.calibration.temperature
        scaled = temperature.scaled(logits.detach().numpy(), names)
        weights = np.zeros(scaled.shape)
        if not temperature.multilabel:
            others = np.arange(scaled.shape[1]) != label
            weights[:, others] = -softmax(scaled[:, others], axis=1)
        weights[:, label] = 1
        divisors = [temperature.by_pattern.get(x, temperature.pooled) for x in names]
        scales = torch.from_numpy(weights / np.array(divisors)[:, None])
        return (logits * scales.to(logits)).sum(1)


def read(
    part: AnswersPart,
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    images: Sequence[NDArray[np.uint8]],
    passages: Sequence[str],
) -> Reading:
    """The vectors of a case of pictures (H, W, 3) and passages, as `AnswersPart.answer` reads it.

    Raises AdapterError for another backbone than the answers were learned with, or none where
    there is something to read.
    """
    sizes = {x.name: x.size for x in part.head.config.modalities}
    rows = {x: np.zeros((0, sizes.get(x, 0)), np.float32) for x in (IMAGE, TEXT)}
    pictures = tuple(spread_out(range(len(images)), MOST_PICTURES)) if IMAGE in sizes else ()
    if pictures:
        network: PatchNetwork = part.checked(IMAGE, vision)
        seen = [images[i] for i in pictures]
        rows[IMAGE] = picture_vectors(network, seen, part.recipe, bound(part, network))
    places: dict[str, NDArray[np.float32]] = {}
    if found := part.maps(vision, images):
        places = parts_of(part.region_vector(vision, images, found)[None])
    if passages and TEXT in sizes:
        rows[TEXT] = part.checked(TEXT, text).embed(list(passages))
    tensors = {x: torch.from_numpy(np.array(y, np.float32)) for x, y in rows.items()}
    return Reading(
        part=part,
        pictures=pictures,
        image=tensors[IMAGE],
        text=tensors[TEXT],
        places={x: torch.from_numpy(y.copy()) for x, y in places.items()},
    )


def bound(part: AnswersPart, vision: PatchNetwork) -> str | None:
    """What the LoRA weights of the answers are called in the backbone, where they are now."""
    lora = part.lora
    if lora is None:
        return None
    vision.slots.bind(part.name, lambda: lora)
    return part.name
