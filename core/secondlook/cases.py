"""The words of the project as frozen dataclasses: what a case is and what is said about it.

These are plain values: they know nothing of database rows, tensors or widgets, so every part of
the system can hand them on. Times are timezone-aware UTC; sizes are bytes; regions are pixels of
the attachment they name, with the origin at the top left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Facts: TypeAlias = Mapping[str, Scalar]
"""Small structured facts beside an object (modality, rows, spacing …); never free text of a note."""
NOTHING = "nothing"
"""Stands beside the labels of a taxonomy for a case in which nothing is to be found."""
GROUP = "group"
"""The fact of a case that says what it is never to be parted from (its patient, its lot)."""


class Role(StrEnum):
    """What an attachment is good for."""

    IMAGE = "image"
    VOLUME = "volume"
    DOCUMENT = "document"
    OTHER = "other"
    """Kept with the case, but nothing here can look at it (a structured report, a waveform)."""


class CaseStatus(StrEnum):
    """Where a case stands: the machine's state, apart from its opinion."""

    NEW = "new"
    ASSESSED = "assessed"
    FAILED = "failed"
    DECIDED = "decided"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One stored file of a case, named by the sha256 of its content."""

    sha256: str
    name: str
    """The file name as it came, without folders."""
    media_type: str
    size: int
    role: Role
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of a record that can be cited: `record.text[start:end] == passage.text`."""

    ordinal: int
    """Position in the record, from 0."""
    text: str
    start: int
    end: int
    line: int
    """First line in the record's text, from 1."""
    page: int | None = None
    """Page of the source document, from 1; None where the format has no pages."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Text beside the images (manual, specification, clinical note), split into passages."""

    sha256: str
    """Content hash of the source file (of the UTF-8 text, where there is no file)."""
    name: str
    media_type: str
    kind: str
    """`manual`, `specification`, `note` or another word of the domain."""
    text: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case as a domain opens it from intake, before the store has given it an identity."""

    domain: str
    title: str
    attachments: tuple[Attachment, ...]
    records: tuple[Record, ...] = ()
    product: str | None = None
    name: str | None = None
    """The source's own name for the case, such as a manifest's `case` column."""
    key: str | None = None
    """When given, it alone identifies the case: what arrives later under the same key joins it
    (the files of one imaging study). Without it a case is identified by its pictures."""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One unit of review: a part, or an imaging exam, with everything that belongs to it."""

    id: str
    domain: str
    title: str
    product: str | None
    attachments: tuple[Attachment, ...]
    records: tuple[Record, ...]
    opened_at: datetime
    facts: Facts = field(default_factory=dict)
    status: CaseStatus = CaseStatus.NEW
    version: int = 1
    """Counts changes; a write names the version it was made against."""

    def images(self) -> tuple[Attachment, ...]:
        """The attachments with a picture in them, in the order they were attached."""
        return tuple(a for a in self.attachments if a.role in (Role.IMAGE, Role.VOLUME))


# Evidence: what in the case supports a finding. `kind` tells them apart in JSON and in the store.


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


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing seen. Numbers that were not calibrated are scores, never probabilities."""

    label: str
    """Code in the domain's taxonomy."""
    title: str
    score: float | None = None
    threshold: float | None = None
    """The score from which the finding is raised, as stored with the adapter."""
    probability: float | None = None
    """Calibrated probability in [0, 1]; None where nothing was calibrated."""
    site: str | None = None
    severity: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """The machine declines to judge a part of the case, and says why."""

    part: str
    """`case` or the modality that was not assessed."""
    reason: str
    """A stable code such as `no_adapter`."""
    message: str
    """One sentence for the reviewer, with the way on."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A caution about an assessment that the reviewer reads before deciding."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class BackboneRef:
    """Which backbone was used, exactly."""

    name: str
    revision: str
    fingerprint: str
    """sha256 over the weights."""
    trained: bool
    """False for randomly initialised weights; the UI says so wherever a score stands."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where an assessment comes from: enough to make it again."""

    code_version: str
    inputs: str
    """Digest over everything but the models: see `engine.inputs_digest`."""
    adapter: str | None = None
    backbones: tuple[BackboneRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The machine's preliminary answer about one case."""

    id: str
    case_id: str
    created_at: datetime
    provenance: Provenance
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """What belongs to the case as a whole rather than to one finding."""
    disposition: str | None = None
    """Code of the recommended disposition; None recommends nothing."""
    abstention: Abstention | None = None
    flags: tuple[Flag, ...] = ()
    score: float = 0.0
    """Orders the worklist inside a priority; larger is sooner."""
    priority: int = 0
    """Band of the worklist; larger is sooner. A machine raises it, and never lowers it."""


class Act(StrEnum):
    """What a reviewer did with one finding."""

    AGREE = "agree"
    EDIT = "edit"
    REJECT = "reject"
    ADD = "add"


@dataclass(frozen=True, kw_only=True)
class FindingAct:
    """A reviewer's act on one finding."""

    label: str
    act: Act


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A reviewer's signed act on a case. Decisions are appended and amended, never edited."""

    id: str
    case_id: str
    reviewer: str
    disposition: str
    decided_at: datetime
    assessment_id: str | None = None
    acts: tuple[FindingAct, ...] = ()
    reason: str = ""
    amends: str | None = None
    """The decision that this one replaces."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who holds a case until when. `fence` grows with every new holder."""

    case_id: str
    reviewer: str
    until: datetime
    fence: int
