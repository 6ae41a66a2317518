"""The card of an adapter: what it is, from what, how well; `adapter.json` is this as JSON."""

import hashlib
import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from secondlook.cases import BackboneRef
from secondlook.models.goods import Unit

NAMED = frozenset({"id", "domain", "product", "version", "vision", "origin"})
"""What an import changes: how the adapter and its backbone are called here."""


class DenseCard(BaseModel):
    """The dense model of an adapter, and how its values and the bank's are counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: tuple[int, ...] = Field(min_length=1)
    """The hidden states that the head reads."""
    lora: bool
    """Whether the backbone was adapted too."""
    units: tuple[Unit, Unit]
    """Of the bank and of the dense model."""


class AdapterCard(BaseModel):
    """What an adapter says about itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[2] = 2
    mode: Literal["goods"] = "goods"
    id: str = Field(min_length=1)
    domain: str
    product: str | None
    version: int = Field(ge=1)
    vision: str
    """Name or path by which the backbone is loaded."""
    backbone: BackboneRef
    preprocessing: str = ""
    """How pictures were made ready for the backbone; another way is refused."""
    threshold: float = Field(gt=0, allow_inf_nan=False)
    false_alarm_rate: float
    false_alarm_bound: float
    """With 95 % confidence no more than this share of goods is flagged."""
    goods: int
    """How many different good pictures were learned from."""
    calibration_goods: int
    dense: DenseCard | None = None
    data_sha256: str
    """Digest over the sorted sha256 of the goods."""
    seed: int
    metrics: dict[str, float] = {}
    created_at: datetime
    code_version: str
    origin: str | None = None
    """Of an imported one: the id it had where it was learned, `@`, and the sha256 of its card."""
    files: dict[str, str] = {}
    """sha256 of every other file of the folder, filled in when it is written."""

    @property
    def content_sha256(self) -> str:
        """Digest of what was learned and how well, however it is called: copies have the same."""
        plain = self.model_dump(mode="json", exclude=set(NAMED))
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
