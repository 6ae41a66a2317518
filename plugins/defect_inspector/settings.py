"""Settings of the defect inspector: the table `[plugins.defect-inspector]`."""

from pydantic import BaseModel, ConfigDict, Field


class InspectorSettings(BaseModel):
    """What a site may choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_similarity: float = Field(default=0.3, ge=-1, le=1)
    """Passages below this cosine similarity to every label are not cited; see MODEL_CARD.md."""
    max_passages: int = Field(default=3, ge=1, le=10)
    """Passages cited for one case at most."""
    max_regions: int = Field(default=5, ge=1, le=50)
    """Regions marked on one image at most."""
