"""Adapters: what was learned for one domain and product over one backbone. Immutable."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from secondlook.cases import BackboneRef
from secondlook.errors import AdapterError, ModelError
from secondlook.models.adapter_card import AdapterCard, DenseCard
from secondlook.models.adapter_files import (
    BANK,
    DENSE,
    HEAD,
    check_files,
    damaged,
    folder_sha256,
    read_card,
    write_folder,
)
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import PatchBank, references_from_bytes, references_to_bytes
from secondlook.models.dense import DenseModel
from secondlook.models.goods import GoodsPart


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapter:
    """Knows what good parts look like to one backbone."""

    card: AdapterCard
    goods: GoodsPart

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

    def check(self, vision: VisionBackbone) -> None:
        """Raises AdapterError unless this is the backbone it was learned with, used alike."""
        if vision.ref.fingerprint != self.backbone.fingerprint:
            raise AdapterError(
                f"adapter {self.id} was learned with backbone {self.backbone.name} "
                f"({self.backbone.fingerprint[:12]}), not with {vision.ref.name} "
                f"({vision.ref.fingerprint[:12]}): use that backbone or learn again"
            )
        found = preprocessing_of(vision)
        if found != self.card.preprocessing:
            raise AdapterError(
                f"adapter {self.id} was learned on pictures made ready as "
                f"{self.card.preprocessing}, and {vision.ref.name} now makes them ready as "
                f"{found}: restore its preprocessor_config.json or learn again"
            )

    def save(self, folder: Path) -> str:
        """Write the folder in one step and return the sha256 that binds its files.

        Raises AdapterError where the folder exists (adapters are immutable) or cannot be written.
        """
        return write_folder(folder, self._write)

    def _write(self, folder: Path) -> AdapterCard:
        bank = self.goods.bank
        tensors: dict[str, NDArray[Any]] = {
            "rows": np.ascontiguousarray(bank.rows, dtype=np.float32),
            "origin": np.ascontiguousarray(bank.origin, dtype=np.int32),
            "references": references_to_bytes(bank.references),
        }
        save_file(tensors, folder / BANK)
        if self.goods.dense is not None:
            (folder / DENSE).mkdir()
            self.goods.dense.save(folder / HEAD)
        return self.card

    @classmethod
    def load(
        cls, folder: Path, *, backbone_fingerprint: str | None = None, sha256: str | None = None
    ) -> "Adapter":
        """Read and check an adapter.

        Args:
            backbone_fingerprint: of the backbone in use; another one is refused.
            sha256: what `save` returned; a folder that changed since is refused.

        Raises AdapterError for a missing, damaged or changed folder or another backbone.
        """
        card = read_card(folder)
        if sha256 is not None and folder_sha256(folder) != sha256:
            raise AdapterError(damaged(folder, "its card is not the one that was stored"))
        if backbone_fingerprint is not None and backbone_fingerprint != card.backbone.fingerprint:
            raise AdapterError(
                f"adapter {card.id} was learned with backbone {card.backbone.name} "
                f"({card.backbone.fingerprint[:12]}), not with {backbone_fingerprint[:12]}: "
                "use that backbone or learn again"
            )
        check_files(folder, card.files)
        return cls(card=card, goods=_read_goods(folder, card))


def preprocessing_of(vision: VisionBackbone) -> str:
    """How a backbone makes pictures ready, in words; empty where it does not say."""
    return str(getattr(vision, "prepare", ""))


def _read_goods(folder: Path, card: AdapterCard) -> GoodsPart:
    bank = _read_bank(folder)
    if card.dense is None:
        return GoodsPart(bank=bank)
    return GoodsPart(bank=bank, dense=_read_dense(folder, card, card.dense), units=card.dense.units)


def _read_dense(folder: Path, card: AdapterCard, dense: DenseCard) -> DenseModel:
    return DenseModel.load(
        folder / HEAD,
        levels=dense.levels,
        backbone=card.backbone.fingerprint if dense.lora else None,
        name=folder_sha256(folder),  # binds every file, so no other adapter can answer by it
    )


def _read_bank(folder: Path) -> PatchBank:
    if not (folder / BANK).is_file():
        raise AdapterError(damaged(folder, f"it has no {BANK}"))
    try:
        tensors = load_file(folder / BANK)
        return PatchBank(
            rows=tensors["rows"],
            origin=tensors["origin"],
            references=references_from_bytes(tensors["references"]),
        )
    except (SafetensorError, KeyError, ModelError) as error:
        raise AdapterError(damaged(folder, f"{BANK}: {type(error).__name__}")) from error
