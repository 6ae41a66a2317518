"""The files of an adapter that was learned from goods: its bank and its dense model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from secondlook.assessments import BackboneRef
from secondlook.errors import AdapterError, ModelError
from secondlook.models.adapter_card import DenseCard, GoodsCard
from secondlook.models.adapter_files import BANK, DENSE, HEAD, damaged, folder_sha256
from secondlook.models.bank import PatchBank, references_from_bytes, references_to_bytes
from secondlook.models.dense import DenseModel
from secondlook.models.gate import Gate
from secondlook.models.goods import GoodsPart

SIGNATURES = "signatures"
"""Of the gate; see `secondlook.models.gate`."""


def write_goods(folder: Path, goods: GoodsPart) -> None:
    """Write the files into an adapter's folder."""
    tensors: dict[str, NDArray[Any]] = {
        "rows": np.ascontiguousarray(goods.bank.rows, dtype=np.float32),
        "origin": np.ascontiguousarray(goods.bank.origin, dtype=np.int32),
        "references": references_to_bytes(goods.bank.references),
    }
    if goods.gate is not None:
        tensors[SIGNATURES] = np.ascontiguousarray(goods.gate.signatures, dtype=np.float32)
    save_file(tensors, folder / BANK)
    if goods.dense is not None:
        (folder / DENSE).mkdir()
        goods.dense.save(folder / HEAD)


def read_goods(folder: Path, backbone: BackboneRef, card: GoodsCard) -> GoodsPart:
    """Read them. Raises AdapterError where they are missing or damaged."""
    tensors = _read_tensors(folder)
    try:
        part = GoodsPart(
            bank=_bank(tensors),
            gate=_gate(tensors, card),
            tiles=card.tiles,
            condition=card.condition,
        )
    except (KeyError, ModelError) as error:
        raise AdapterError(damaged(folder, f"{BANK}: {type(error).__name__}")) from error
    if card.dense is None:
        return part
    return replace(part, dense=_read_dense(folder, backbone, card.dense), units=card.dense.units)


def _read_dense(folder: Path, backbone: BackboneRef, dense: DenseCard) -> DenseModel:
    return DenseModel.load(
        folder / HEAD,
        levels=dense.levels,
        backbone=backbone.fingerprint if dense.lora else None,
        name=folder_sha256(folder),  # binds every file, so no other adapter can answer by it
    )


def _read_tensors(folder: Path) -> dict[str, NDArray[Any]]:
    if not (folder / BANK).is_file():
        raise AdapterError(damaged(folder, f"it has no {BANK}"))
    try:
        return load_file(folder / BANK)
    except SafetensorError as error:
        raise AdapterError(damaged(folder, f"{BANK}: {type(error).__name__}")) from error


def _bank(tensors: dict[str, NDArray[Any]]) -> PatchBank:
    return PatchBank(
        rows=tensors["rows"],
        origin=tensors["origin"],
        references=references_from_bytes(tensors["references"]),
    )


def _gate(tensors: dict[str, NDArray[Any]], card: GoodsCard) -> Gate | None:
    if card.gate is None:
        return None
    return Gate(signatures=tensors[SIGNATURES], rule=card.gate)
