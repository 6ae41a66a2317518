"""The card of an adapter: what it is, from what, how well; `adapter.json` is this as JSON."""

import hashlib
import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from secondlook.assessments import BackboneRef
from secondlook.eligibility import Eligibility
from secondlook.models.calibration import Bands, FamiliarityRule, OperatingPoint
from secondlook.models.goods import Unit
from secondlook.models.goods_condition import Condition
from secondlook.models.goods_tiles import TilePlan

NAMED = frozenset({"id", "domain", "product", "version", "vision", "origin", "carried"})
"""What an import changes: how the adapter and its backbone are called here."""
LATER = ("thresholds", "eligibility", "unused")


class DenseCard(BaseModel):
    """The dense model of an adapter, and how its values and the bank's are counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: tuple[int, ...] = Field(min_length=1)
    """The hidden states that the head reads."""
    lora: bool
    """Whether the backbone was adapted too."""
    units: tuple[Unit, Unit]
    """Of the bank and of the dense model."""


class SuspectCard(BaseModel):
    """A picture given as good that looked like no other: it may show a defect."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    file: str | None = None
    """Its name, where it was known."""
    score: float = Field(allow_inf_nan=False)
    """By a bank that had not seen it."""
    far: float = Field(allow_inf_nan=False)
    """In spreads of all such scores above their middle."""


class GoodsCard(BaseModel):
    """What was learned from good pictures alone, and how well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(gt=0, allow_inf_nan=False)
    false_alarm_rate: float
    false_alarm_bound: float
    """With 95 % confidence no more than this share of goods is flagged."""
    goods: int
    """How many different good pictures were learned from."""
    calibration_goods: int
    bands: Bands | None = None
    """Two thresholds from the same scores: accept up to the first, reject above the second."""
    gate: FamiliarityRule | None = None
    """How far a picture may be from all good ones and still show such a part."""
    dense: DenseCard | None = None
    tiles: TilePlan | None = None
    """How pictures are cut into tiles; None where they are looked at whole."""
    condition: Condition | None = None
    """How the pictures of the goods were taken: light, focus, colour, shape."""
    suspects: tuple[SuspectCard, ...] = ()
    """Goods that may show a defect, the farthest first."""
    suspects_dropped: int = 0
    """How many of them nothing was learned from."""
    data_sha256: str
    """Digest over the sorted sha256 of the goods."""
    seed: int
    metrics: dict[str, float] = {}


class ThresholdsCard(BaseModel):
    """From which probability on each label is reported, and for which answers that holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fingerprint: str
    """Of the answers: weights, calibration and backbones. With others they are refused."""
    sensitivity: float = Field(gt=0, le=1)
    """The share of cases with a label that was asked to be found."""
    points: dict[str, OperatingPoint]
    """By label."""


class AnswersCard(BaseModel):
    """What was learned from labelled or decided cases, and how well on cases not learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[str, ...] = Field(min_length=1)
    """In the order of the head: codes of the domain's taxonomy, and NOTHING where it was there."""
    several: bool
    """Whether several labels may hold for a case, or none."""
    way: Literal["head", "lora"]
    """`head`: over the frozen backbone; `lora`: its last blocks were adapted too."""
    reason: str
    """Why that way was kept, with the figures of both."""
    modalities: tuple[str, ...] = Field(min_length=1)
    text: str | None
    """Name or path by which the text backbone is loaded; None where no text is read."""
    text_backbone: BackboneRef | None
    coverage: float = Field(gt=0, lt=1)
    """The share of cases whose true label is among those that cannot be ruled out."""
    cases: int
    groups: int
    """How many of them were independent."""
    counts: dict[str, int]
    """Cases of each label."""
    data_sha256: str
    """Digest over the sorted cases and their labels."""
    goods: str | None = None
    """The id of the adapter whose goods part was there already; None where there was none."""
    learned_from: tuple[str, ...] = ()
    """The beginnings of the digests of the cases, to know them again where they are measured."""
    seed: int
    metrics: dict[str, float | None] = {}
    """On cases held out in turn: see `training.crossval`."""
    comparison: dict[str, dict[str, float | None]] = {}
    """The same figures of each way."""
    ablations: dict[str, dict[str, float | None]] = {}
    """What is left with a modality alone, without it, or with another case's."""
    thresholds: ThresholdsCard | None = None
    """None reports from even odds on."""
    eligibility: Eligibility | None = None
    """What it may look at; None where that was not bound."""
    unused: tuple[str, ...] | None = None
    """Modalities by which nothing was gained beside the others: they count only where a case has
    nothing else. None where each counts."""


