"""Evidence: what in a case supports a finding. `kind` tells them apart in JSON and in the store.

Plain values, as in `secondlook.cases`: regions are pixels of the attachment they name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Assertion: TypeAlias = Literal["affirmed", "negated", "uncertain", "historical", "hypothetical"]
"""How a text means what it names: as there, as absent, as possible, as past, as asked about."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A rectangle on an image."""

    attachment: str
    """sha256 of the attachment."""
    left: int
    top: int
    width: int
    height: int
    score: float
    name: str | None = None
    """What it is called on the picture (`1`, `2`, …); measurements and rulings name it so."""
    kind: Literal["region"] = "region"


@dataclass(frozen=True, kw_only=True)
class AnomalyMap:
    """How unusual each place of an image is, stored as a greyscale PNG blob.

    Grey 0 is `low`, grey 255 is `high`, in the units of the score.
    """

    attachment: str
    blob: str
    """sha256 of the stored PNG; it covers the whole image at a lower resolution."""
    low: float
    high: float
    label: str | None = None
    """Where it is set: what each place adds to this label, in log-odds, not how unusual it is."""
    kind: Literal["anomaly_map"] = "anomaly_map"


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A stretch of a record's text, and where it stands."""

    record: str
    """sha256 of the record."""
    record_name: str
    text: str
    """The record's text from `start` to `end`."""
    start: int
    end: int
    line: int
    page: int | None


@dataclass(frozen=True, kw_only=True)
class CitedPassage(Quote):
    """A passage of a record that was found for a finding."""

    similarity: float
    """Cosine similarity between the query and the passage, -1 to 1."""
    query: str
    effect: float | None = None
    """How much the finding's probability falls without this text; None where that was not asked."""
    kind: Literal["passage"] = "passage"


@dataclass(frozen=True, kw_only=True)
class Statement(Quote):
    """A sentence of a record that names a finding, and how it means it."""

    names: str
    """The words of the sentence that name it."""
    assertion: Assertion
    section: str
    """What part of the record it stands in (`indication`, `impression`, …)."""
    cue: str = ""
    """The words that say how it is meant; empty where the section alone says it."""
    kind: Literal["statement"] = "statement"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A measured quantity."""

    name: str
    value: float
    unit: str
    region: str | None = None
    """The name of the region it was measured on; None for the case as a whole."""
    kind: Literal["measurement"] = "measurement"


@dataclass(frozen=True, kw_only=True)
class Ruling(Quote):
    """A rule of a record, held against what was found."""

    number: str | None
    """As it is printed in front of the rule."""
    disposition: str
    """What the rule asks for where it applies."""
    applies: bool | None
    """None where that could not be told; `note` says why."""
    decides: bool = False
    """Whether it is why the recommended disposition is what it is."""
    limit: str = ""
    """`length above 5 mm`; empty for a rule without a limit."""
    measured: str = ""
    """`length 6.2 mm`; empty where nothing was measured for it."""
    region: str | None = None
    """The name of the region it was held against; None for the case as a whole."""
    note: str = ""
    kind: Literal["ruling"] = "ruling"


@dataclass(frozen=True, kw_only=True)
class PriorCase:
    """An earlier case, or a good reference image, that looks alike."""

    reference: str
    """Case id, or sha256 of a reference image."""
    similarity: float
    kind: Literal["prior_case"] = "prior_case"


@dataclass(frozen=True, kw_only=True)
class ModalityContribution:
    """How much one modality raised the probability of a label; below 0, it lowered it."""

    modality: str
    share: float
    """The probability minus the one that the case has without this modality, -1 to 1."""
    kind: Literal["modality_contribution"] = "modality_contribution"


@dataclass(frozen=True, kw_only=True)
class SliceShare:
    """How much one slice of a volume counted in the answers, against the others looked at."""

    attachment: str
    """sha256 of the file that it lies in."""
    place: int
    """Which slice of the volume, from 0, along the normal."""
    depth: int
    """How many slices the volume has."""
    share: float
    """0 to 1; those of all pictures that were looked at add up to 1."""
    kind: Literal["slice_share"] = "slice_share"


@dataclass(frozen=True, kw_only=True)
class LabelProbabilities:
    """How probable each label is for the whole case, and which of them cannot be ruled out."""

    probabilities: Mapping[str, float]
    """Calibrated, by code; NOTHING stands for a case without a finding."""
    possible: tuple[str, ...]
    """The conformal set; empty where several labels may hold."""
    coverage: float
    """The share of cases whose true label is in such a set."""
    kind: Literal["label_probabilities"] = "label_probabilities"


Evidence: TypeAlias = (
    Region
    | AnomalyMap
    | CitedPassage
    | Statement
    | Measurement
    | Ruling
    | PriorCase
    | ModalityContribution
    | SliceShare
    | LabelProbabilities
)
