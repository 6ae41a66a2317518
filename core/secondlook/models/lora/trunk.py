"""A tower without its last blocks, for whoever reads earlier hidden states only."""

from torch import nn

from secondlook.errors import BackboneError
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.copies import replaced


def trunk(tower: nn.Module, level: int) -> nn.Module:
    """A copy that ends after hidden state number `level` (0 is the embedding).

    It shares all weights with the tower, and LoRA layers too. What follows the blocks (a norm, a
    pooling head) was made for the last state and is left out where it can be.

    Raises BackboneError where the tower has no such state.
    """
    path = find_blocks(tower).path
    elements = tower.get_submodule(path)
    count = len(list(elements.children()))
    if not 1 <= level <= count:
        raise BackboneError(
            f"{type(tower).__name__} has hidden states 1 to {count} after its blocks, not {level}"
        )
    kept = list(elements.children())[:level]
    shorter = nn.Sequential(*kept) if isinstance(elements, nn.Sequential) else nn.ModuleList(kept)
    after = {x: nn.Identity() for x in _norms(tower, path)} if level < count else {}
    return replaced(tower, {path: shorter, **after})


def _norms(tower: nn.Module, path: str) -> list[str]:
    """Normalisations of the tower itself that come after its list of blocks."""
    names = [name for name, _ in tower.named_children()]
    behind = names[names.index(path.split(".")[0]) + 1 :]
    return [x for x in behind if isinstance(tower.get_submodule(x), nn.LayerNorm)]
