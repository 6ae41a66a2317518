"""A backbone in int8 and its card, if it still tells good from bad as well."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from secondlook.digests import names_sha256
from secondlook.models.int8.card import GateFigures, Pictures, QuantizedCard
from secondlook.models.int8.network import Int8Network
from secondlook.models.vision import PatchNetwork
from secondlook.training.int8.convert import convert, quantize
from secondlook.training.int8.judge import TOLERANCE, Judge, Split, check

LIBRARIES = ("openvino", "nncf", "torch", "transformers")


def make_int8(
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
    return QuantizedCard(
        source=network.ref,
        family=str(config.model_type),
        licence=licence,
        parameters=sum(x.numel() for x in tower.parameters()),
        pictures=Pictures.of(network.prepare),
        levels=network.levels,
        calibration=len(goods.calibration),
        data_sha256=names_sha256(goods.names),
        gate=figures,
        libraries={x: version(x) for x in LIBRARIES},
    )
