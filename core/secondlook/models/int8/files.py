"""The folder of an int8 backbone: written whole or not at all, and checked when it is read.

quantized.json        the card, with the sha256 of every other file
network.xml, .bin     the network, in the format of OpenVINO
probe.safetensors     what it said of one picture when it was made
"""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from secondlook.assessments import BackboneRef
from secondlook.digests import file_sha256
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import brief
from secondlook.models.folders import Checkpoint
from secondlook.models.int8.card import AGAIN, CARD, QuantizedCard, damaged, read_card
from secondlook.models.int8.network import Int8Network
from secondlook.models.int8.openvino_runtime import openvino, read_model

NETWORK, WEIGHTS, PROBE = "network.xml", "network.bin", "probe.safetensors"
LEAST_COSINE = 0.995
"""Between what it says of the probe here and said where it was made: processors round alike."""
Floats = NDArray[np.float32]


def load_quantized(at: Checkpoint) -> Int8Network:
    """The int8 backbone in a folder.

    Raises BackboneError where it is damaged, computes something else on this processor, or
    openvino is missing or too old.
    """
    card = read_card(at.folder)
    _check_files(at.folder, card.files)
    built = _built(at, card)
    _check_probe(built, at.folder)
    return built


def write_quantized(folder: Path, network: Any, card: QuantizedCard) -> None:
    """Write a network of openvino and its card as a new folder, in one step.

    Raises BackboneError where the folder exists or cannot be written, or where the network cannot
    be used as it was written.
    """
    if folder.exists():
        raise BackboneError(f"{folder} exists, and a backbone is never overwritten: name another")
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}")
        part.mkdir()  # as the umask has it, which mkdtemp does not ask
        _write(part, network, card)
        part.rename(folder)
    except BackboneError:
        raise
    except Exception as error:  # openvino and safetensors have kinds of their own
        raise BackboneError(f"cannot write the backbone to {folder}: {brief(error)}") from error
    finally:
        if part is not None and part.exists():
            shutil.rmtree(part, ignore_errors=True)


def _write(part: Path, network: Any, card: QuantizedCard) -> None:
    openvino().save_model(network, part / NETWORK, compress_to_fp16=False)
    built = _built(Checkpoint(folder=part, name="", revision=""), _with_files(part, card))
    save_file(_said(built), part / PROBE)
    text = _with_files(part, card).model_dump_json(indent=2) + "\n"
    (part / CARD).write_text(text, encoding="utf-8")
    for path in part.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _with_files(folder: Path, card: QuantizedCard) -> QuantizedCard:
    files = {x.name: file_sha256(x) for x in sorted(folder.iterdir())}
    return card.model_copy(update={"files": files})


def _built(at: Checkpoint, card: QuantizedCard) -> Int8Network:
    openvino()  # a missing package is no damage
    ref = BackboneRef(
        name=at.name,
        revision=at.revision,
        fingerprint=_fingerprint(card),
        trained=card.source.trained,
    )
    try:
        network = read_model(at.folder / NETWORK)
        return Int8Network(network, ref, card.pictures.preprocessing(), card.levels)
    except Exception as error:  # openvino raises several kinds
        made, here = card.libraries.get("openvino", "unknown"), openvino().get_version()
        raise BackboneError(
            f"openvino {here} cannot use the network in {at.folder}, which openvino {made} wrote "
            f"({brief(error)}): install that version or a later one, or {AGAIN}"
        ) from error


def _fingerprint(card: QuantizedCard) -> str:
    """sha256 over the network and what is read of it; the figures beside it may change."""
    whole = [card.files[NETWORK], card.files[WEIGHTS], *map(str, card.levels)]
    return hashlib.sha256("|".join(whole).encode()).hexdigest()


def _said(backbone: Int8Network) -> dict[str, Floats]:
    """What it says of a made-up picture."""
    size = (*backbone.prepare.size, 3)
    picture = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    patches = backbone.patches([picture])[0]
    pooled = backbone.image_features([picture]).pooled[0].numpy()
    return {"patches": patches.reshape(-1, patches.shape[-1]).mean(0), "pooled": pooled}


def _check_probe(backbone: Int8Network, folder: Path) -> None:
    try:
        then = load_file(folder / PROBE)
        now = _said(backbone)
        alike = min(_cosine(then[x], now[x]) for x in now)
    except (OSError, SafetensorError, LookupError, ValueError) as error:
        raise damaged(folder, f"{PROBE} does not fit ({type(error).__name__})") from error
    if not alike >= LEAST_COSINE:
        raise BackboneError(
            f"the backbone in {folder} says something else here than where it was made (cosine "
            f"{alike:.3f} on one picture), as int8 does on processors without int8 instructions "
            "of their own: make it again on this one, or use the checkpoint that it was made from"
        )


def _cosine(one: Floats, other: Floats) -> float:
    a, b = torch.from_numpy(one), torch.from_numpy(other)
    return float(torch.nn.functional.cosine_similarity(a, b, dim=0))


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    needed: Sequence[str] = (NETWORK, WEIGHTS, PROBE)
    if set(files) != set(needed):
        raise damaged(folder, f"{CARD} names {sorted(files)}, not {sorted(needed)}")
    for name in needed:
        if not (folder / name).is_file():
            raise damaged(folder, f"it has no {name}")
        found = file_sha256(folder / name)
        if found != files[name]:
            raise damaged(folder, f"{name} has sha256 {found[:12]}, not {files[name][:12]}")
