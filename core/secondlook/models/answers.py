"""The part of an adapter that answers: which labels hold for a case, how sure, and why.

A case is a few pictures and a few passages. Each picture becomes one vector: what the backbone
pools, and mean and spread over space of its middle hidden states, which in small networks carry
most of the texture. A case is the mean over its pictures, and the mean over its passages. Beside a
goods part it is also the place that this finds most unusual; see `models.region`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray

from secondlook.cases import NOTHING
from secondlook.errors import AdapterError
from secondlook.models.answers_files import read_answers, write_answers
from secondlook.models.backbones import TextBackbone
from secondlook.models.calibration import AnswerCalibration, Blend, to_plain
from secondlook.models.case_vectors import (
    IMAGE,
    REGION,
    TEXT,
    passages_vector,
    picture_vectors,
    spread_out,
    standardised,
    vectors_and_look,
)
from secondlook.models.familiar import LOOK, Familiar
from secondlook.models.fusion.head import FusionHead
from secondlook.models.fusion.inputs import ModalityBatch, pooled, sequences
from secondlook.models.lora.weights import LoraWeights
from secondlook.models.recipe import Recipe
from secondlook.models.region import RegionFinder, RegionRecipe, highest, parts_of
from secondlook.models.vision import PatchNetwork

Floats = NDArray[np.float32]


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
    """(V,) of pictures and passages where present, to find like cases: standardised, from the
    frozen backbone."""
    blended: float | None = None
    """How probable any finding is, by good parts and labels together; None without good parts."""
    weights: tuple[float, ...] = ()
    """How much each picture that was read counted; empty where no weights were learned."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswersPart:
    """Answers for cases of one domain. Threads may share it."""

    head: FusionHead
    calibration: AnswerCalibration
    recipe: Recipe
    backbones: Mapping[str, str]
    """Fingerprint of the backbone of each modality that the head reads, and of the goods part that
    finds regions."""
    familiarity: Mapping[str, Familiar]
    """By modality and of `LOOK`; those with too few cases are left out. Of looks there is none
    beside a goods part, whose gate knows the part better, nor in adapters of before it was asked."""
    lora: LoraWeights | None = None
    region: RegionRecipe | None = None
    """What is read of the most unusual place; None where the head reads no regions."""
    blend: Blend | None = None
    """What good parts and labels say together; None where one of them does not tell."""
    finder: RegionFinder | None = None
    """Finds regions; the adapter brings it from its goods part."""
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
        *,
        maps: Sequence[Floats] | None = None,
    ) -> Answer:
        """The answer to one case of pictures (H, W, 3) and passages; either may be none.

        Args:
            maps: (h, w) of every picture by the goods part, where they are there already.

        Raises AdapterError for another backbone or goods part than it was learned with, or none
        where there is something to read.
        """
        frozen, seen, look = self._read(vision, text, images, passages)
        found = self.maps(vision, images, maps)
        if found:
            seen |= parts_of(self.region_vector(vision, images, found))
        batch = self._batch(seen)
        pattern = self.head.patterns(batch)
        full = self.calibration.probabilities(self.head(batch).logits.numpy(), pattern)
        chosen = self.calibration.sets(full, pattern)[0]
        standard = {x: self._standard(x, y) for x, y in frozen.items()}
        probabilities = dict(zip(self.classes, full[0].tolist(), strict=True))
        unfamiliar = self._unfamiliar(standard, look)
        return Answer(
            probabilities=probabilities,
            possible=tuple(x for x, y in zip(self.classes, chosen, strict=True) if y),
            unfamiliar=unfamiliar,
            contributions={x: self._contribution(x, seen, full) for x in seen},
            embedding=standard,
            blended=self._blended(found, None if unfamiliar else full[0]),
            weights=self._weights(batch),
        )

    def maps(
        self,
        vision: PatchNetwork | None,
        images: Sequence[NDArray[np.uint8]],
        known: Sequence[Floats] | None = None,
    ) -> list[Floats]:
        """(h, w) of each picture that is read, by the goods part; none where no regions are read.

        Raises AdapterError for another goods part than it was learned with, or none.
        """
        if not images or REGION not in self.backbones:
            return []
        network, finder = self.checked(IMAGE, vision), self._finder()
        if known is not None:
            return spread_out(known)
        return [finder.map(network, x) for x in spread_out(images)]

    def region_vector(
        self,
        vision: PatchNetwork | None,
        images: Sequence[NDArray[np.uint8]],
        found: Sequence[Floats],
    ) -> Floats:
        """(R + OUTLINED,) of the most unusual place in the pictures that are read, by their maps."""
        assert self.region is not None  # the head reads regions, or there are no maps
        network: PatchNetwork = self.checked(IMAGE, vision)
        number = highest(found)
        levels = network.image_features([spread_out(images)[number]]).levels
        return self.region(levels, found[number], self._finder().threshold)

    def save(self, folder: Path) -> None:
        """Write all files into an existing folder. Raises AdapterError where that fails."""
        write_answers(folder, self)

    @classmethod
    def load(cls, folder: Path, *, name: str | None = None) -> "AnswersPart":
        """Read what `save` wrote; `name` is what its LoRA weights are called in the slots.

        Raises AdapterError where files are missing, damaged, or do not belong together.
        """
        extra: dict[str, Any] = {} if name is None else {"name": name}
        return cls(**read_answers(folder), **extra)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over all that decides its probabilities: a threshold holds for these alone."""
        digest = hashlib.sha256(self.head.config.model_dump_json(exclude_defaults=True).encode())
        for name, tensor in sorted(self.head.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
        for name, pair in sorted(self.lora.pairs.items()) if self.lora is not None else ():
            for tensor in pair:
                digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
        told = [to_plain(self.calibration), self.recipe.model_dump(), dict(self.backbones)]
        digest.update(json.dumps(told, sort_keys=True).encode())
        return digest.hexdigest()

    def _read(
        self,
        vision: PatchNetwork | None,
        text: TextBackbone | None,
        images: Sequence[NDArray[np.uint8]],
        passages: Sequence[str],
    ) -> tuple[dict[str, Floats], dict[str, Floats], Floats | None]:
        """Vectors by modality that is there: of the frozen backbone, and what the head reads; and
        the look (S,) where there are pictures."""
        look: Floats | None = None
        frozen: dict[str, Floats] = {}
        seen: dict[str, Floats] = {}
        if images and IMAGE in self.backbones:
            network = self.checked(IMAGE, vision)
            rows, look = vectors_and_look(network, images, self.recipe)
            frozen[IMAGE] = rows.mean(0)
            read = rows if self.lora is None else self._adapted(network, images)
            seen[IMAGE] = read if IMAGE in self.head.config.attention else read.mean(0)
        if passages and TEXT in self.backbones:
            frozen[TEXT] = seen[TEXT] = passages_vector(self.checked(TEXT, text), passages)
        return frozen, seen, look

    def _adapted(self, vision: PatchNetwork, images: Sequence[NDArray[np.uint8]]) -> Floats:
        lora = self.lora
        assert lora is not None  # the caller has looked
        vision.slots.bind(self.name, lambda: lora)
        return picture_vectors(vision, images, self.recipe, self.name)

    def _finder(self) -> RegionFinder:
        wanted = self.backbones[REGION]
        if self.finder is None or self.finder.fingerprint != wanted:
            got = "none" if self.finder is None else self.finder.fingerprint[:12]
            raise AdapterError(
                f"answers were learned beside the goods part {wanted[:12]}, got {got}: keep both in "
                "one adapter, or learn again"
            )
        return self.finder

    def _blended(
        self, found: Sequence[Floats], probabilities: NDArray[np.float64] | None
    ) -> float | None:
        if self.blend is None or not found:
            return None
        anything = None
        if probabilities is not None:
            several = self.calibration.temperature.multilabel
            anything = float(anything_in(probabilities[None], self.classes, several=several)[0])
        return self.blend(self._finder().ratio(found[highest(found)]), anything)

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
        batch: dict[str, ModalityBatch] = {}
        for spec in self.head.config.modalities:
            vector = vectors.get(spec.name)
            if spec.name in self.head.config.attention:
                rows = np.zeros((0, spec.size), np.float32) if vector is None else vector
                batch[spec.name] = sequences([rows], spec.size)
            else:
                row = np.zeros(spec.size, np.float32) if vector is None else vector
                batch[spec.name] = pooled(row[None], [vector is not None])
        return batch

    def _weights(self, batch: Mapping[str, ModalityBatch]) -> tuple[float, ...]:
        if IMAGE not in self.head.config.attention or not bool(batch[IMAGE].present):
            return ()
        return tuple(self.head.token_weights(IMAGE, batch[IMAGE])[0].tolist())

    def _contribution(
        self, name: str, vectors: Mapping[str, Floats], full: NDArray[np.float64]
    ) -> dict[str, float]:
        batch = self._batch({x: y for x, y in vectors.items() if x != name})
        head = self.head
        less = self.calibration.probabilities(head(batch).logits.numpy(), head.patterns(batch))
        return dict(zip(self.classes, (full - less)[0].tolist(), strict=True))

    def _standard(self, name: str, vector: Floats) -> Floats:
        row: Floats = standardised(self.head, name, vector[None])[0]
        return row

    def _unfamiliar(self, vectors: Mapping[str, Floats], look: Floats | None) -> bool:
        """The pictures decide where there are any: texts of one subject differ more in words."""
        if (
            look is not None
            and LOOK in self.familiarity
            and self.familiarity[LOOK].unfamiliar(look)
        ):
            return True
        for name in (IMAGE, TEXT):
            if name in vectors and name in self.familiarity:
                return self.familiarity[name].unfamiliar(vectors[name])
        return not vectors


def anything_in(
    probabilities: NDArray[np.float64], classes: Sequence[str], *, several: bool
) -> NDArray[np.float64]:
    """(N,) how probable any finding is, from the probabilities (N, C) of the labels.

    Of one label that holds, NOTHING must be among them, or the labels do not tell.
    """
    if several:
        return np.asarray(probabilities.max(1))
    return np.asarray(1 - probabilities[:, list(classes).index(NOTHING)])
