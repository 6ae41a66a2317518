"""Settings of the radiology assistant: the table `[plugins.radiology-assistant]`."""

from pydantic import BaseModel, ConfigDict, Field


class RadiologySettings(BaseModel):
    """What a site may choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_similarity: float = Field(default=0.5, ge=-1, le=1)
    """From this cosine similarity a passage counts as a mention; MODEL_CARD.md says why 0.5."""
    max_passages: int = Field(default=3, ge=1, le=10)
    """Passages shown for one mention at most."""
    read_reports: bool = False
    """Whether findings and impressions, written after an exam was read, feed the first look too."""
