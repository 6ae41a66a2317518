"""The network that sees: threads, adapters that stay out of it, and what it says of itself."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from peft.tuners.lora import LoraLayer

from secondlook.models.backbones import load_generative, load_vision
from secondlook.models.lora import slot
from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.weights import LoraWeights, Pair
from secondlook.models.pictures import Preprocessing
from secondlook.models.vision import PatchNetwork
from tiny_checkpoints import Tiny
from tiny_models import network, picture

WAIT = 0.3


def strong(slots: LoraSlots, seed: int = 0) -> LoraWeights:
    """Weights that change every answer."""
    fresh = slots.fresh(seed)
    pairs = {x: Pair(a, torch.ones_like(b)) for x, (a, b) in fresh.pairs.items()}
    return replace(fresh, pairs=pairs)


def test_a_first_adapter_waits_for_whoever_is_reading(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While peft puts layers in, they hold random numbers and are active."""
    vision = network(tiny("vit"))
    expected = vision.patches([picture()])
    reading, put_in, done = threading.Event(), threading.Event(), threading.Event()
    inject = slot.inject_adapter_in_model

    def slowly(*args: Any) -> None:
        inject(*args)
        put_in.set()
        done.wait(WAIT)

    def pause(*_: Any) -> None:
        reading.set()
        put_in.wait(WAIT)

    monkeypatch.setattr(slot, "inject_adapter_in_model", slowly)
    hook = vision.image_tower.model.get_submodule("embeddings").register_forward_hook(pause)

    def read() -> NDArray[np.float32]:
        try:
            return vision.patches([picture()])
        finally:
            done.set()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(read)
        reading.wait(WAIT)
        slots = vision.slots
        slots.bind("a", lambda: strong(slots))
        assert np.array_equal(answer.result(), expected)
    hook.remove()
    assert np.array_equal(vision.patches([picture()]), expected)


@pytest.mark.parametrize("kind", ["vit", "resnet", "clip", "llava"])
def test_many_readers_see_one_network_while_adapters_come_and_go(kind: str, tiny: Tiny) -> None:
    backbone: Any = load_vision(tiny(kind))
    vision: PatchNetwork = getattr(backbone, "image", getattr(backbone, "vision", backbone))
    expected = backbone.patches([picture()])
    start, end = threading.Barrier(4), threading.Event()

    def read() -> bool:
        start.wait()
        same = True
        while not end.is_set():
            same = same and np.array_equal(backbone.patches([picture()]), expected)
        return same

    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(read) for _ in range(3)]
        try:
            start.wait()
            slots = vision.slots
            for number in range(6):
                slots.bind(str(number), partial(strong, slots, number))
                with slots.active(str(number)):
                    pass
                slots.forget(str(number))
        finally:
            end.set()
        assert all(x.result() for x in answers)


def test_a_bound_adapter_does_not_write(tiny: Tiny) -> None:
    model = load_generative(tiny("llava"))
    plain = model.generate([picture()], "the weld", 6)
    assert model.vision is not None
    slots = model.vision.slots
    slots.bind("a", lambda: strong(slots))
    seen: list[list[str]] = []
    for layer in [x for x in model.model.modules() if isinstance(x, LoraLayer)]:
        layer.register_forward_hook(lambda x, *_: seen.append(list(x.active_adapters)))  # type: ignore[union-attr]
    with slots.active("a"):
        assert model.generate([picture()], "the weld", 6) == plain
    assert seen
    assert not any(seen)


def test_a_model_without_sight_still_writes(tiny: Tiny) -> None:
    model = load_generative(tiny("llava"))
    model.vision = None
    assert isinstance(model.generate([picture()], "the weld", 2), str)


def test_features_can_be_read_with_an_adapter(tiny: Tiny) -> None:
    vision = network(tiny("vit"))
    slots = vision.slots
    slots.bind("a", lambda: strong(slots))
    plain, adapted = (vision.image_features([picture()], x).pooled for x in (None, "a"))
    assert not torch.allclose(plain, adapted, atol=1e-3)
    with slots.active("a"), torch.inference_mode():
        own = vision.image_tower(vision.prepare([picture()])).pooled
    assert torch.equal(adapted, own)


@pytest.mark.parametrize("kind", ["vit", "clip", "llava"])
def test_how_pictures_are_made_ready_is_said_in_words(kind: str, tiny: Tiny) -> None:
    """Words of numbers alone: a name of an object would differ in every process."""
    said: Any = load_vision(tiny(kind)).preprocessing
    assert said == load_vision(tiny(kind)).preprocessing
    number = r"-?\d+(\.\d+)?"
    assert re.fullmatch(
        rf"32 x 32 (bilinear|bicubic), mean {number} {number} {number}, "
        rf"deviation {number} {number} {number}, white 255, float32",
        said,
    )


def test_a_model_without_sight_makes_no_pictures_ready(tiny: Tiny) -> None:
    model = load_generative(tiny("llava"))
    model.vision = None
    assert model.preprocessing == ""


CHANGES: dict[str, Callable[[Preprocessing], Preprocessing]] = {
    "side": lambda x: replace(x, side=x.side + 1),
    "width": lambda x: replace(x, width=x.side + 1),
    "mean": lambda x: replace(x, mean=(0.485, 0.456, 0.4060001)),
    "std": lambda x: replace(x, std=(0.229, 0.224, 0.2250001)),
    "resample": lambda x: replace(x, resample=x.resample.BICUBIC),
    "white": lambda x: replace(x, white=127.5),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_way_of_making_ready_has_its_own_words(what: str) -> None:
    plain = Preprocessing(32)
    assert CHANGES[what](plain).words != plain.words
    assert plain.words == Preprocessing(32, width=32).words  # the same pictures come of both