class AlignmentCard(BaseModel):
    """What was learned from pictures with texts, and how well on groups not learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text_backbone: BackboneRef
    """The half that reads texts of the pair that is the adapter's backbone."""
    prompt: str | None
    """The form of the texts, with {label} in it; None where they were free."""
    counts: dict[str, int] = {}
    """Cases of each label that was put into that form."""
    pairs: int
    groups: int
    """How many of them were independent."""
    reason: str
    """Why it was kept, with the figures of both."""
    frozen: dict[str, dict[str, float]] = {}
    """Retrieval of the frozen backbone by direction, on groups held out in turn."""
    learned: dict[str, dict[str, float]] = {}
    """The same after learning on the other groups."""
    data_sha256: str
    """Digest over the sorted cases and their texts."""
    seed: int


class WordsCard(BaseModel):
    """Labels that pictures are compared with by their words alone: nothing was learned.

    Somebody decided that the pair which is the backbone may order such pictures by likeness.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompts: tuple[str, ...] = Field(min_length=1)
    """Forms with {title} or {description} in them; a label is the mean over them."""
    labels: tuple[str, ...] = Field(min_length=2)
    eligibility: Eligibility | None = None
    """What it may look at; None where that was not bound."""


class AdapterCard(BaseModel):
    """What an adapter says about itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[3] = 3
    id: str = Field(min_length=1)
    domain: str
    product: str | None
    version: int = Field(ge=1)
    vision: str
    """Name or path by which the backbone is loaded."""
    backbone: BackboneRef
    preprocessing: str = ""
    """How pictures were made ready for the backbone; another way is refused."""
    goods: GoodsCard | None = None
    answers: AnswersCard | None = None
    alignment: AlignmentCard | None = None
    words: WordsCard | None = None
    carried: str | None = None
    """The id of the adapter whose other parts this one took over as they were."""
    created_at: datetime
    code_version: str
    origin: str | None = None
    """Of an imported one: the id it had where it was learned, `@`, and the sha256 of its card."""
    files: dict[str, str] = {}
    """sha256 of every other file of the folder, filled in when it is written."""

    @model_validator(mode="after")
    def _something(self) -> "AdapterCard":
        if not self.mode:
            raise ValueError(
                "an adapter knows goods, labels, texts or words; this one none of them"
            )
        return self

    @property
    def mode(self) -> str:
        """`goods`, `labelled`, `alignment`, `words`, or several such as `goods+alignment`."""
        parts = (
            ("goods", self.goods),
            ("labelled", self.answers),
            ("alignment", self.alignment),
            ("words", self.words),
        )
        return "+".join(name for name, part in parts if part is not None)

    @property
    def content_sha256(self) -> str:
        """Digest of what was learned and how well, however it is called: copies have the same."""
        plain = self.model_dump(mode="json", exclude=set(NAMED))
        if plain["words"] is None:  # cards from before have the digest they had
            del plain["words"]
        if plain["answers"] is not None:
            del plain["answers"]["text"], plain["answers"]["goods"]  # how others are called, too
            for name in LATER:
                if plain["answers"][name] is None:  # cards from before have the digest they had
                    del plain["answers"][name]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
