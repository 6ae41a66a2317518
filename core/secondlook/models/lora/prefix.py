"""The frozen part of a tower, run once for a picture or text, and the rest run from its state.

With LoRA in the last K blocks alone, all blocks before them give the same for every adapter and in
every epoch. What they give is a `FrozenState`; it can be kept (see `cache`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from secondlook.errors import ModelError
from secondlook.models.lora.surgery import Reached, cut, seen


@dataclass(frozen=True, kw_only=True, eq=False)
class FrozenState:
    """What the frozen part of a tower gives for B pictures or texts."""

    hidden: Tensor
    """What goes into the first block of the suffix: (B, T, D) or (B, C, h, w)."""
    levels: tuple[Tensor | None, ...]
    """The tower's hidden states so far, first to last; None for one that is not kept."""

    def keep(self, levels: Collection[int]) -> "FrozenState":
        """The same with these levels alone; numbers beyond the prefix are the suffix's matter."""
        kept = tuple(x if i in levels else None for i, x in enumerate(self.levels))
        return replace(self, levels=kept)

    def row(self, index: int) -> "FrozenState":
        """One picture or text alone, with B = 1."""
        rows = slice(index, index + 1)
        levels = tuple(x if x is None else x[rows] for x in self.levels)
        return FrozenState(hidden=self.hidden[rows], levels=levels)

    @staticmethod
    def join(states: Sequence["FrozenState"]) -> "FrozenState":
        """Several as one batch. Raises ModelError where they differ in kept levels or shape."""
        shapes = {tuple(None if x is None else x.shape[1:] for x in _tensors(s)) for s in states}
        if len(shapes) != 1:
            raise ModelError(
                f"{len(states)} frozen states of {len(shapes)} shapes do not make a batch: join "
                "states of one tower with equal levels and sizes (pad texts to one length)"
            )
        hidden, *levels = (_cat(x) for x in zip(*(_tensors(s) for s in states), strict=True))
        assert hidden is not None  # the first of `_tensors` never is
        return FrozenState(hidden=hidden, levels=tuple(levels))


class Prefix:
    """The part of a tower before its last blocks; gives the same whatever adapter is active."""

    def __init__(self, tower: nn.Module) -> None:
        self._tower = tower

    @torch.no_grad()
    def __call__(self, *args: Any, **kwargs: Any) -> FrozenState:
        """The state for what the tower itself takes (pixel_values, input_ids, attention_mask).

        Run it under `LoraSlots.active(None)` where adapters with more blocks may be bound.
        """
        noted: list[Tensor] = []
        token = seen.set(noted)
        try:
            self._tower(*args, **kwargs)
        except Reached as end:
            return FrozenState(hidden=end.state, levels=tuple(noted))
        finally:
            seen.reset(token)
        raise AssertionError("a tower without its last blocks came to an end")


class Suffix:
    """The last blocks of a tower and what follows them; shares all weights with it."""

    def __init__(self, tower: nn.Module) -> None:
        self._tower = tower

    def __call__(self, state: FrozenState, **kwargs: Any) -> Any:
        """What the tower gives, with all hidden states; gradients flow into LoRA layers.

        Args:
            kwargs: what the blocks need beside the state, as for the tower (attention_mask).

        `hidden_states` holds None where the state keeps no level.
        """
        noted: list[Tensor] = []
        token = seen.set(noted)
        try:
            output = self._tower(state.hidden, **kwargs)
        finally:
            seen.reset(token)
        output["hidden_states"] = state.levels + tuple(noted[1:])
        return output


def split(model: nn.Module, last_k: int) -> tuple[Prefix, Suffix]:
    """Cut a tower before its last `last_k` blocks; 0 leaves only what follows the blocks.

    `suffix(prefix(x))` equals `model(x, output_hidden_states=True)`. The model itself is untouched.

    Raises BackboneError where the tower has no such blocks or cannot be cut there.
    """
    begin, rest = cut(model, last_k)
    return Prefix(begin), Suffix(rest)


def _tensors(state: FrozenState) -> tuple[Tensor | None, ...]:
    return (state.hidden, *state.levels)


def _cat(parts: Sequence[Tensor | None]) -> Tensor | None:
    kept = [x for x in parts if x is not None]
    return torch.cat(kept) if kept else None
