"""Settings of the defect inspector: the table `[plugins.defect-inspector]`."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from secondlook import NOTHING


def _not_nothing(code: str) -> str:
    if code == NOTHING:
        raise ValueError(f"{NOTHING!r} stands for a part without a defect: choose another code")
    return code


Code = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_not_nothing)
]


class InspectorSettings(BaseModel):
    """What a site may choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_similarity: float = Field(default=0.3, ge=-1, le=1)
    """Passages below this cosine similarity to every label are not cited; see MODEL_CARD.md."""
    max_passages: int = Field(default=3, ge=1, le=10)
    """Passages cited for one case at most."""
    labels: dict[Code, str] = {}
    """Further kinds of defect of this site: what manuals call each, by code."""
    max_regions: int = Field(default=40, ge=1, le=500)
    """Places marked and measured on one part at most; a part with more is said to have more."""
