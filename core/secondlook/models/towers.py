"""One half of a backbone as a torch module: pictures in, or tokens in; features out.

Nothing here stops gradients, so that LoRA weights inside `model` can be trained.
"""

from collections.abc import Callable, Collection
from typing import Any, Literal, cast

from torch import Tensor, nn

from secondlook.models.features import ImageFeatures, TextFeatures
from secondlook.models.towers_maps import as_map, naflex_inputs

Pooling = Literal["mean", "first", "own"]
"""How one vector comes from many tokens: their mean, the first one, or what the model says."""


class ImageTower(nn.Module):
    """A transformers vision model, and its projection into the shared space where it has one.

    Attributes:
        model: the vision model; must be able to return hidden states.
        projection: a linear layer, or None.
        own_pooler: whether the model's pooler was trained. Where it was not, the class token
            stands for the picture, or the mean of the tokens where there is no such token.
    """

    def __init__(
        self, model: nn.Module, projection: nn.Module | None = None, *, own_pooler: bool = True
    ) -> None:
        super().__init__()
        self.model = model
        self.projection = projection
        self.own_pooler = own_pooler

    @property
    def size(self) -> int:
        """D of the tokens."""
        config: Any = self.model.config
        sizes = getattr(config, "hidden_sizes", None)
        return int(sizes[-1] if sizes else config.hidden_size)

    @property
    def pooled_size(self) -> int:
        """P of the pooled vectors."""
        return self.size if self.projection is None else _outputs(self.projection)

    def forward(self, pixel_values: Tensor) -> ImageFeatures:
        """Features of pictures (B, 3, H, W), prepared as the backbone's `Preprocessing` does."""
        output: Any = self.model(**self._inputs(pixel_values), output_hidden_states=True)
        states = getattr(output, "reshaped_hidden_states", None) or output.hidden_states
        last = as_map(output.last_hidden_state, pixel_values)
        pooled = self._pool(output, last)
        return ImageFeatures(
            levels=tuple(as_map(x, pixel_values) for x in states),
            tokens=last.flatten(2).transpose(1, 2),
            pooled=pooled if self.projection is None else self.projection(pooled),
        )

    def _inputs(self, pixel_values: Tensor) -> dict[str, Tensor]:
        config: Any = self.model.config
        if config.model_type != "siglip2_vision_model":
            return {"pixel_values": pixel_values}
        return naflex_inputs(pixel_values, config.patch_size)

    def _pool(self, output: Any, last: Tensor) -> Tensor:
        own = getattr(output, "pooler_output", None)
        if own is not None and self.own_pooler:
            return cast(Tensor, own).flatten(1)  # ResNet's is (B, D, 1, 1)
        states: Tensor = output.last_hidden_state
        prefixed = states.ndim == 3 and states.shape[1] > last.shape[-2] * last.shape[-1]
        return states[:, 0] if prefixed else last.flatten(2).mean(dim=2)


class TextTower(nn.Module):
    """A transformers text model, and its projection into the shared space where it has one.

    Attributes:
        model: the text model.
        projection: a linear layer, or None.
        pooling: how a text becomes one vector before the projection.
        reads_padding: the model was trained without an attention mask, on texts padded to one
            length, and takes its vector from the last place (SigLIP).
    """

    def __init__(
        self,
        model: nn.Module,
        projection: nn.Module | None = None,
        *,
        pooling: Pooling = "mean",
        reads_padding: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.projection = projection
        self.pooling = pooling
        self.reads_padding = reads_padding

    @property
    def size(self) -> int:
        """D of the tokens."""
        return int(cast(Any, self.model.config).hidden_size)

    @property
    def pooled_size(self) -> int:
        """P of the pooled vectors."""
        if self.projection is not None:
            return _outputs(self.projection)
        head = getattr(self.model, "head", None) if self.pooling == "own" else None
        return self.size if head is None else _outputs(head)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> TextFeatures:
        """Features of B texts: ids (B, T) and a mask (B, T) that is 0 where there is padding."""
        seen = None if self.reads_padding else attention_mask
        output: Any = self.model(input_ids=input_ids, attention_mask=seen)
        pooled = POOLINGS[self.pooling](output, attention_mask)
        return TextFeatures(
            tokens=output.last_hidden_state,
            mask=attention_mask.bool(),
            pooled=pooled if self.projection is None else self.projection(pooled),
        )


def _mean(output: Any, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1)
    total: Tensor = (output.last_hidden_state * weights).sum(dim=1)
    return total / weights.sum(dim=1).clamp(min=1)


POOLINGS: dict[Pooling, Callable[[Any, Tensor], Tensor]] = {
    "mean": _mean,
    "first": lambda output, mask: output.last_hidden_state[:, 0],
    "own": lambda output, mask: output.pooler_output,
}


def image_tower(model: nn.Module, missing: Collection[str] = ()) -> ImageTower:
    """The vision half of a transformers model, or the whole of a plain vision model.

    `missing` names the weights that the checkpoint lacked, which were filled at random.
    """
    return ImageTower(
        getattr(model, "vision_model", model),
        getattr(model, "visual_projection", None),
        own_pooler=not any("pooler" in x.split(".") for x in missing),
    )


def _outputs(layer: nn.Module) -> int:
    return int(cast(Any, layer).out_features)
