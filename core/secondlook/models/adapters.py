"""Adapters: what was learned for one domain and product over one backbone. Immutable."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from secondlook.assessments import BackboneRef
from secondlook.eligibility import Eligibility
from secondlook.errors import AdapterError
from secondlook.models.adapter_card import AdapterCard, AlignmentCard, AnswersCard
from secondlook.models.adapter_files import (
    ALIGNMENT,
    ANSWERS,
    check_files,
    damaged,
    folder_sha256,
    read_card,
    write_folder,
)
from secondlook.models.alignment import AlignmentPart, pair_in
from secondlook.models.answers import AnswersPart
from secondlook.models.backbones import VisionBackbone
from secondlook.models.case_vectors import REGION, TEXT
from secondlook.models.goods import GoodsPart
from secondlook.models.goods_files import read_goods, write_goods
from secondlook.models.region import RegionFinder
from secondlook.models.resembling import Resembling

PARTS = ("goods", "answers", "alignment")
"""What an adapter may be made of; its card has a field of the same name for each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapter:
    """Knows one or several of: what good pictures look like to one backbone, which labels hold, and
    which texts go with which pictures."""

    card: AdapterCard
    goods: GoodsPart | None = None
    answers: AnswersPart | None = None
    alignment: AlignmentPart | None = None

    def __post_init__(self) -> None:
        if any((getattr(self, x) is None) != (getattr(self.card, x) is None) for x in PARTS):
            raise AdapterError(f"the card of adapter {self.card.id} names other parts than it has")
        self._check_thresholds()
        wanted = self.beside
        finder = self.finder if wanted is not None else None
        if wanted != (finder.fingerprint if finder is not None else None):
            raise AdapterError(
                f"the labels of adapter {self.card.id} were learned beside another goods part than "
                "it has: restore it from a copy, or learn the labels again"
            )

    def _check_thresholds(self) -> None:
        bound = self.card.answers.thresholds if self.card.answers is not None else None
        if bound is None or self.answers is None:
            return
        if bound.fingerprint != self.answers.fingerprint:
            raise AdapterError(
                f"the thresholds of adapter {self.card.id} were chosen for the answers "
                f"{bound.fingerprint[:12]} and it has {self.answers.fingerprint[:12]}: a threshold "
                "of another model means nothing; restore the adapter from a copy, or learn again"
            )

    @property
    def id(self) -> str:
        """For example `defect-inspector/tile/1`."""
        return self.card.id

    @property
    def domain(self) -> str:
        """Name of the domain it serves."""
        return self.card.domain

    @property
    def product(self) -> str | None:
        """The product it was learned for; None serves the whole domain."""
        return self.card.product

    @property
    def version(self) -> int:
        """Counts up within a domain and product."""
        return self.card.version

    @property
    def backbone(self) -> BackboneRef:
        """The backbone it was learned with."""
        return self.card.backbone

    @property
    def vision(self) -> str:
        """Name or path by which that backbone is loaded."""
        return self.card.vision

    @property
    def threshold(self) -> float:
        """Pictures that score above it are flagged. Raises AdapterError where it has none."""
        if self.card.goods is None:
            raise AdapterError(
                f"adapter {self.id} was not learned from goods, so it has no threshold"
            )
        return self.card.goods.threshold

    @property
    def eligibility(self) -> Eligibility | None:
        """What its answers, or its words, may look at; None where that was not bound."""
        judges = self.card.answers or self.card.words
        return judges.eligibility if judges is not None else None

    @property
    def beside(self) -> str | None:
        """Fingerprint of the goods part that its answers need; None where they need none."""
        return self.answers.backbones.get(REGION) if self.answers is not None else None

    @cached_property
    def finder(self) -> RegionFinder | None:
        """What finds the most unusual place of a picture; None where nothing was learned of goods."""
        return _finder(self.card, self.goods)

    @cached_property
    def resembling(self) -> Resembling | None:
        """Compares pictures with words; None where it was not learned from labels put into words,
        and nobody said that words alone will do.

        What was learned from free notes finds cases by words, and names the wrong kind too often.
        """
        words, card = self.card.words, self.card.alignment
        if words is not None:
            return Resembling.by_words(words.prompts, words.labels)
        if self.alignment is None or card is None or card.prompt is None:
            return None
        return Resembling(self.alignment, card.prompt, frozenset(card.counts))

    def check(self, vision: VisionBackbone) -> None:
        """Raises AdapterError unless this is the backbone it was learned with, used alike."""
        if vision.ref.fingerprint != self.backbone.fingerprint:
            raise AdapterError(
                f"adapter {self.id} was learned with backbone {self.backbone.name} "
                f"({self.backbone.fingerprint[:12]}), not with {vision.ref.name} "
                f"({vision.ref.fingerprint[:12]}): use that backbone or learn again"
            )
        found = preprocessing_of(vision)
        if found != self.card.preprocessing:
            raise AdapterError(
                f"adapter {self.id} was learned on pictures made ready as "
                f"{self.card.preprocessing}, and {vision.ref.name} now makes them ready as "
                f"{found}: restore its preprocessor_config.json, set `precision` in secondlook.toml "
                "to the one named first, or learn again"
            )
        if self.alignment is not None:
            self.alignment.check(pair_in(vision))
        if self.card.words is not None:
            pair_in(vision)

    def taking(self, earlier: "Adapter") -> "Adapter":
        """This adapter with the parts that it lacks and an earlier one has, where they still fit.

        They fit where both were learned with the same backbone, used alike. Answers that were
        learned beside a goods part fit no other one.
        """
        mine, other = self.card, earlier.card
        if not self.sees_as(earlier):
            return self
        lacks = [x for x in PARTS if getattr(self, x) is None]
        taken = [x for x in lacks if getattr(earlier, x) is not None]
        finds = self.finder.fingerprint if self.finder is not None else None
        if finds is not None and earlier.beside not in (None, finds):
            taken = [x for x in taken if x != "answers"]
        if not taken:
            return self
        update = {**{x: getattr(other, x) for x in taken}, "carried": other.id}
        parts: dict[str, Any] = {x: getattr(earlier, x) for x in taken}
        return replace(self, card=mine.model_copy(update=update), **parts)

    def sees_as(self, other: "Adapter") -> bool:
        """Whether both were learned with the same backbone, used alike."""
        mine, its = self.card, other.card
        return (mine.backbone.fingerprint, mine.preprocessing) == (
            its.backbone.fingerprint,
            its.preprocessing,
        )

    def numbered(self, version: int) -> "Adapter":
        """The same adapter under another version, which its id ends with."""
        name = "/".join([*self.id.split("/")[:-1], str(version)])
        return replace(self, card=self.card.model_copy(update={"id": name, "version": version}))

    def save(self, folder: Path) -> str:
        """Write the folder in one step and return the sha256 that binds its files.

        Raises AdapterError where the folder exists (adapters are immutable) or cannot be written.
        """
        return write_folder(folder, self._write)

    def _write(self, folder: Path) -> AdapterCard:
        if self.goods is not None:
            write_goods(folder, self.goods)
        if self.answers is not None:
            (folder / ANSWERS).mkdir()
            self.answers.save(folder / ANSWERS)
        if self.alignment is not None:
            (folder / ALIGNMENT).mkdir()
            self.alignment.save(folder / ALIGNMENT)
        return self.card

    @classmethod
    def load(
        cls, folder: Path, *, backbone_fingerprint: str | None = None, sha256: str | None = None
    ) -> "Adapter":
        """Read and check an adapter.

        Args:
            backbone_fingerprint: of the backbone in use; another one is refused.
            sha256: what `save` returned; a folder that changed since is refused.

        Raises AdapterError for a missing, damaged or changed folder or another backbone.
        """
        card = read_card(folder)
        if sha256 is not None and folder_sha256(folder) != sha256:
            raise AdapterError(damaged(folder, "its card is not the one that was stored"))
        if backbone_fingerprint is not None and backbone_fingerprint != card.backbone.fingerprint:
            raise AdapterError(
                f"adapter {card.id} was learned with backbone {card.backbone.name} "
                f"({card.backbone.fingerprint[:12]}), not with {backbone_fingerprint[:12]}: "
                "use that backbone or learn again"
            )
        check_files(folder, card.files)
        goods = None if card.goods is None else read_goods(folder, card.backbone, card.goods)
        answers = None
        if card.answers is not None:
            answers = _read_answers(folder, card.answers, _finder(card, goods))
        alignment = None if card.alignment is None else _read_alignment(folder, card.alignment)
        return cls(card=card, goods=goods, answers=answers, alignment=alignment)


def _finder(card: AdapterCard, goods: GoodsPart | None) -> RegionFinder | None:
    if card.goods is None or goods is None:
        return None
    return RegionFinder(goods=goods, threshold=card.goods.threshold)


def _read_answers(folder: Path, card: AnswersCard, finder: RegionFinder | None) -> AnswersPart:
    # The name binds every file, so no other adapter can answer by its weights.
    part = AnswersPart.load(folder / ANSWERS, name=f"{folder_sha256(folder)}-answers")
    part = replace(part, finder=finder) if part.region is not None else part
    if part.classes != card.labels or tuple(part.backbones) != card.modalities:
        raise AdapterError(damaged(folder, "the card and the head name other labels"))
    return part


def _read_alignment(folder: Path, card: AlignmentCard) -> AlignmentPart:
    part = AlignmentPart.load(folder / ALIGNMENT)
    if part.backbones[TEXT] != card.text_backbone.fingerprint:
        raise AdapterError(damaged(folder, "the card and the alignment name other text backbones"))
    return part


def preprocessing_of(vision: VisionBackbone) -> str:
    """How a backbone makes pictures ready, in words; empty where it does not say."""
    return str(getattr(vision, "preprocessing", ""))
