"""What many adapters on one backbone cost: prints one JSON object.

    python tests/benchmarks/lora_switch.py [--adapters 64] [--rank 8] [--threads 1]

For the shape of the embedded starter (a ResNet) and a ViT-Ti/16, with random weights: bytes of an
adapter in memory and on disk, milliseconds to switch, to bring in from its file and to switch the
way peft does, and the greatest difference to the answers of each adapter alone on a fresh tower.
A switch is timed from the call of `active` to the first line inside, and once more with its end.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft.tuners.lora import LoraLayer
from transformers import ResNetConfig, ResNetModel, ViTConfig, ViTModel

from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.weights import LoraWeights, Pair


def resnet() -> Any:
    sizes = [48, 96, 192, 384]
    config = ResNetConfig(
        embedding_size=48, hidden_sizes=sizes, depths=[2, 2, 2, 2], layer_type="basic"
    )
    return ResNetModel(config)


def vit() -> Any:
    return ViTModel(
        ViTConfig(
            hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768
        )
    )


TOWERS: dict[str, Callable[[], Any]] = {"resnet-starter": resnet, "vit-ti-16": vit}


def build(name: str) -> Any:
    torch.manual_seed(0)
    return TOWERS[name]().eval()


def learned(slots: LoraSlots, seed: int) -> LoraWeights:
    """An adapter that changes the answers about as much as a trained one: B is random too."""
    fresh = slots.fresh(seed)
    numbers = torch.Generator().manual_seed(seed)
    pairs = {
        x: Pair(y.a, torch.randn(y.b.shape, generator=numbers) * 0.02)
        for x, y in fresh.pairs.items()
    }
    return replace(fresh, pairs=pairs)


def milliseconds(act: Callable[[], object], times: int) -> dict[str, float]:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return spread(seconds)


def spread(seconds: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(seconds, [50, 95]) * 1e3
    return {"p50_ms": round(float(p50), 4), "p95_ms": round(float(p95), 4)}


def switch_only(slots: LoraSlots, order: Iterator[str], times: int) -> dict[str, float]:
    seconds = []
    for _, adapter in zip(range(times), order, strict=False):
        started = time.perf_counter()
        with slots.active(adapter):
            seconds.append(time.perf_counter() - started)
    return spread(seconds)


def turns(ids: list[str], seed: int = 0) -> Iterator[str]:
    numbers = np.random.default_rng(seed)
    while True:
        yield ids[int(numbers.integers(len(ids)))]


@torch.inference_mode()
def answer(model: Any, pixels: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = model(pixels).last_hidden_state
    return output


def measure(name: str, count: int, rank: int, folder: Path) -> dict[str, object]:
    model, pixels = build(name), torch.randn(2, 3, 224, 224)
    plain = answer(model, pixels)
    slots = LoraSlots(model, rank=rank, alpha=2 * rank, last=4, capacity=count)
    ids = [f"adapter-{i}" for i in range(count)]
    files = []
    for seed, adapter in enumerate(ids):
        place = folder / name / adapter
        place.mkdir(parents=True)
        learned(slots, seed).save(place)
        files.append(sum(x.stat().st_size for x in place.iterdir()))
    load: dict[str, Callable[[], LoraWeights]] = {
        x: partial(LoraWeights.load, folder / name / x, fingerprint=slots.backbone) for x in ids
    }
    started = time.perf_counter()
    for adapter in ids:
        slots.bind(adapter, load[adapter])
    bound = time.perf_counter() - started
    memory = [sum(x.nbytes for x in slots.parameters(adapter)) for adapter in ids]
    differences, changes = [], []
    for adapter in ids:
        with slots.active(adapter):
            together = answer(model, pixels)
        differences.append(float((together - alone(name, load[adapter], rank, pixels)).abs().max()))
        changes.append(float((together - plain).abs().max()))
    with slots.active(None):
        base_exact = torch.equal(answer(model, pixels), plain)

    def both_ways() -> None:
        with slots.active(next(order)):
            pass

    order = turns(ids)
    layers = [x for x in model.modules() if isinstance(x, LoraLayer)]
    return {
        "adapters": count,
        "rank": rank,
        "layers": len(layers),
        "bytes_in_memory": max(memory),
        "bytes_on_disk": max(files),
        "switch": switch_only(slots, order, 2000),
        "switch_and_back": milliseconds(both_ways, 2000),
        "set_adapter_of_peft": peft_switch(slots, layers, order),
        "bring_in_from_file": reload(name, load, rank),
        "first_bind_ms_each": round(bound / count * 1e3, 2),
        "greatest_difference_to_alone": max(differences),
        "least_change_by_an_adapter": min(changes),
        "greatest_answer": float(plain.abs().max()),
        "base_is_exact": base_exact,
    }


def alone(
    name: str, load: Callable[[], LoraWeights], rank: int, pixels: torch.Tensor
) -> torch.Tensor:
    model = build(name)
    slots = LoraSlots(model, rank=rank, alpha=2 * rank, last=4, capacity=1)
    slots.bind("only", load)
    with slots.active("only"):
        return answer(model, pixels)


def peft_switch(
    slots: LoraSlots, layers: list[LoraLayer], order: Iterator[str]
) -> dict[str, float]:
    names = {}
    for adapter in slots.resident:
        with slots.active(adapter):
            names[adapter] = layers[0].active_adapters

    def switch() -> None:
        chosen = names[next(order)]
        for layer in layers:
            layer.set_adapter(chosen, inference_mode=True)

    return milliseconds(switch, 100)


def reload(name: str, load: dict[str, Callable[[], LoraWeights]], rank: int) -> dict[str, float]:
    """Each adapter has to make room for the next one."""
    slots = LoraSlots(build(name), rank=rank, alpha=2 * rank, last=4, capacity=1)
    order = iter(load)

    def bring() -> None:
        adapter = next(order)
        slots.bind(adapter, load[adapter])

    bring()
    return milliseconds(bring, len(load) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=64)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        report = {
            name: measure(name, options.adapters, options.rank, Path(folder)) for name in TOWERS
        }
    print(json.dumps({"threads": options.threads} | report, indent=2))


if __name__ == "__main__":
    main()
