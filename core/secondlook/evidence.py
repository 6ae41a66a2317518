"""Evidence: what in a case supports a finding. `kind` tells them apart in JSON and in the store.

Plain values, as in `secondlook.cases`: regions are pixels of the attachment they name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias


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
class CitedPassage:
    """A passage of a record that was found for a finding."""

    record: str
    """sha256 of the record."""
    record_name: str
    text: str
    start: int
    end: int
    line: int
    page: int | None
    similarity: float
    """Cosine similarity between the query and the passage, -1 to 1."""
    query: str
    effect: float | None = None
    """How much the finding's probability falls without this text; None where that was not asked."""
    kind: Literal["passage"] = "passage"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A measured quantity."""

    name: str
    value: float
    unit: str
    kind: Literal["measurement"] = "measurement"


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
    | Measurement
    | PriorCase
    | ModalityContribution
    | LabelProbabilities
)
