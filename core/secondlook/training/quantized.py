"""A backbone in int8 and its card, if it still tells good from bad as well."""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from secondlook.models.quantized import Int8Network
from secondlook.models.quantized_card import GateFigures, Pictures, QuantizedCard
from secondlook.models.vision import PatchNetwork
from secondlook.training.quantize import convert, quantize
from secondlook.training.quantize_gate import TOLERANCE, Judge, Split, check

LIBRARIES = ("openvino", "nncf", "torch", "transformers")


def quantized(
    network: PatchNetwork,
    goods: Split,
    *,
    licence: str | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> tuple[Any, QuantizedCard]:
    """The network in int8 for openvino, and its card, to be written by `write_quantized`.

    Args:
        licence: of the backbone, which holds for this one too.
        tolerance: the AUROC on painted defects that int8 may cost.
        step: called after each picture that the backbone or its like in int8 judges.

    Raises BackboneError where the extra is missing, the network cannot be converted, or int8
    costs too much.
    """
    pictures = [network.prepare([x]).numpy() for _, x in goods.calibration]
    found = quantize(convert(network), pictures)
    judge = Judge(network, goods, seed, step)
    after = Int8Network(found, network.ref, network.prepare, network.levels)
    figures = judge.figures(after, tolerance)
    check(figures, network.ref.name)
    return found, _card(network, goods, figures, licence)


def _card(
    network: PatchNetwork, goods: Split, figures: GateFigures, licence: str | None
) -> QuantizedCard:
    tower = network.image_tower
    config: Any = tower.model.config
    names = sorted(
        name for part in (goods.calibration, goods.bank, goods.judges) for name, _ in part
    )
    return QuantizedCard(
        source=network.ref,
        family=str(config.model_type),
        licence=licence,
        parameters=sum(x.numel() for x in tower.parameters()),
        pictures=Pictures.of(network.prepare),
        levels=network.levels,
        calibration=len(goods.calibration),
        data_sha256=hashlib.sha256("\n".join(names).encode()).hexdigest(),
        gate=figures,
        libraries={x: version(x) for x in LIBRARIES},
    )
