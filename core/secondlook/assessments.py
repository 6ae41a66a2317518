"""What the machine says about a case, and where it has it from. Plain values."""

from dataclasses import dataclass
from datetime import datetime

from secondlook.cases import ProductSpec
from secondlook.evidence import Evidence


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
    spec: ProductSpec | None = None
    """What was known of the product then; None where it was not described."""
    rejudged: str | None = None
    """Id of the look that this is made of, where it was judged again and no model was asked."""


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
