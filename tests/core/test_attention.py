"""Slices that count: weights begin as the plain mean, and find the one slice that tells."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from secondlook.models.answers import AnswersPart
from secondlook.models.fusion.head import FusionConfig, FusionHead
from secondlook.models.fusion.inputs import ModalityBatch, ModalitySpec, sequences
from secondlook.models.fusion.state import load_head, save_head
from secondlook.training.heads import HeadConfig, HeldOut, logits_of, train_head
from striped_cases import learn, network, picture, some_cases

SIZE = 6


def a_head(seed: int = 0, *, attention: tuple[str, ...] = ("image",)) -> FusionHead:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = FusionConfig(
            modalities=(ModalitySpec("image", SIZE), ModalitySpec("text", 4)),
            classes=("a", "b"),
            hidden=16,
            attention=attention,
        )
        return FusionHead(config).eval()


def rows(seed: int, counts: list[int]) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, SIZE)).astype(np.float32) for n in counts]


def with_text(image: ModalityBatch) -> dict[str, ModalityBatch]:
    none = torch.zeros(len(image), dtype=torch.bool)
    return {"image": image, "text": ModalityBatch(present=none, pooled=torch.zeros(len(image), 4))}


def test_it_begins_as_the_mean() -> None:
    slices = rows(0, [3, 7, 1])
    head, batch = a_head(), sequences(slices, SIZE)
    means = torch.from_numpy(np.stack([x.mean(0) for x in slices]))
    assert torch.allclose(head.pooled("image", batch), means, atol=1e-6)
    plain = ModalityBatch(present=batch.present, pooled=means)
    logits = [head(with_text(x)).logits for x in (batch, plain)]
    assert torch.allclose(*logits, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_weights_add_up_to_one_over_what_is_there(seed: int, counts: list[int]) -> None:
    head = a_head()
    torch.nn.init.normal_(
        head.pools["image"].score.weight, generator=torch.Generator().manual_seed(1)
    )
    batch = sequences(rows(seed, counts), SIZE)
    weights = head.token_weights("image", batch)
    assert batch.present.tolist() == [n > 0 for n in counts]
    for row, n in zip(weights.tolist(), counts, strict=True):
        assert sum(row) == pytest.approx(1.0 if n else 0.0, abs=1e-5)
        assert all(x == 0 for x in row[n:])
    assert torch.isfinite(head(with_text(batch)).logits).all()


def test_padding_and_company_change_nothing() -> None:
    head = a_head(3)
    torch.nn.init.normal_(head.pools["image"].score.weight)
    alone, among = rows(5, [4]), rows(5, [4, 9])
    one = head(with_text(sequences(alone, SIZE))).logits
    many = head(with_text(sequences(among, SIZE))).logits
    assert torch.allclose(one[0], many[0], atol=1e-5)


def test_a_head_on_disk_weighs_as_before(tmp_path: Path) -> None:
    head = a_head(7)
    torch.nn.init.normal_(head.pools["image"].score.weight)
    save_head(head, tmp_path)
    batch = sequences(rows(1, [5, 2]), SIZE)
    again = load_head(tmp_path)
    assert torch.equal(again.token_weights("image", batch), head.token_weights("image", batch))


def test_attention_on_what_is_not_read_is_refused() -> None:
    with pytest.raises(ValidationError, match="attention"):
        a_head(attention=("table",))


def one_telling(
    cases: int, seed: int, slices: int = 16
) -> tuple[dict[str, ModalityBatch], np.ndarray]:
    """One slice of each case is marked; its second number says the label, as do others at random."""
    random = np.random.default_rng([seed, cases])
    values = random.normal(size=(cases, slices, SIZE)).astype(np.float32)
    labels = random.integers(2, size=cases)
    place = random.integers(slices, size=cases)
    values[np.arange(cases), place, 0] += 6
    values[np.arange(cases), place, 1] = 2 * labels - 1 + 0.3 * random.normal(size=cases)
    return {"image": sequences(list(values), SIZE)}, labels.astype(np.int64)


def test_it_finds_the_slice_that_tells() -> None:
    config = HeadConfig(hidden=16, epochs=80, patience=80, learning_rate=1e-2, batch=32)
    features, labels = one_telling(240, 0)
    stop, truth = one_telling(80, 1)
    fresh, wanted = one_telling(400, 2)
    right = {}
    for name in ((), ("image",)):
        trained = train_head(
            features, labels, classes=("a", "b"), config=replace(config, attention=name),
            held_out=HeldOut(features=stop, labels=truth),
        )  # fmt: skip
        right[name] = float((logits_of(trained.head, fresh).argmax(1) == wanted).mean())
        if name:
            weights = trained.head.token_weights("image", fresh["image"])
            marked = fresh["image"].tokens[..., 0].argmax(1)  # type: ignore[index]  # tokens are there
            found = float((weights.argmax(1) == marked).float().mean())
    assert right[()] < 0.75
    assert right["image",] > 0.85
    assert found > 0.8


def test_the_weights_of_a_case_come_with_its_answer() -> None:
    def exam(seed: int) -> tuple[np.ndarray, ...]:
        return tuple(picture(300 * seed + 3 * x + seed % 3) for x in range(4))

    cases = [
        replace(x, images=exam(i), slices=True, key=hashlib.sha256(f"v{i}".encode()).hexdigest())
        for i, x in enumerate(some_cases(30))
    ]
    learned = learn(cases, vision=network())
    assert learned.way == "head"
    assert "LoRA was not tried" in learned.reason
    assert "which slices count" in learned.reason
    part: AnswersPart = learned.part
    assert part.head.config.attention == ("image",)
    answer = part.answer(network(), None, list(exam(1)), [])
    assert len(answer.weights) == 4
    assert sum(answer.weights) == pytest.approx(1, abs=1e-5)
    assert answer.embedding["image"].ndim == 1
