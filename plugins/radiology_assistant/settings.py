"""Settings of the radiology assistant: the table `[plugins.radiology-assistant]`."""

from pydantic import BaseModel, ConfigDict, Field

from radiology_assistant.policy_settings import TriageSettings


class RadiologySettings(BaseModel):
    """What a site may choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_similarity: float = Field(default=0.5, ge=-1, le=1)
    """From this cosine similarity a passage counts as a mention; MODEL_CARD.md says why 0.5."""
    max_passages: int = Field(default=3, ge=1, le=10)
    """Passages shown for one mention at most."""
    sensitivity: float = Field(default=0.95, gt=0, le=1)
    """Share of exams with a finding that its threshold must report, as `learn` chooses it."""
    read_reports: bool = False
    """Whether findings and impressions, written after an exam was read, feed the first look too."""
    triage_only: bool = False
    """Whether people are shown the band and that there is a flag, and nothing else of it."""
    triage: TriageSettings = TriageSettings()
    """Bands, limits of waiting, and which finding belongs where."""
