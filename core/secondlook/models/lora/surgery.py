"""Copies of a tower that share every weight with it but run only a part of its blocks.

Only the modules on the way from the tower to its list of blocks are copied. The blocks are the
tower's own, so that LoRA layers put into them, before or later, are seen by the copies.
"""

from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

from secondlook.errors import BackboneError
from secondlook.models.lora.blocks import WHAT_WORKS, find_blocks
from secondlook.models.lora.copies import like, passing, replaced

BETWEEN = (nn.LayerNorm, nn.Dropout, nn.Identity)

seen: ContextVar[list[Tensor]] = ContextVar("seen")
"""What goes into the first tapped module of the running call, and what comes out of each."""


class Reached(Exception):
    """Ends a forward where the blocks of a part end; carries the state (B, ...) there."""

    def __init__(self, state: Tensor) -> None:
        super().__init__("the last block of this part was run")
        self.state = state


class Stop(nn.Module):
    """Stands where the next block would."""

    def forward(self, state: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Raises Reached."""
        raise Reached(state)


class Tap(nn.Module):
    """Runs a block or stage and notes its state in `seen`."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, state: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """What the inner module gives."""
        noted = seen.get()
        if not noted:
            noted.append(state)
        out: Tensor = self.inner(state, *args, **kwargs)
        noted.append(out)
        return out


def cut(tower: nn.Module, last: int) -> tuple[nn.Module, nn.Module]:
    """The tower up to its last `last` blocks, which ends with Reached, and the rest of it.

    The rest takes the state in place of the tower's input. Both run with a list in `seen`.

    Raises BackboneError where the tower cannot be cut there.
    """
    path = find_blocks(tower).path
    before, after = _cut_elements(tower, path, last)
    first, *between = _feeders(tower, path)
    odd = [x for x in between if not isinstance(tower.get_submodule(x), BETWEEN)]
    if odd:
        raise BackboneError(
            f"{type(tower).__name__} runs {odd[0]} between its embedding {first} and its blocks, "
            f"which cannot be taken apart safely: {WHAT_WORKS}"
        )
    container = tower.get_submodule(path)
    begin = replaced(tower, {path: like(container, [Tap(x) for x in before])})
    changes = {path: like(container, [Tap(x) for x in after])}
    changes |= {x: nn.Identity() for x in between}
    changes[first] = passing(tower.get_submodule(first))
    return begin, replaced(tower, changes)


def _cut_elements(
    tower: nn.Module, path: str, last: int
) -> tuple[list[nn.Module], list[nn.Module]]:
    """The tower's list before and after the cut; a stage that is cut through is in both."""
    tail = find_blocks(tower).last(last)
    elements = list(tower.get_submodule(path).children())
    stage = tail[0].stage if tail else len(elements)
    before, after = elements[:stage], elements[stage:]
    inner = tail[0].inner if tail else None
    rest = [x.module for x in tail if x.stage == stage]
    if inner is not None and len(rest) < len(list(after[0].get_submodule(inner).children())):
        begin, after[0] = _cut_stage(after[0], inner, rest)
        return [*before, begin], after
    return [*before, Stop()], after


def _cut_stage(stage: nn.Module, inner: str, rest: list[nn.Module]) -> tuple[nn.Module, nn.Module]:
    """The stage up to `rest`, with what it does before its blocks, and `rest` alone."""
    names = [name for name, _ in stage.named_children()]
    if names[-1] != inner:
        raise BackboneError(
            f"{type(stage).__name__} runs {names[-1]} after its blocks, so that it cannot be cut "
            f"between them: {WHAT_WORKS}"
        )
    container = stage.get_submodule(inner)
    begin = list(container.children())[: -len(rest)]
    changes = {x: like(stage.get_submodule(x), []) for x in names[:-1]}
    return (
        replaced(stage, {inner: like(container, [*begin, Stop()])}),
        replaced(stage, {**changes, inner: like(container, rest)}),
    )


def _feeders(tower: nn.Module, path: str) -> list[str]:
    """Modules that come before the list of blocks on the way to it, the embedding first."""
    names, module, prefix = [], tower, ""
    for part in path.split("."):
        children = [name for name, _ in module.named_children()]
        names += [prefix + x for x in children[: children.index(part)]]
        module, prefix = module.get_submodule(part), f"{prefix}{part}."
    if not names:
        raise BackboneError(f"{type(tower).__name__} has no embedding before {path}: {WHAT_WORKS}")
    return names
