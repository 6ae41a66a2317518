"""What a domain brings: its words, and how a case of it is opened, prepared and assessed.

The engine calls these methods in the order of the class body. Everything that depends on a
model stands between `prepare` and `assess` and is not the domain's business.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel

from secondlook.assessments import Abstention, Assessment, Finding
from secondlook.cases import Attachment, Case, Facts, NewCase, Record
from secondlook.decisions import Decision
from secondlook.evidence import Evidence
from secondlook.intended_use import IntendedUse
from secondlook.model_io import ModelInputs, ModelOutputs
from secondlook.queues import Queue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Label:
    """One thing that a domain may find."""

    code: str
    title: str
    description: str
    """A sentence in the words of records; it is what passages are compared with."""
    severity: str | None = None


@dataclass(frozen=True, kw_only=True)
class Taxonomy:
    """The closed, coded set of labels of a domain."""

    labels: tuple[Label, ...]
    grades: tuple[Label, ...] = ()
    """How severe a finding may be, the mildest first. They are learned and answered like labels,
    beside them; nothing is found that is a grade alone."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Everything that a case may be labelled with."""
        return tuple(x.code for x in (*self.labels, *self.grades))

    def __getitem__(self, code: str) -> Label:
        """The label with this code; KeyError if the taxonomy has none."""
        return next((x for x in self.labels if x.code == code), None) or self._missing(code)

    def _missing(self, code: str) -> Label:
        raise KeyError(f"{code!r} is not in the taxonomy: {[x.code for x in self.labels]}")


@dataclass(frozen=True, kw_only=True)
class Disposition:
    """One of a domain's closed outcomes."""

    code: str
    title: str
    tone: Literal["good", "caution", "bad", "neutral"] = "neutral"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One of a domain's closed reasons for a decision."""

    code: str
    title: str
    dispositions: tuple[str, ...] = ()
    """Codes of the outcomes that it may stand beside; none named: beside any."""
    comment: bool = False
    """Whether it says too little without words of the reviewer's own."""


@dataclass(frozen=True, kw_only=True)
class IntakeFile:
    """A file that intake accepted, with what was read from it."""

    path: Path
    """Where the bytes lie now; the store keeps its own copy."""
    source: str
    """Path as the user would recognise it, relative to the source."""
    attachment: Attachment
    record: Record | None = None
    """The text of a document; None for pictures."""
    row: int | None = None
    """Index into `CaseSource.rows` of the manifest row that named the file."""


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """One row of a manifest."""

    case: str | None
    note: Record | None = None
    labels: tuple[str, ...] = ()
    disposition: str | None = None
    group: str | None = None
    split: str | None = None
    facts: Facts = field(default_factory=dict)
    """What it says of the patient or the picture: sex, age, view, modality."""


