"""The card of an int8 backbone: what it is, from what it was made, and how well."""

from pathlib import Path
from typing import Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.pictures import Preprocessing

CARD = "quantized.json"
AGAIN = "restore it from a copy, or make it again with `secondlook backbones quantize`"


class Pictures(BaseModel):
    """How pictures are made ready; the fields of `Preprocessing`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: int = Field(gt=0)
    width: int | None = Field(default=None, gt=0)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: int = Field(ge=0, le=5)
    white: float = Field(gt=0)

    @classmethod
    def of(cls, prepare: Preprocessing) -> "Pictures":
        """As a card holds them."""
        return cls.model_validate({x: getattr(prepare, x) for x in cls.model_fields})

    def preprocessing(self) -> Preprocessing:
        """As a backbone uses them."""
        values = self.model_dump() | {"resample": Image.Resampling(self.resample)}
        return Preprocessing(**values)


class GateFigures(BaseModel):
    """How it compares with the backbone it was made from, on goods it was not calibrated on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auroc_before: float
    """Of a plain patch bank on defects painted on goods that the bank has not seen."""
    auroc_int8: float
    tolerance: float
    """How much less it may be."""
    cosine_mean: float
    """Of patch features with those of the backbone it was made from."""
    cosine_low: float
    """The same, exceeded by 99 of 100 patches."""
    bank_goods: int
    judges: int
    painted: int


class QuantizedCard(BaseModel):
    """What an int8 backbone is, from what it was made, and how well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    source: BackboneRef
    """The backbone that it was made from."""
    family: str
    licence: str | None
    parameters: int
    pictures: Pictures
    levels: tuple[int, ...] = Field(min_length=1)
    """The hidden states that patch features are made of."""
    calibration: int
    """Pictures that the ranges of int8 were taken from."""
    data_sha256: str
    """Digest over the sorted sha256 of all goods it was calibrated and judged on."""
    gate: GateFigures
    libraries: dict[str, str]
    files: dict[str, str] = {}

    @property
    def words(self) -> str:
        """From what it was made, and how it compares, in one sentence."""
        gate = self.gate
        return (
            f"int8 of {self.source.name} ({self.source.fingerprint[:12]}), calibrated on "
            f"{self.calibration} pictures: told painted defects on {gate.judges} other goods with "
            f"an AUROC of {gate.auroc_int8:.3f}, before int8 {gate.auroc_before:.3f}"
        )


def is_quantized(folder: Path) -> bool:
    """Whether this is the folder of an int8 backbone, damaged or not."""
    return (folder / CARD).is_file()


def read_card(folder: Path) -> QuantizedCard:
    """The card alone. Raises BackboneError where it is damaged."""
    try:
        return QuantizedCard.model_validate_json((folder / CARD).read_bytes())
    except (ValidationError, OSError) as error:
        reason = f"{CARD} is no card of format 1 ({type(error).__name__})"
        raise damaged(folder, reason) from None


def damaged(folder: Path, reason: str) -> BackboneError:
    """The error for a folder that cannot be used as it is."""
    return BackboneError(f"the int8 backbone in {folder} is damaged: {reason}; {AGAIN}")
