"""backbones quantize: a vision backbone in int8, if it then tells good from bad about as well.

Ranges are taken from a part of the goods, and other goods judge it; where int8 costs too much,
nothing is written.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from secondlook.domain import IntakeFile
from secondlook.errors import BackboneError, IntakeError, UsageError
from secondlook.intake.pixels import read_picture
from secondlook_workflows.context import Context
from secondlook_workflows.gather import gather
from secondlook_workflows.ingest import FileOutcome, refused
from secondlook_workflows.learning import unread
from secondlook_workflows.recorded import recorded

if TYPE_CHECKING:
    from secondlook.models.vision import PatchNetwork
    from secondlook.training.int8.judge import Named, Split


@dataclass(frozen=True, kw_only=True)
class QuantizeConfig:
    """Quantize `backbone`, calibrated on `goods`, and write it to `out`."""

    backbone: str
    """Name or path."""
    goods: Path
    """A folder of good images."""
    out: Path
    """A folder that does not exist yet."""
    tolerance: float = 0.01
    """The AUROC on painted defects that int8 may cost."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class QuantizeReport:
    """What was made, and how it compares; the fields of `quantize --json`."""

    folder: str
    fingerprint: str
    source: str
    """The fingerprint of the backbone that it was made from."""
    calibration: int
    """Pictures that the ranges of int8 were taken from."""
    gate: dict[str, float]
    megabytes: float
    seconds: float
    quarantined: tuple[FileOutcome, ...] = ()


def run(config: QuantizeConfig, context: Context) -> QuantizeReport:
    """Convert, calibrate, judge, write.

    Raises UsageError for an `out` that is there already or cannot be written, IntakeError where there are no goods, and
    BackboneError where the extra is missing, the network cannot be converted, the goods are too
    few, or int8 costs too much.
    """
    from secondlook.models.folders import Checkpoint
    from secondlook.models.int8.files import load_quantized, write_quantized
    from secondlook.training.int8.make import make_int8

    started = time.monotonic()
    _check(config)
    with recorded("quantize", config, context, seed=config.seed) as metrics:
        before = _before(config, context)
        goods, quarantined = _goods(config, before, context)
        context.progress.start("quantizing and judging", None)
        network, card = make_int8(
            before,
            goods,
            licence=_licence(config.backbone, context),
            tolerance=config.tolerance,
            seed=config.seed,
            step=context.progress.advance,
        )
        write_quantized(config.out, network, card)
        at = Checkpoint(folder=config.out, name=config.out.name, revision="local")
        report = QuantizeReport(
            folder=str(config.out),
            fingerprint=load_quantized(at).ref.fingerprint,
            source=card.source.fingerprint,
            calibration=card.calibration,
            gate=card.gate.model_dump(),
            megabytes=round(sum(x.stat().st_size for x in config.out.iterdir()) / 1e6, 2),
            seconds=round(time.monotonic() - started, 1),
            quarantined=quarantined,
        )
        metrics |= {"seconds": report.seconds, **report.gate}
    return report


def _check(config: QuantizeConfig) -> None:
    """What can be told before any work."""
    from secondlook.models.int8.openvino_runtime import nncf

    _check_out(config.out)
    if not config.goods.is_dir():
        raise IntakeError(f"there is no folder {config.goods} of good pictures to calibrate on")
    if not 0 <= config.tolerance < 1:
        raise UsageError(f"the tolerance is an AUROC from 0 to below 1, got {config.tolerance}")
    nncf()


def _check_out(out: Path) -> None:
    """Tried and not asked for: permissions say little of disks that cannot be written."""
    try:
        if out.exists():
            raise UsageError(f"{out} exists, and a backbone is never overwritten: name another")
        above = next(x for x in out.absolute().parents if x.exists())
        TemporaryDirectory(prefix=f".{out.name}-", dir=above).cleanup()
    except OSError as error:
        raise UsageError(
            f"cannot write a backbone to {out}: {error.strerror}; name another folder"
        ) from error


def _before(config: QuantizeConfig, context: Context) -> "PatchNetwork":
    """The backbone as it is, in float32 whatever the settings say."""
    from secondlook.models.goods import network_of
    from secondlook.models.int8.network import Int8Network
    from secondlook.models.runtime import Runtime

    specs, threads = context.plugins.backbones, context.workspace.settings.threads
    network = network_of(Runtime(specs, threads=threads).vision(config.backbone))
    if isinstance(network, Int8Network):
        raise BackboneError(f"{config.backbone} is in int8 already: give what it was made from")
    return network


def _goods(
    config: QuantizeConfig, network: "PatchNetwork", context: Context
) -> "tuple[Split, tuple[FileOutcome, ...]]":
    from secondlook.training.int8.judge import MOST, Split

    gathered = gather((config.goods,), (), kind="note", product=None, context=context, keep=False)
    if gathered.interrupted:
        raise KeyboardInterrupt
    files = [x for x in gathered.source.files if x.record is None]
    np.random.default_rng(config.seed).shuffle(files)
    quarantined = tuple(refused(x) for x in gathered.quarantined)
    try:
        return Split.of(list(_pictures(files, network, MOST)), config.seed), quarantined
    except BackboneError as error:
        raise BackboneError(f"{error}{unread(quarantined)}") from error


def _pictures(files: Sequence[IntakeFile], network: "PatchNetwork", most: int) -> "Iterator[Named]":
    """The first different ones, at the size that the backbone takes."""
    seen: set[str] = set()
    for file in files:
        name = file.attachment.sha256
        if len(seen) < most and name not in seen:
            pixels = read_picture(file.attachment, file.path)
            if pixels is not None:
                seen.add(name)
                yield name, network.prepare.resized(pixels)


def _licence(name: str, context: Context) -> str | None:
    from secondlook.models.cards import licence
    from secondlook.models.folders import locate

    spec = context.plugins.backbones.get(name)
    return spec.licence if spec is not None else licence(locate(name).folder)
