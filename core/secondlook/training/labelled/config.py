"""How answers are learned from labelled cases."""

from dataclasses import dataclass, field
from pathlib import Path

from secondlook.training.heads import HeadConfig


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """How LoRA weights in the last blocks are learned, from a head that is there already."""

    rank: int = 8
    alpha: int = 16
    last: int = 4
    """In how many of the last blocks that are read; fewer where there are not so many."""
    epochs: int = 20
    patience: int = 10
    """Epochs without a better held-out loss before tuning stops."""
    batch: int = 32
    """Cases behind one step of the optimiser."""
    part: int = 16
    """Cases in memory at once; their gradients are added up to a batch."""
    lora_rate: float = 1e-3
    head_rate: float = 3e-4
    decay: float = 0.01
    mixup: float = 0.2
    """Both parameters of the Beta distribution that cases are mixed by; 0 mixes none."""
    modality_dropout: float = 0.25
    bf16: bool = True
    """Whether steps run in bfloat16 where the processor has it; answers never do."""


@dataclass(frozen=True, kw_only=True)
class LabelledConfig:
    """The whole of learning."""

    seconds: float = 600.0
    """A hard limit on the time that learning takes."""
    folds: int = 5
    alpha: float = 0.1
    """The share of cases whose conformal set may lack the true label."""
    sensitivity: float | None = None
    """The share of cases with a label that its threshold must find; None chooses no thresholds."""
    multilabel: bool = False
    """Several labels may hold for a case, or none."""
    views: int = 4
    """Augmented views of every case that tuning sees beside the case itself, if time allows."""
    flips: bool = True
    """Whether pictures may be mirrored: not where left and right matter."""
    head: HeadConfig = field(default_factory=HeadConfig)
    tune: TuneConfig | None = field(default_factory=TuneConfig)
    """None learns the head alone."""
    folder: Path | None = None
    """Where what is done is kept, so that a killed run goes on there, and where the log is
    written. It may be deleted when learning has ended."""
    memory_bytes: int = 1 << 29
    """For frozen states of pictures; what is beyond goes to a temporary file."""
    seed: int = 0
