"""What is compared by cross-validation: kinds of fusion, and of linear heads how much counts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from secondlook.models.fusion.head import FusionName
from secondlook.models.fusion.inputs import Batch
from secondlook.training.crossval_choice import DEFAULT
from secondlook.training.heads import HeadConfig

STRENGTHS = (0.001, 0.01, 0.1)
"""Of linear heads, each of which is compared."""
DAMPED = (0.3, 0.0)
"""Factors for one modality of a linear head: it may say little, or nothing of use."""


def kinds_for(features: Batch, attention: Sequence[str] = ()) -> tuple[FusionName, ...]:
    """The kinds of fusion that these features allow; bottleneck attention needs tokens.

    A linear head weighs no tokens, so it is none where that is to be learned.
    """
    linear: tuple[FusionName, ...] = () if attention else ("linear",)
    if len(features) == 1:
        return (DEFAULT, *linear)
    pooled: tuple[FusionName, ...] = (DEFAULT, "concat", "weighted", *linear)
    return (
        (*pooled, "bottleneck") if any(x.tokens is not None for x in features.values()) else pooled
    )


def options_of(
    kind: FusionName, head: HeadConfig, names: Sequence[str]
) -> Iterator[tuple[str, HeadConfig]]:
    """What is compared of one kind, by name."""
    if kind != "linear":
        yield kind, replace(head, fusion=kind)
        return
    less = [(x, factor) for x in names for factor in DAMPED] if len(names) > 1 else []
    for strength, damped in product(STRENGTHS, (None, *less)):
        told = f" {damped[0]} x {damped[1]:g}" if damped else ""
        option = replace(head, fusion=kind, strength=strength, damped=damped)
        yield f"{kind} {strength:g}{told}", option


def single(head: HeadConfig) -> HeadConfig:
    """For a head of one modality: there is nothing to fuse."""
    linear = head.fusion == "linear"
    return replace(head, damped=None) if linear else replace(head, fusion=DEFAULT)


def modalities(option: HeadConfig, names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` that this option reads where they are there together."""
    left = option.damped[0] if option.damped is not None and not option.damped[1] else None
    return tuple(x for x in names if x != left)
