"""Where the blocks of a tower are: found by structure, so that no table of classes is needed.

A tower holds one list of modules of the same kind. In a transformer its elements are the blocks.
In a convolutional network they are stages, and each stage holds such a list itself: its elements,
the residual layers of all stages in order, are the blocks there, so that "the last four" is a like
share of the work in every family.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from secondlook.errors import BackboneError

WHAT_WORKS = (
    "give one tower (CLIPVisionModel, SiglipVisionModel, ViTModel, Dinov2Model, ConvNextModel, "
    "ResNetModel, BertModel or one built like them)"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """One residual block of a tower."""

    name: str
    """Its module name, counted from the tower."""
    module: nn.Module
    stage: int
    """Which element of the tower's list it is, or lies in."""
    inner: str | None
    """Where its list lies within the stage; None where the element is the block itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    """The blocks of a tower, first to last."""

    path: str
    """Module name of the tower's list of blocks or stages."""
    blocks: tuple[Block, ...]

    def last(self, count: int) -> tuple[Block, ...]:
        """The last `count` blocks. Raises BackboneError where there are not so many."""
        if not 0 <= count <= len(self.blocks):
            raise BackboneError(
                f"asked for the last {count} blocks of {len(self.blocks)}: "
                f"give a number from 0 to {len(self.blocks)}"
            )
        return self.blocks[len(self.blocks) - count :]


def find_blocks(tower: nn.Module) -> Blocks:
    """The blocks of a tower.

    Raises BackboneError where the module holds no list of blocks, or several (two towers).
    """
    found = list(_lists(tower))
    if len(found) != 1:
        met = ", ".join(name for name, _ in found) or "none"
        raise BackboneError(
            f"{type(tower).__name__} must hold one list of like blocks, met {met}: {WHAT_WORKS}"
        )
    path, elements = found[0]
    return Blocks(path=path, blocks=tuple(_flatten(path, elements)))


def _flatten(path: str, elements: nn.Module) -> Iterator[Block]:
    for stage, (key, element) in enumerate(elements.named_children()):
        name = f"{path}.{key}"
        inner = _inner_list(element)
        if inner is None:
            yield Block(name=name, module=element, stage=stage, inner=None)
        else:
            for number, block in element.get_submodule(inner).named_children():
                place = f"{name}.{inner}.{number}"
                yield Block(name=place, module=block, stage=stage, inner=inner)


def _inner_list(element: nn.Module) -> str | None:
    """Name of the list of blocks that a stage holds directly."""
    names = [name for name, child in element.named_children() if _is_list(child)]
    return names[0] if len(names) == 1 else None


def _lists(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        if _is_list(child):
            yield prefix + name, child
        else:
            yield from _lists(child, f"{prefix}{name}.")


def _is_list(module: nn.Module) -> bool:
    """Whether it is a container of like modules that are more than single layers."""
    children = list(module.children())
    return (
        isinstance(module, nn.ModuleList | nn.Sequential)
        and len({type(x) for x in children}) == 1
        and all(any(x.children()) and any(True for _ in x.parameters()) for x in children)
    )
