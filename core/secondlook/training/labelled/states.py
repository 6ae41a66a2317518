"""Pictures and their augmented views behind the frozen part of a tower, and vectors from there."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from secondlook.errors import ModelError
from secondlook.models.checkpoints import brief
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.cache import PrefixCache, PrefixKey
from secondlook.models.lora.prefix import FrozenState, Suffix, split
from secondlook.models.lora.targets import find_targets
from secondlook.models.lora.trunk import trunk
from secondlook.models.precision import laid_out
from secondlook.models.recipe import Recipe, mean_and_spread
from secondlook.models.towers import ImageTower
from secondlook.models.towers_maps import as_map
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled.cases import Pixels

READ = 16
"""Pictures that the frozen part reads at once."""
TOLERANCE = 1e-4
Look = tuple[int, int]
"""Number of a picture, and of its view; view 0 is the picture itself."""


class PictureStates:
    """Vectors of pictures, with gradients into LoRA layers of the last blocks.

    Of every picture itself the frozen state is kept in float32, so that answers are those of the
    whole tower; of its views, which are only learned from, in float16.

    Attributes:
        targets: the layers for LoRA, in the last blocks of those that the recipe reads.
        last: in how many of the tower's last blocks they lie.
    """

    def __init__(
        self,
        vision: PatchNetwork,
        recipe: Recipe,
        last: int,
        load: Callable[[Look], Pixels],
        *,
        memory_bytes: int,
    ) -> None:
        """`load` gives a view of a picture at the size that the backbone takes.

        `last` blocks, or all where there are not so many, are left out of the frozen part.

        Raises ModelError where the tower cannot be cut before them.
        """
        self._vision, self._recipe, self._load = vision, recipe, load
        model = vision.image_tower.model
        read = model if recipe.pooled else trunk(model, max(*recipe.levels, 1))
        tuned, beyond = min(last, _blocks(read)), _blocks(model) - _blocks(read)
        self.targets = find_targets(read, tuned)
        self.last = tuned + beyond
        whole = not beyond or not _runs(read, vision)
        half = memory_bytes // 2
        self._caches = (
            PrefixCache(memory_bytes=half, half=False),
            PrefixCache(memory_bytes=half),
        )
        tower = vision.image_tower
        self._hidden = self._dtype = next(tower.parameters()).dtype
        self._prefix, suffix = split(*((model, self.last) if whole else (read, tuned)))
        self._rest = _Rest(suffix, tower.model)
        projection = tower.projection if recipe.pooled else None
        self._tower = ImageTower(self._rest, projection, own_pooler=tower.own_pooler)
        self._probe()

    def read(self, looks: Sequence[Look], step: Callable[[], None] | None = None) -> None:
        """Keep the frozen states of these, if there is room."""
        lacking = [x for x in looks if self._key(x) not in self._cache(x)]
        for start in range(0, len(lacking), READ):
            part = lacking[start : start + READ]
            state = self._frozen([self._load(x) for x in part])
            for row, look in enumerate(part):
                self._cache(look).put(self._key(look), state.row(row))
            if step is not None:
                step()

    def vectors(self, looks: Sequence[Look]) -> Tensor:
        """(n, V) as the adapter that is active now sees them."""
        return self._vectors(FrozenState.join([self._state(x) for x in looks]))

    def close(self) -> None:
        """Forget all states."""
        for cache in self._caches:
            cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _state(self, look: Look) -> FrozenState:
        return self._cache(look).get(self._key(look)) or self._frozen([self._load(look)])

    def _cache(self, look: Look) -> PrefixCache:
        return self._caches[min(look[1], 1)]

    def _key(self, look: Look) -> PrefixKey:
        return PrefixKey(
            backbone=self._vision.ref.fingerprint,
            last_k=self.last,
            picture=str(look[0]),
            view=look[1],
            preparation="",
        )

    def _frozen(self, pictures: Sequence[Pixels]) -> FrozenState:
        """States with mean and spread (B, 2 D, 1, 1) in place of every hidden state."""
        pixels = self._vision.prepare(pictures).to(self._dtype)
        pixels = laid_out(pixels, self._vision.precision)
        with torch.no_grad(), self._vision.running():
            state = self._prefix(pixel_values=pixels)
        self._hidden = state.hidden.dtype
        levels = [mean_and_spread(as_map(x, pixels).float()) for x in state.levels if x is not None]
        return FrozenState(hidden=state.hidden, levels=tuple(x[..., None, None] for x in levels))

    def _vectors(self, state: FrozenState) -> Tensor:
        self._rest.state = FrozenState(hidden=state.hidden.to(self._hidden), levels=state.levels)
        shape = (len(state.hidden), 3, *self._vision.prepare.size)
        features = self._tower(torch.empty(1).expand(shape))  # only its shape is looked at
        early = len(state.levels)
        levels = [
            x.flatten(1) if i < early else mean_and_spread(x.float())
            for i, x in enumerate(features.levels)
        ]
        return self._recipe.join(features.pooled.float(), levels)

    def _probe(self) -> None:
        """Cut and put together, the tower must say what it says whole."""
        random = torch.Generator().manual_seed(0)
        size = (*self._vision.prepare.size, 3)
        picture = torch.randint(0, 256, size, generator=random).to(torch.uint8).numpy()
        try:
            with torch.no_grad(), self._vision.running():
                mine = self._vectors(self._frozen([picture]))
            its = self._recipe(self._vision.image_features([picture]))
            same = mine.shape == its.shape and torch.allclose(mine, its, TOLERANCE, TOLERANCE)
        except Exception as error:  # families differ in what their blocks need
            raise ModelError(
                f"{self._vision.ref.name} cannot be run from its middle ({brief(error)}): "
                "learn the head alone, or use a ViT, CLIP, ConvNeXt or ResNet"
            ) from error
        if not same:
            raise ModelError(
                f"{self._vision.ref.name} says something else when it is run from its middle: "
                "learn the head alone, or use a ViT, CLIP, ConvNeXt or ResNet"
            )


def _blocks(tower: nn.Module) -> int:
    return len(find_blocks(tower).blocks)


def _runs(tower: nn.Module, vision: PatchNetwork) -> bool:
    """Whether it runs: the norm with which ConvNeXt ends fits its last stage alone."""
    try:
        with torch.no_grad():
            tower(torch.zeros(1, 3, *vision.prepare.size, dtype=next(tower.parameters()).dtype))
    except RuntimeError:
        return False
    return True


class _Rest(nn.Module):
    """The last blocks in the place of the whole tower; takes `state` for its pictures."""

    state: FrozenState

    def __init__(self, suffix: Suffix, tower: nn.Module) -> None:
        super().__init__()
        self.config: Any = tower.config
        self._suffix = suffix

    def forward(self, pixel_values: Tensor, output_hidden_states: bool) -> Any:
        return self._suffix(self.state)
