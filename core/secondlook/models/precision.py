"""In which precision a network computes: float32, or bfloat16 where that is quicker.

bfloat16 keeps 8 bits of every number. It changes features by about 1 part in 100 of the largest
one, so what was learned in one precision is used in that precision. What `auto` takes depends on
the processor and the network alone, never on a clock: every process chooses alike.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

Choice = Literal["auto", "float32", "bfloat16"]
WORTH = 1_000_000
"""Weights of the smallest networks that bfloat16 makes quicker: below, conversions eat the gain.

On a core with AVX512_BF16, one picture at a time: 0.99 times as fast for a ViT of 0.7 million
weights, 1.2 for one of 1.4, 1.6 for the starter, 1.9 for a ViT-Ti, 2.8 for a ViT-B.
"""


def chosen(choice: Choice, network: nn.Module) -> str:
    """The precision that a network is to compute in: `float32` or `bfloat16`.

    `auto` is bfloat16 where the processor computes in it and the network is large enough for it.
    A network whose weights are not float32 computes in what they are, whatever is asked for.
    """
    weights = next((x.dtype for x in network.parameters()), torch.float32)
    if weights != torch.float32:
        return str(weights).removeprefix("torch.")
    if choice != "auto":
        return choice
    worth = sum(x.numel() for x in network.parameters()) >= WORTH
    return "bfloat16" if worth and has_bf16() else "float32"


def has_bf16() -> bool:
    """Whether the processor computes in bfloat16 itself; where it does not, that is slower."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def computing(precision: str) -> AbstractContextManager[Any]:
    """Inside, float32 networks compute in this precision."""
    return torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else nullcontext()


def laid_out(pictures: Tensor, precision: str) -> Tensor:
    """Pictures (B, 3, H, W) as they lie best in memory for this precision.

    With channels side by side convolutions in bfloat16 take about half the time; in float32, one
    picture at a time, they take longer.
    """
    if precision != "bfloat16":
        return pictures
    return pictures.contiguous(memory_format=torch.channels_last)
