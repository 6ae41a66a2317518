"""Room for the weights of one adapter in the layers of a tower; peft brings the layers.

`_active_adapter` is private in peft, so that its meaning is held by a test against `set_adapter`,
and the version by the requirement peft>=0.21,<0.22.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from secondlook.errors import AdapterError
from secondlook.models.lora.weights import LoraWeights, Pair


@dataclass(frozen=True)
class Shape:
    """What adapters have in common that can take turns in one slot."""

    rank: int
    alpha: int
    last: int
    targets: tuple[str, ...]

    @classmethod
    def of(cls, weights: LoraWeights) -> "Shape":
        """The shape of an adapter."""
        return cls(weights.rank, weights.alpha, weights.last, tuple(sorted(weights.targets)))


class Slot:
    """Pre-allocated LoRA matrices of one shape, empty (zero) or holding one adapter.

    They stay fit for learning: what is made or written inside torch.inference_mode never is.

    Attributes:
        names: what the layers are to be told so that this slot is active.
    """

    def __init__(self, tower: nn.Module, name: str, shape: Shape) -> None:
        """Put the matrices into the tower's layers. Raises AdapterError where peft cannot."""
        self.shape = shape
        self.names = [name]
        self._name = name
        with torch.inference_mode(False):
            _inject(tower, name, shape)
        self._layers = {x: _layer(tower, x) for x in shape.targets}
        self.clear()

    @property
    def layers(self) -> Mapping[str, LoraLayer]:
        """The layers it changes, by module name."""
        return self._layers

    def parameters(self) -> list[nn.Parameter]:
        """A and B of every layer, in the order of the targets."""
        return [x for pair in self._matrices() for x in pair]

    def write(self, weights: LoraWeights) -> None:
        """Take over the weights of an adapter of this shape."""
        with torch.inference_mode(False), torch.no_grad():
            for name, (a, b) in zip(self._layers, self._matrices(), strict=True):
                a.copy_(weights.pairs[name].a)
                b.copy_(weights.pairs[name].b)

    def read(self) -> dict[str, Pair]:
        """Copies of the matrices by module name."""
        pairs = zip(self._layers, self._matrices(), strict=True)
        with torch.inference_mode(False):
            return {name: Pair(_copy(a), _copy(b)) for name, (a, b) in pairs}

    def clear(self) -> None:
        """Zero, without gradients: nothing is left of what it held."""
        with torch.inference_mode(False), torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
        self.train(False)

    def train(self, learning: bool) -> None:
        """Let gradients flow into it or not; old gradients are dropped."""
        for parameter in self.parameters():
            parameter.requires_grad_(learning)
            parameter.grad = None

    def remove(self) -> None:
        """Give its memory back. No layer may be told its name any more."""
        for layer in self._layers.values():
            layer.delete_adapter(self._name)

    def _matrices(self) -> Iterator[tuple[nn.Parameter, nn.Parameter]]:
        for layer in self._layers.values():
            yield _weight(layer.lora_A, self._name), _weight(layer.lora_B, self._name)


def _inject(tower: nn.Module, name: str, shape: Shape) -> None:
    config = LoraConfig(
        r=shape.rank,
        lora_alpha=shape.alpha,
        target_modules=list(shape.targets),
        inference_mode=True,
        init_lora_weights=False,
    )
    with torch.random.fork_rng(devices=[]):  # the start values are thrown away
        inject_adapter_in_model(config, tower, name)
    del tower.peft_config  # peft's own list of adapters, with which it warns of a second one
    tower.eval()  # new modules start in training mode
    changed = set()
    for path, module in tower.named_modules():
        if isinstance(module, LoraLayer):
            module._active_adapter = []
            if name in module.r:
                changed.add(path)
    if changed != set(shape.targets):
        odd = min(changed ^ set(shape.targets))
        raise AdapterError(
            f"peft changes other layers than those asked for, {odd} first: give a tower in which "
            "no module name ends like another one"
        )


def _layer(tower: nn.Module, name: str) -> LoraLayer:
    layer = tower.get_submodule(name)
    assert isinstance(layer, LoraLayer)  # `_inject` has seen to it
    return layer


def _weight(modules: nn.ModuleDict, name: str) -> nn.Parameter:
    return modules[name].get_parameter("weight")


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().clone()
