"""Adapters: what was learned for one domain and product over one backbone. Immutable."""

from dataclasses import dataclass, replace
from pathlib import Path

from secondlook.cases import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models.adapter_card import AdapterCard, AnswersCard
from secondlook.models.adapter_files import (
    ANSWERS,
    check_files,
    damaged,
    folder_sha256,
    read_card,
    write_folder,
)
from secondlook.models.answers import AnswersPart
from secondlook.models.backbones import VisionBackbone
from secondlook.models.goods import GoodsPart
from secondlook.models.goods_files import read_goods, write_goods


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapter:
    """Knows what good pictures look like to one backbone, or which labels hold, or both."""

    card: AdapterCard
    goods: GoodsPart | None = None
    answers: AnswersPart | None = None

    def __post_init__(self) -> None:
        parts = (self.goods is None, self.answers is None)
        if parts != (self.card.goods is None, self.card.answers is None):
            raise AdapterError(f"the card of adapter {self.card.id} names other parts than it has")

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
            raise AdapterError(f"adapter {self.id} was learned from labels and has no threshold")
        return self.card.goods.threshold

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
                f"{found}: restore its preprocessor_config.json or learn again"
            )

    def taking(self, earlier: "Adapter") -> "Adapter":
        """This adapter with the part that it lacks and an earlier one has, where that still fits.

        It fits where both were learned with the same backbone, used alike.
        """
        mine, other = self.card, earlier.card
        if (mine.backbone.fingerprint, mine.preprocessing) != (
            other.backbone.fingerprint,
            other.preprocessing,
        ):
            return self
        goods, answers = self.goods or earlier.goods, self.answers or earlier.answers
        if goods is self.goods and answers is self.answers:
            return self
        parts = {"goods": mine.goods or other.goods, "answers": mine.answers or other.answers}
        card = mine.model_copy(update={**parts, "carried": other.id})
        return Adapter(card=card, goods=goods, answers=answers)

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
        answers = None if card.answers is None else _read_answers(folder, card.answers)
        return cls(card=card, goods=goods, answers=answers)


def _read_answers(folder: Path, card: AnswersCard) -> AnswersPart:
    # The name binds every file, so no other adapter can answer by its weights.
    part = AnswersPart.load(folder / ANSWERS, name=f"{folder_sha256(folder)}-answers")
    if part.classes != card.labels or tuple(part.backbones) != card.modalities:
        raise AdapterError(damaged(folder, "the card and the head name other labels"))
    return part


def preprocessing_of(vision: VisionBackbone) -> str:
    """How a backbone makes pictures ready, in words; empty where it does not say."""
    return str(getattr(vision, "prepare", ""))