@dataclass(frozen=True, kw_only=True)
class CaseSource:
    """Everything intake accepted from one call of `ingest`."""

    files: tuple[IntakeFile, ...]
    records: tuple[Record, ...] = ()
    """Records given for the whole source (`--record`): they go with every case."""
    rows: tuple[ManifestRow, ...] = ()
    product: str | None = None


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A new case and the files it is made of."""

    case: NewCase
    files: tuple[IntakeFile, ...]


@dataclass(frozen=True, kw_only=True)
class Unused:
    """A file that was accepted and belongs to no case, with the reason."""

    file: IntakeFile
    reason: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A domain's answer before the engine adds identity, provenance and flags."""

    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    abstention: Abstention | None = None
    score: float = 0.0
    priority: int = 0


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Something the reviewer sees beside a case, as data; the UI draws it."""

    title: str
    rows: tuple[tuple[str, str], ...] = field(default_factory=tuple)
    text: str | None = None


class NoSettings(BaseModel):
    """Settings of a domain that has none."""


class Domain(ABC):
    """One kind of case and everything that is special about it.

    Attributes:
        name: stable id, used in commands, configuration and the database.
        title: what people read.
        taxonomy: what the domain may find.
        dispositions: the closed outcomes, in the order they are offered.
        settings_class: typed settings, read from `[plugins.<name>]`.
        modalities: `image` and `text`, as far as the domain reads them.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    taxonomy: Taxonomy
    dispositions: ClassVar[tuple[Disposition, ...]]
    settings_class: ClassVar[type[BaseModel]] = NoSettings
    modalities: ClassVar[tuple[str, ...]] = ("image", "text")
    image_first: ClassVar[bool] = False
    """Whether the reviewer looks at the picture before the machine's part is revealed."""
    record_kind: ClassVar[str] = "record"
    """What `--record` files are called here (`manual`, `note`)."""
    learns: ClassVar[tuple[str, ...]] = ("goods", "labelled")
    """How its adapters may be learned: from good pictures alone, from labelled cases."""
    intended_use: ClassVar[IntendedUse | None] = None
    """What every reviewer acknowledges before they see a case of it; None asks for nothing."""
    flips: ClassVar[bool] = True
    """Whether a mirrored picture is as good to learn from: not where left and right matter."""
    triage_only: bool = False
    """Whether people are shown the band and that there is a flag, and nothing else of what the
    machine says: no finding, map, place or number. A site sets it, see `secondlook.withholding`."""
    deidentify: ClassVar[bool] = False
    """Whether its files name people: then whatever identifies is removed before it is stored."""
    reasons: ClassVar[tuple[Reason, ...]] = ()
    """The closed list of reasons that reviewers choose from; empty for a domain without."""
    discrepancy_unexplained: ClassVar[bool] = True
    """Whether a reviewer may decide otherwise than the machine without giving a reason."""
    eligible_by: ClassVar[tuple[str, ...]] = ()
    """Facts of pictures that an adapter is bound to: it looks at none that is unlike those it was
    learned with, or than a person said it is for."""

    @property
    def severities(self) -> tuple[Label, ...]:
        """How severe a finding, or a case as a whole, may be, the mildest first; empty for a
        domain without such a scale."""
        return self.taxonomy.grades

    @property
    def sensitivity(self) -> float | None:
        """What share of cases with a label must be reported, for the thresholds that `learn`
        stores with an adapter; None reports from even odds on."""
        return None

    def configure(self, settings: BaseModel) -> None:  # noqa: B027 - most domains need no more
        """Take the typed settings; called once after loading."""

    def queue(self) -> Queue:
        """How its cases wait: by score, in priorities without names, unless the domain says more.

        Asked for once the settings are known.
        """
        return Queue()

    @abstractmethod
    def open_cases(self, source: CaseSource) -> Iterable[Opened | Unused]:
        """Group accepted files into cases; account for every file."""

    @abstractmethod
    def prepare(self, case: Case, pixels: Mapping[str, "NDArray[np.uint8]"]) -> ModelInputs:
        """Choose what the models look at.

        `pixels` maps the sha256 of every flat picture to (H, W, 3) uint8, and the key of every
        volume to the slices (S, H, W, 3) that are looked at, each read when it is asked for:
        `image_inputs` takes them all. It is empty where no adapter would look at a picture.
        """

    @abstractmethod
    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """Turn model outputs into findings with evidence, or abstain."""

    @abstractmethod
    def recommend(self, case: Case, verdict: Verdict) -> str | None:
        """The code of the disposition to recommend, or None."""

    def rejudge(self, case: Case, assessment: Assessment) -> Verdict | None:
        """Judge what an earlier first look saw by the records that the case has now.

        No model is asked: everything seen is in the assessment's evidence. None where this domain
        cannot do that, or this assessment does not hold enough for it.
        """
        return None

    def explain(self, case: Case, finding: Finding) -> Sequence[Evidence]:
        """Evidence for a finding; what was stored with it unless the domain knows more."""
        return finding.evidence

    def decided_labels(
        self, assessment: Assessment | None, decision: Decision
    ) -> frozenset[str] | None:
        """What a decision says is to be found, to learn from; None where it does not say.

        What the reviewer agreed to or added holds, and of an edited finding what it became; beside
        it how severe they called it, where the taxonomy has such grades. Nothing is to be found
        where the disposition is a good one and nothing holds, whatever the first look said.
        """
        held = decision.held
        if held:
            grades = {x.code for x in self.taxonomy.grades}
            said = (decision.severity, *(x.severity for x in decision.acts if x.held))
            return held | (grades & {x for x in said if x})
        tones = {x.code: x.tone for x in self.dispositions}
        return frozenset() if tones.get(decision.disposition) == "good" else None

    def panels(self, case: Case) -> Sequence[Panel]:
        """Further facts for the reviewer."""
        return ()
