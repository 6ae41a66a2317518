"""Adapters on disk: a folder with a card and a bank, written whole or not at all.

adapter.json       the card: what it is, from what, how well
bank.safetensors   the patch bank
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from secondlook.cases import BackboneRef
from secondlook.errors import AdapterError, ModelError
from secondlook.models.bank import PatchBank, references_from_bytes, references_to_bytes

CARD = "adapter.json"
BANK = "bank.safetensors"


class AdapterCard(BaseModel):
    """What an adapter says about itself; `adapter.json` is this as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    mode: Literal["goods"] = "goods"
    id: str = Field(min_length=1)
    domain: str
    product: str | None
    version: int = Field(ge=1)
    vision: str
    """Name or path by which the backbone is loaded."""
    backbone: BackboneRef
    threshold: float = Field(gt=0, allow_inf_nan=False)
    false_alarm_rate: float
    false_alarm_bound: float
    """With 95 % confidence no more than this share of goods is flagged."""
    goods: int
    """How many different good pictures were learned from."""
    calibration_goods: int
    data_sha256: str
    """Digest over the sorted sha256 of the goods."""
    seed: int
    metrics: dict[str, float] = {}
    created_at: datetime
    code_version: str
    bank_sha256: str = ""
    """sha256 of `bank.safetensors`, filled in when the folder is written."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GoodsAdapter:
    """Knows what good parts look like to one backbone. Immutable."""

    card: AdapterCard
    bank: PatchBank

    @property
    def id(self) -> str:
        """For example `defect-inspector/tile/1`."""
        return self.card.id

    @property
    def domain(self) -> str:
        """Name of the domain it serves."""
        return self.card.domain

    @property
    def product(self) -> str | None:
        """The product it was learned for; None serves the whole domain."""
        return self.card.product

    @property
    def version(self) -> int:
        """Counts up within a domain and product."""
        return self.card.version

    @property
    def backbone(self) -> BackboneRef:
        """The backbone it was learned with."""
        return self.card.backbone

    @property
    def vision(self) -> str:
        """Name or path by which that backbone is loaded."""
        return self.card.vision

    @property
    def threshold(self) -> float:
        """Scores above it are flagged."""
        return self.card.threshold

    @property
    def false_alarm_rate(self) -> float:
        """The share of goods that may be flagged."""
        return self.card.false_alarm_rate

    def save(self, folder: Path) -> str:
        """Write the folder in one step and return the sha256 over its files.

        Raises AdapterError where the folder exists (adapters are immutable) or cannot be written.
        """
        if folder.exists():
            raise AdapterError(
                f"{folder} exists; an adapter is never overwritten: raise its version"
            )
        part: Path | None = None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            _write(part, self)
            sha256 = folder_sha256(part)
            part.rename(folder)
            _sync(folder.parent)
        except OSError as error:
            raise AdapterError(f"cannot write the adapter to {folder}: {error.strerror}") from error
        finally:
            if part is not None and part.exists():
                shutil.rmtree(part, ignore_errors=True)
        return sha256

    @classmethod
    def load(
        cls, folder: Path, *, backbone_fingerprint: str | None = None, sha256: str | None = None
    ) -> "GoodsAdapter":
        """Read and check an adapter.

        Args:
            backbone_fingerprint: of the backbone in use; another one is refused.
            sha256: what `save` returned; a folder that changed since is refused.

        Raises AdapterError for a missing, damaged or changed folder or another backbone.
        """
        card = read_card(folder)
        if sha256 is not None and folder_sha256(folder) != sha256:
            raise AdapterError(_damaged(folder, "its files are not those that were stored"))
        if backbone_fingerprint is not None and backbone_fingerprint != card.backbone.fingerprint:
            raise AdapterError(
                f"adapter {card.id} was learned with backbone {card.backbone.name} "
                f"({card.backbone.fingerprint[:12]}), not with {backbone_fingerprint[:12]}: "
                "use that backbone or learn again"
            )
        return cls(card=card, bank=_read_bank(folder, card))


def read_card(folder: Path) -> AdapterCard:
    """The card alone. Raises AdapterError where the folder is missing or damaged."""
    for name in (CARD, BANK):
        if not (folder / name).is_file():
            raise AdapterError(
                f"{folder} is not an adapter: it has no {name}; an adapter is a folder with "
                f"{CARD} and {BANK}, as `secondlook learn` writes it (pickled files are refused)"
            )
    try:
        return AdapterCard.model_validate_json((folder / CARD).read_bytes())
    except (ValidationError, OSError) as error:
        reason = f"{CARD} is not a card of format 1 ({type(error).__name__})"
        raise AdapterError(_damaged(folder, reason)) from None


def folder_sha256(folder: Path) -> str:
    """sha256 over the names and contents of an adapter's files."""
    lines = [f"{name} {_file_sha256(folder / name)}" for name in sorted((CARD, BANK))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _write(folder: Path, adapter: GoodsAdapter) -> None:
    bank = adapter.bank
    tensors: dict[str, NDArray[Any]] = {
        "rows": np.ascontiguousarray(bank.rows, dtype=np.float32),
        "origin": np.ascontiguousarray(bank.origin, dtype=np.int32),
        "references": references_to_bytes(bank.references),
    }
    save_file(tensors, folder / BANK)
    card = adapter.card.model_copy(update={"bank_sha256": _file_sha256(folder / BANK)})
    text = json.dumps(card.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")
    for name in (BANK, CARD):
        _sync(folder / name)
    folder.chmod(0o755)  # mkdtemp makes it private


def _read_bank(folder: Path, card: AdapterCard) -> PatchBank:
    found = _file_sha256(folder / BANK)
    if found != card.bank_sha256:
        reason = f"{BANK} has sha256 {found[:12]}, not {card.bank_sha256[:12] or 'any'}"
        raise AdapterError(_damaged(folder, reason))
    try:
        tensors = load_file(folder / BANK)
        return PatchBank(
            rows=tensors["rows"],
            origin=tensors["origin"],
            references=references_from_bytes(tensors["references"]),
        )
    except (SafetensorError, KeyError, ModelError) as error:
        raise AdapterError(_damaged(folder, f"{BANK}: {type(error).__name__}")) from error


def _damaged(folder: Path, reason: str) -> str:
    return f"the adapter in {folder} is damaged: {reason}; restore it from a copy or learn again"


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
