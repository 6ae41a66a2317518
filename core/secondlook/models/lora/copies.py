"""Copies of modules that share every weight with them."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn


def replaced(module: nn.Module, changes: Mapping[str, nn.Module]) -> nn.Module:
    """A copy in which the modules at these paths are others; all else is shared."""
    fresh, deeper = _shallow(module), dict[str, dict[str, nn.Module]]()
    for path, new in changes.items():
        name, _, rest = path.partition(".")
        if rest:
            deeper.setdefault(name, {})[rest] = new
        else:
            fresh._modules[name] = new
    for name, inner in deeper.items():
        fresh._modules[name] = replaced(module.get_submodule(name), inner)
    return fresh


def _shallow(module: nn.Module) -> nn.Module:
    fresh = copy.copy(module)
    fresh._modules = dict(module._modules)
    # Else transformers would hook the shared blocks once for the tower and once for each copy.
    fresh.__dict__["_output_capturing_hooks_installed"] = True
    return fresh


def passing(embedding: nn.Module) -> nn.Module:
    """A copy of an embedding, with its attributes, that gives back what it is called with."""
    fresh = _shallow(embedding)
    fresh.__dict__["forward"] = _first
    return fresh


def _first(*args: Any, **kwargs: Any) -> Any:
    return args[0] if args else next(iter(kwargs.values()))


def like(container: nn.Module, modules: Iterable[nn.Module]) -> nn.Module:
    """A list of these modules of the container's own kind; nothing in place of another module."""
    if isinstance(container, nn.Sequential):
        return nn.Sequential(*modules)
    return nn.ModuleList(modules) if isinstance(container, nn.ModuleList) else nn.Identity()
