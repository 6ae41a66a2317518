"""A training step from cached frozen states against the naive one: prints one JSON object.

    python tests/benchmarks/cached_step.py [--batch 8] [--last 4] [--text-last 0] [--steps 5]
        [--side 224] [--tokens 64] [--rank 8] [--threads 1] [--half]

For the shape of the embedded starter (a ResNet) and a ViT-Ti/16, each with a MiniLM-size text
tower, random weights and a small fusion head; float32 and bfloat16 autocast. All steps see the same
batch and head. `naive` runs both towers whole and has LoRA in the same last blocks as `cached`;
`naive_all` has LoRA in all blocks of both towers, which is what tuning without a cache usually is;
its further matrices are untrained, so that it answers alike and shared gradients can be compared.
Ratios are of medians; steps take turns, so that a busy machine slows all alike. `head_only` is the
cached step without any LoRA. `parts` are processor seconds of the forwards that the cache saves.
Gradients are compared by the greatest difference over the greatest number of each matrix.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, ResNetConfig, ResNetModel, ViTConfig, ViTModel

from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.cache import PrefixCache, PrefixKey
from secondlook.models.lora.prefix import FrozenState, split
from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.weights import LoraWeights, Pair

SIZES = [48, 96, 192, 384]
CONFIGS: dict[str, Callable[[], nn.Module]] = {
    "resnet-starter": lambda: ResNetModel(
        ResNetConfig(embedding_size=48, hidden_sizes=SIZES, depths=[2, 2, 2, 2], layer_type="basic")
    ),
    "vit-ti-16": lambda: ViTModel(
        ViTConfig(
            hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768
        )
    ),
    "text": lambda: BertModel(
        BertConfig(
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    ),
}


class Tower:
    """A tower with one adapter in its last blocks, whole and cut in two."""

    def __init__(self, name: str, last: int, rank: int) -> None:
        torch.manual_seed(0)
        self.model: Any = CONFIGS[name]()
        self.last = min(last, len(find_blocks(self.model).blocks))
        self.slots = LoraSlots(self.model, rank=rank, alpha=2 * rank, last=self.last)
        self.prefix, self.suffix = split(self.model, self.last)
        if self.last:
            self.slots.bind("a", lambda: learned(self.slots))

    def training(self) -> AbstractContextManager[list[nn.Parameter]]:
        return self.slots.training("a")

    def active(self) -> AbstractContextManager[None]:
        return self.slots.active("a" if self.last else None)


def learned(slots: LoraSlots) -> LoraWeights:
    """B is random too, so that gradients flow into A."""
    fresh, numbers = slots.fresh(0), torch.Generator().manual_seed(1)
    pairs = {
        x: Pair(y.a, torch.randn(y.b.shape, generator=numbers) * 0.01)
        for x, y in fresh.pairs.items()
    }
    return replace(fresh, pairs=pairs)


@dataclass
class Data:
    pixels: Tensor
    words: dict[str, Tensor]
    labels: Tensor

    @classmethod
    def made(cls, batch: int, side: int, tokens: int) -> "Data":
        torch.manual_seed(2)
        ids = torch.randint(1000, 20000, (batch, tokens))
        lengths = torch.randint(tokens // 2, tokens + 1, (batch, 1))
        mask = (torch.arange(tokens) < lengths).long()
        words = {"input_ids": ids, "attention_mask": mask}
        return cls(torch.randn(batch, 3, side, side), words, torch.randint(0, 3, (batch,)))


class Head(nn.Module):
    """Late fusion of two means, as small as heads are."""

    def __init__(self, image: int, text: int) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.image, self.text = nn.Linear(image, 128), nn.Linear(text, 128)
        self.out = nn.Sequential(nn.LayerNorm(128), nn.GELU(), nn.Linear(128, 3))

    def loss(self, image: Any, text: Any, labels: Tensor) -> Tensor:
        states = image.last_hidden_state
        pooled = states.mean((-2, -1)) if states.ndim == 4 else states.mean(1)
        fused = self.image(nn.functional.normalize(pooled, dim=1))
        fused = fused + self.text(text.last_hidden_state[:, 0])
        return nn.functional.cross_entropy(self.out(fused).float(), labels)


class Setting:
    """Two towers and their frozen states for one batch."""

    def __init__(
        self, name: str, data: Data, last: int, text_last: int, rank: int, half: bool
    ) -> None:
        self.data = data
        self.image, self.text = Tower(name, last, rank), Tower("text", text_last, rank)
        width = self.image.model.config.hidden_size if "vit" in name else SIZES[-1]
        self.head = Head(width, 384)
        self.half = half
        self.towers = [x for x in (self.image, self.text) if x.last]

    def follow(self, other: "Setting") -> None:
        """Answer like `other`: its matrices where it has any, untrained ones everywhere else."""
        for mine, its in ((self.image, other.image), (self.text, other.text)):
            fresh = mine.slots.fresh(0)
            pairs = its.slots.weights("a").pairs if its.last else {}
            weights = replace(fresh, pairs={**fresh.pairs, **pairs})
            mine.slots.forget("a")
            mine.slots.bind("a", lambda weights=weights: weights)

    def shared_with(self, other: "Setting", gradients: Sequence[Tensor]) -> list[Tensor]:
        """Those of this setting's gradients whose matrices `other` learns too."""
        mine = [(x, y) for x in (self.image, self.text) for y in sorted(x.slots.targets)]
        its = {
            (mine_tower, name)
            for mine_tower, tower in ((self.image, other.image), (self.text, other.text))
            if tower.last
            for name in tower.slots.targets
        }
        return [x for i, x in enumerate(gradients) if mine[i // 2] in its]

    def fill(self, autocast: bool) -> None:
        """One pass over the batch; rows go through a cache as they do in training."""
        with amp(autocast):
            image = self.image.prefix(self.data.pixels)
            text = self.text.prefix(**self.data.words)
        self.states = through_cache(image, self.half), through_cache(text, self.half)

    def naive(self) -> Tensor:
        with self.image.active(), self.text.active():
            image = self.image.model(self.data.pixels)
            text = self.text.model(**self.data.words)
            return self.head.loss(image, text, self.data.labels)

    def cached(self) -> Tensor:
        image, text = self.states
        with self.image.active(), self.text.active():
            mask = self.data.words["attention_mask"]
            outputs = self.image.suffix(image), self.text.suffix(text, attention_mask=mask)
            return self.head.loss(*outputs, self.data.labels)

    def step(self, loss: Callable[[], Tensor], autocast: bool) -> list[Tensor]:
        """Forward and backward; gives the gradients of the LoRA matrices, image first."""
        with ExitStack() as stack:
            learning = [stack.enter_context(x.training()) for x in self.towers]
            parameters = [x for part in learning for x in part]
            self.head.zero_grad()
            with amp(autocast):
                value = loss()
            torch.autograd.backward(value)
            return [x.grad.clone() for x in parameters if x.grad is not None]


def amp(autocast: bool) -> AbstractContextManager[Any]:
    return torch.autocast("cpu", torch.bfloat16, enabled=autocast)


def through_cache(state: FrozenState, half: bool) -> FrozenState:
    with PrefixCache(half=half) as cache:
        rows = []
        for number in range(len(state.hidden)):
            key = PrefixKey(backbone="b", last_k=4, picture=str(number), view=0, preparation="p")
            cache.put(key, state.keep(()).row(number))
            row = cache.get(key)
            assert row is not None
            rows.append(row)
    return FrozenState.join(rows)


def medians(acts: dict[str, Callable[[], object]], steps: int) -> tuple[dict[str, float], ...]:
    """Seconds by the wall clock, and of processor time, which a busy machine lengthens less."""
    clocks = (time.perf_counter, time.process_time)
    spent: list[dict[str, list[float]]] = [{x: [] for x in acts} for _ in clocks]
    for turn in range(steps + 1):  # the first turn warms up
        for name, act in acts.items():
            started = [clock() for clock in clocks]
            act()
            for seconds, clock, start in zip(spent, clocks, started, strict=True):
                if turn:
                    seconds[name].append(clock() - start)
    return tuple(
        {x: round(float(np.median(y)), 4) for x, y in seconds.items()} for seconds in spent
    )


def relative(mine: Sequence[Tensor], its: Sequence[Tensor]) -> float:
    pairs = zip(mine, its, strict=True)
    return max(float((x - y).abs().max() / y.abs().max()) for x, y in pairs)


def measure(name: str, options: argparse.Namespace, autocast: bool) -> dict[str, object]:
    data = Data.made(options.batch, options.side, options.tokens)
    make = [name, data, options.last, options.text_last, options.rank, options.half]
    same = Setting(*make)
    every = Setting(name, data, 99, 99, options.rank, options.half)
    every.follow(same)
    head = Setting(name, data, 0, 0, options.rank, options.half)
    for setting in (same, head):
        setting.fill(autocast)
    image, text = same.image, same.text
    naive, cached = same.step(same.naive, autocast), same.step(same.cached, autocast)
    shared = every.shared_with(same, every.step(every.naive, autocast))
    times, cpu = medians(
        {
            "naive": lambda: same.step(same.naive, autocast),
            "naive_all": lambda: every.step(every.naive, autocast),
            "cached": lambda: same.step(same.cached, autocast),
            "head_only": lambda: head.step(head.cached, autocast),
        },
        options.steps,
    )
    with amp(autocast), torch.no_grad():
        _, parts = medians(
            {
                "image_prefix": lambda: image.prefix(data.pixels),
                "image_whole": lambda: image.model(data.pixels),
                "text_whole": lambda: text.model(**data.words),
            },
            options.steps,
        )
    return {
        "seconds": times,
        "cpu_seconds": cpu,
        "ratio": round(times["naive"] / times["cached"], 2),
        "ratio_to_naive_all": round(times["naive_all"] / times["cached"], 2),
        "cpu_ratio": round(cpu["naive"] / cpu["cached"], 2),
        "cpu_ratio_to_naive_all": round(cpu["naive_all"] / cpu["cached"], 2),
        "gradient_difference": relative(cached, naive),
        "gradient_difference_to_naive_all": relative(cached, shared),
        "parts": parts,
        "cached_bytes_a_case": sum(x.hidden[0].nbytes for x in same.states) // (1 + options.half),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--last", type=int, default=4)
    parser.add_argument("--text-last", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--half", action="store_true", help="cached states in float16")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report: dict[str, object] = dict(vars(options))
    for name in ("resnet-starter", "vit-ti-16"):
        report[name] = {
            kind: measure(name, options, autocast)
            for kind, autocast in (("float32", False), ("bfloat16", True))
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
