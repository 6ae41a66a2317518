"""Which layers of the last blocks an adapter may change, by exact module name.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, arXiv 2106.09685:
query and value projections carry most of the gain. Blocks without attention are adapted in their
convolutions over space, or else in all their linear layers.
"""

from collections.abc import Iterator
from typing import Literal

from torch import nn

from secondlook.errors import BackboneError
from secondlook.models.lora.blocks import find_blocks

Kind = Literal["default", "all"]
QUERY_AND_VALUE = frozenset({"q_proj", "v_proj", "query", "value"})


def find_targets(tower: nn.Module, last: int, kind: Kind = "default") -> tuple[str, ...]:
    """Names of the layers that get LoRA in the last `last` blocks, in the order of the tower.

    Args:
        kind: `default` takes query and value where there is attention, else the convolutions
            wider than one pixel (ResNet), else the linear layers (ConvNeXt's pwconv1 and pwconv2);
            `all` takes every linear layer and ungrouped convolution.

    What lies outside the blocks (embedding, pooling head) is never taken. The answer is the same
    before and after LoRA layers were put in.

    Raises BackboneError where the tower has no such blocks or they hold no such layer.
    """
    names: list[str] = []
    for block in find_blocks(tower).last(last):
        layers = dict(adaptable(block.module, f"{block.name}."))
        names += layers if kind == "all" else _default(layers)
    if last and not names:
        raise BackboneError(
            f"the last {last} blocks of {type(tower).__name__} hold no linear layer and no plain "
            "convolution that LoRA could change: adapt another tower, or train the head alone"
        )
    return tuple(names)


def _default(layers: dict[str, nn.Module]) -> list[str]:
    attention = [x for x in layers if x.rpartition(".")[2] in QUERY_AND_VALUE]
    wide = [x for x, y in layers.items() if isinstance(y, nn.Conv2d) and y.kernel_size != (1, 1)]
    return attention or wide or [x for x, y in layers.items() if isinstance(y, nn.Linear)]


def adaptable(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Name and original layer of everything in a module that can get LoRA.

    Inside `nn.MultiheadAttention` nothing can: it reads weights without calling its layers.
    """
    for name, child in module.named_children():
        layer = original(child)
        if _fits(layer):
            yield prefix + name, layer
        elif not isinstance(child, nn.MultiheadAttention):
            yield from adaptable(child, f"{prefix}{name}.")


def original(module: nn.Module) -> nn.Module:
    """The layer itself, or the one inside where peft has wrapped it."""
    inner = getattr(module, "base_layer", module)
    return inner if isinstance(inner, nn.Module) else module


def _fits(layer: nn.Module) -> bool:
    """peft copies neither groups nor dilation to its own convolutions, so plain ones only."""
    if isinstance(layer, nn.Conv2d):
        plain = layer.groups == 1 and set(layer.dilation) == {1} and layer.padding_mode == "zeros"
        return plain
    return isinstance(layer, nn.Linear)


def pair_shapes(layer: nn.Module, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of LoRA's A (rank, in, ...) and B (out, rank, ...) for a layer."""
    out, into, *kernel = original(layer).get_parameter("weight").shape
    return (rank, into, *kernel), (out, rank, *(1 for _ in kernel))
