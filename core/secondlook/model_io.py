"""What a domain hands to the models about one case, and what they say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from secondlook.assessments import BackboneRef
from secondlook.cases import NOTHING, Passage, Record
from secondlook.evidence import (
    AnomalyMap,
    CitedPassage,
    LabelProbabilities,
    ModalityContribution,
    SliceShare,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EVEN = 0.5
"""A label is reported from even odds on."""


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """One image as the backbone sees it: `pixels` is uint8 (H, W, 3)."""

    attachment: str
    pixels: "NDArray[np.uint8]"
    place: int | None = None
    """Which slice of a volume it is, from 0, along the normal; None for a flat picture."""
    depth: int = 1
    """How many slices that volume has."""
    within: bool = False
    """Whether the file holds other slices, too."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A text that passages are compared with, for one label."""

    label: str
    text: str
    title: str = ""
    """What the label is called; where it is empty, `text` stands for that too."""


@dataclass(frozen=True, kw_only=True)
class ModelInputs:
    """What a domain hands to the models."""

    images: tuple[ImageInput, ...] = ()
    records: tuple[Record, ...] = ()
    queries: tuple[Query, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImageOutputs:
    """What the image part says about one image."""

    attachment: str
    score: float
    threshold: float
    """From the adapter: goods stay below it at the adapter's stated false-alarm rate."""
    anomaly_map: "NDArray[np.float32]"
    """(h, w) scores on the backbone's patch grid."""
    reject: float | None = None
    """From the adapter: above it hardly any good one lies; None where too few goods tell."""
    unfamiliar: bool = False
    """The image is so far from every good one that it may show something else altogether."""
    nearest: str | None = None
    """sha256 of the good image that holds the nearest patch of the most unusual place."""
    pixels: "NDArray[np.uint8] | None" = field(default=None, repr=False, compare=False)
    """(H, W, 3) as the domain prepared it, to measure on; None where it was not handed on."""
    condition: tuple[str, ...] = ()
    """How the image was taken otherwise than the good ones (too dark, out of focus, …), a sentence
    each: the score then says little."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What an adapter that was learned from labels says about the whole case."""

    probabilities: Mapping[str, float]
    """Calibrated, by code of the taxonomy; NOTHING stands for a case without a finding."""
    possible: tuple[str, ...]
    """Labels that cannot be ruled out."""
    coverage: float
    """The share of cases whose true label is among those."""
    several: bool
    """Whether several labels may hold at once, or none; else the probabilities add up to 1."""
    unfamiliar: bool
    """The case is like none that was learned from: the probabilities mean nothing."""
    contributions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By modality, how much it raised the probability of each label."""
    blended: float | None = None
    """How probable it is that anything is to be found, by good parts and labels together; None
    where the adapter knows only one of them. Where the case is unfamiliar to the labels, good parts
    alone say it."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """By label, the probability from which it is reported, as chosen on cases not learned from;
    from even odds on where none was chosen."""
    fingerprint: str = ""
    """Of what answered: weights, calibration and backbones."""
    thresholds_for: str = ""
    """The fingerprint of the answers that the thresholds were chosen for: they hold for no other."""
    learned: datetime | None = None
    """When that was, as the adapter's card says."""
    slices: tuple[SliceShare, ...] = ()
    """How much each slice of a volume counted, the most telling first."""

    @property
    def tells(self) -> bool:
        """Whether cases without a finding were learned from: else it says which, never whether."""
        return self.several or NOTHING in self.probabilities

    @property
    def likely(self) -> tuple[str, ...]:
        """The labels to report, the most probable first; empty where nothing is to be found.

        Where one label holds, it is the most probable one once NOTHING is less probable than all
        others together: a rare kind of defect need not win against each of the others. Where the
        answers do not tell whether there is anything, nothing is reported. With thresholds each
        label is reported from its own on.
        """
        order = sorted(self.probabilities, key=lambda x: -self.probabilities[x])
        if self.thresholds and self.tells:
            return tuple(
                x for x in order if x != NOTHING and self.probabilities[x] >= self.threshold(x)
            )
        if self.several:
            return tuple(x for x in order if self.probabilities[x] >= EVEN)
        found = [x for x in order if x != NOTHING]
        return tuple(found[:1]) if self.tells and self.anything >= EVEN else ()

    def threshold(self, label: str) -> float:
        """The probability from which a label is reported."""
        return self.thresholds.get(label, EVEN)

    @property
    def anything(self) -> float:
        """The probability that something is to be found."""
        if self.several:
            return max(self.probabilities.values(), default=0.0)
        return 1.0 - self.probabilities.get(NOTHING, 0.0)

    def evidence(self) -> LabelProbabilities:
        """The numbers, to be stored with the assessment."""
        return LabelProbabilities(
            probabilities=dict(self.probabilities), possible=self.possible, coverage=self.coverage
        )

    def contributed(self, label: str) -> tuple[ModalityContribution, ...]:
        """What each modality did for one label, the largest first."""
        parts = [(name, shares[label]) for name, shares in self.contributions.items()]
        return tuple(
            ModalityContribution(modality=name, share=share)
            for name, share in sorted(parts, key=lambda x: -abs(x[1]))
        )


@dataclass(frozen=True, kw_only=True)
class NotLookedAt:
    """A picture or a volume that was left out."""

    key: str
    """sha256 of its file, or the key of its stack."""
    reason: str
    """`not_eligible` or `geometry`."""
    message: str
    """Why, in words, without a point: `its view is LATERAL, and …`."""


@dataclass(frozen=True, kw_only=True)
class PassageMatch:
    """One passage found for one query; similarity is a cosine, -1 to 1."""

    query: Query
    record: Record
    passage: Passage
    similarity: float

    def cite(self) -> CitedPassage:
        """The passage as evidence."""
        return CitedPassage(
            record=self.record.sha256,
            record_name=self.record.name,
            text=self.passage.text,
            start=self.passage.start,
            end=self.passage.end,
            line=self.passage.line,
            page=self.passage.page,
            similarity=self.similarity,
            query=self.query.text,
        )


@dataclass(frozen=True, kw_only=True)
class ModelOutputs:
    """What the models say. `images` is empty where no adapter knows good pictures, `answers` is
    None where none has learned labels, `resembles` empty where none was learned from texts."""

    images: tuple[ImageOutputs, ...] = ()
    answers: Answers | None = None
    matches: tuple[PassageMatch, ...] = ()
    """Best first within each query."""
    resembles: Mapping[str, float] = field(default_factory=dict)
    """By label of queries, how much more the pictures are like its words than like those of the
    others: shares that add up to 1 whether or not any label fits. They were not calibrated and
    are no probabilities. Empty where the adapter has answers, which know better."""
    adapter: str | None = None
    backbones: tuple[BackboneRef, ...] = ()
    not_looked_at: tuple[NotLookedAt, ...] = ()
    """Pictures and volumes of the case that the adapter may not look at, or nobody can; the engine
    fills it."""
    maps: Mapping[str, AnomalyMap] = field(default_factory=dict)
    """The stored anomaly map as evidence, by attachment; the engine fills it."""
