"""Fusion heads: what is absent is never read, and every fusion keeps the same promises."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from secondlook.errors import AdapterError, ModelError
from secondlook.models.fusion.dropout import drop_modalities
from secondlook.models.fusion.head import FusionConfig, FusionHead, FusionName
from secondlook.models.fusion.inputs import (
    ModalityBatch,
    ModalitySpec,
    patterns,
    pooled,
    presence,
    take,
    without,
)
from secondlook.models.fusion.losses import (
    auxiliary_loss,
    balance,
    class_weights,
    distillation,
    task_loss,
)
from secondlook.models.fusion.state import load_head, save_head

KINDS: tuple[FusionName, ...] = ("gated", "concat", "weighted", "bottleneck", "linear")
SIZES = {"image": 6, "text": 5, "table": 3}
kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 2**31)


def a_head(kind: FusionName = "gated", *, multilabel: bool = False, seed: int = 0) -> FusionHead:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = FusionConfig(
            modalities=tuple(ModalitySpec(x, size) for x, size in SIZES.items()),
            classes=("a", "b", "c"),
            multilabel=multilabel,
            fusion=kind,
            hidden=16,
        )
        return FusionHead(config).eval()


def a_batch(seed: int, cases: int = 6) -> dict[str, ModalityBatch]:
    """Image with tokens and padding, text and table pooled; what is present is drawn."""
    draw = torch.Generator().manual_seed(seed)
    present = torch.rand(cases, 3, generator=draw) < 0.6
    mask = torch.rand(cases, 4, generator=draw) < 0.7
    return {
        "image": ModalityBatch(
            present=present[:, 0],
            pooled=torch.randn(cases, 6, generator=draw),
            tokens=torch.randn(cases, 4, 6, generator=draw),
            mask=mask,
        ),
        "text": ModalityBatch(
            present=present[:, 1], tokens=torch.randn(cases, 2, 5, generator=draw)
        ),
        "table": ModalityBatch(present=present[:, 2], pooled=torch.randn(cases, 3, generator=draw)),
    }


def spoiled(x: ModalityBatch) -> ModalityBatch:
    """The same with NaN wherever a case lacks the modality or a token is padding."""

    def spoil(values: torch.Tensor | None, keep: torch.Tensor) -> torch.Tensor | None:
        return None if values is None else torch.where(keep, values, torch.nan)

    token_mask = x.present[:, None] if x.mask is None else x.mask & x.present[:, None]
    return ModalityBatch(
        present=x.present,
        pooled=spoil(x.pooled, x.present[:, None]),
        tokens=spoil(x.tokens, token_mask[:, :, None]),
        mask=x.mask,
    )


@given(kinds, seeds)
@settings(max_examples=40, deadline=None)
def test_what_is_absent_is_never_read(kind: FusionName, seed: int) -> None:
    head, batch = a_head(kind), a_batch(seed)
    output = head(batch)
    other = head({name: spoiled(x) for name, x in batch.items()})
    assert torch.equal(output.logits, other.logits)
    assert torch.equal(output.weights, other.weights)
    assert torch.isfinite(output.logits).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_absent_spoils_no_gradient(kind: FusionName) -> None:
    head = a_head(kind).train()
    batch = {name: spoiled(x) for name, x in a_batch(3).items()}
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    output = head(batch)
    loss = task_loss(output.logits, labels).mean()
    (loss + auxiliary_loss(output, labels, presence(batch))).backward()
    grads = {name: x.grad for name, x in head.named_parameters() if x.grad is not None}
    assert all(torch.isfinite(x).all() for x in grads.values())
    assert {"missing", "fusion.absent"} & set(grads) or kind == "weighted"


@given(kinds, seeds)
@settings(max_examples=30, deadline=None)
def test_the_order_of_cases_changes_no_answer(kind: FusionName, seed: int) -> None:
    head, batch = a_head(kind), a_batch(seed)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
    moved = head(take(batch, order))
    torch.testing.assert_close(moved.logits, head(batch).logits[order])
    torch.testing.assert_close(head(take(batch, [2])).logits, head(batch).logits[2:3])


@given(kinds, seeds)
@settings(max_examples=30, deadline=None)
def test_weights_add_up_over_what_is_present(kind: FusionName, seed: int) -> None:
    batch = a_batch(seed)
    weights, present = a_head(kind)(batch).weights, presence(batch)
    assert (weights[~present] == 0).all()
    assert (weights >= 0).all()
    expected = present.any(1).float()
    torch.testing.assert_close(weights.sum(1), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_with_nothing_gets_the_frequencies(kind: FusionName) -> None:
    head = a_head(kind)
    head.prior.copy_(torch.tensor([0.1, 0.2, 0.7]))
    batch = without(a_batch(0), *SIZES)
    assert patterns(batch) == [""] * 6
    assert torch.equal(head(batch).logits, head.prior.expand(6, -1))


def test_contributions_are_answers_without_one_modality() -> None:
    head, batch = a_head(), a_batch(1)
    contributions = head.contributions(batch)
    assert list(contributions) == list(SIZES)
    for name, logits in contributions.items():
        assert torch.equal(logits, head(without(batch, name)).logits)
    there = batch["text"].present
    assert not torch.equal(contributions["text"][there], head(batch).logits[there])
    assert torch.equal(contributions["text"][~there], head(batch).logits[~there])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_the_features(kind: FusionName) -> None:
    values = torch.randn(4, 6, requires_grad=True)
    batch = a_batch(0, cases=4)
    batch["image"] = ModalityBatch(present=torch.tensor([True, True, False, True]), pooled=values)
    a_head(kind)(batch).logits.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    reached = values.grad.abs().sum(1) > 0
    assert reached.tolist() == [True, True, False, True]


def test_bottleneck_tokens_see_the_tokens() -> None:
    head, batch = a_head("bottleneck"), a_batch(2)
    there = batch["image"].present & presence(batch).sum(1).gt(1)
    tokens = batch["image"].tokens
    assert tokens is not None and there.any()
    full = torch.ones(6, 4, dtype=torch.bool)
    before = ModalityBatch(
        present=batch["image"].present, pooled=batch["image"].pooled, tokens=tokens, mask=full
    )
    after = ModalityBatch(
        present=batch["image"].present,
        pooled=batch["image"].pooled,
        tokens=tokens.flip(2),
        mask=full,
    )
    old, new = head(batch | {"image": before}), head(batch | {"image": after})
    assert not torch.allclose(old.fused[there], new.fused[there])
    gated = a_head("gated")
    same = [gated(batch | {"image": x}).logits for x in (before, after)]
    assert torch.equal(*same)


def test_standardising_takes_the_cases_that_have_the_modality() -> None:
    head = a_head()
    values = np.array([[1, 2, 3], [3, 2, 1], [9, 9, 9]])
    batch = a_batch(0, cases=3) | {"table": pooled(values, [True, True, False])}
    head.standardise(batch)
    assert head.state_dict()["scales.table.mean"].tolist() == [2, 2, 2]
    assert head.state_dict()["scales.table.spread"].min() > 0


@given(seeds, st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_dropout_never_drops_everything(seed: int, rate: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    present = torch.rand(8, 3, generator=draw) < 0.5
    kept = drop_modalities(present, rate, draw)
    assert not (kept & ~present).any()
    assert torch.equal(kept.any(1), present.any(1))


def test_dropout_drops_about_as_often_as_asked() -> None:
    present = torch.ones(4000, 2, dtype=torch.bool)
    kept = drop_modalities(present, 0.3, torch.Generator().manual_seed(0))
    # Both would go in 9 % of the cases; one of them then stays.
    assert abs(float((~kept).float().mean()) - (0.3 - 0.045)) < 0.02


def test_balance_holds_back_the_modality_that_is_ahead() -> None:
    losses = torch.tensor([[0.1, 0.9, 5.0], [0.3, 1.1, 5.0]])
    present = torch.tensor([[True, True, False], [True, True, False]])
    weights = balance(losses, present)
    assert weights[0] == 0.5 and 1 < weights[1] <= 2 and weights[2] == 0


def test_class_weights_count_every_class_the_same() -> None:
    weights = class_weights(torch.tensor([0] * 6 + [1] * 2), 2)
    assert (weights * torch.tensor([6, 2])).tolist() == [4, 4]
    several = class_weights(torch.tensor([[1.0, 0.0]] * 3 + [[0.0, 1.0]]), 2)
    torch.testing.assert_close(several, torch.tensor([1 / 3, 3.0]))


def test_weights_leave_the_best_logits_at_the_frequencies() -> None:
    labels = torch.tensor([0] * 90 + [1] * 10)
    logits = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=50)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = task_loss(logits.expand(100, 2), labels, class_weights(labels, 2)).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(
        logits.detach().softmax(0), torch.tensor([0.9, 0.1]), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("multilabel", [False, True])
def test_distillation_moves_the_student_alone(multilabel: bool) -> None:
    teacher = torch.tensor([[2.0, -1.0]], requires_grad=True)
    student = torch.tensor([[0.0, 0.0]], requires_grad=True)
    assert distillation(teacher, teacher, multilabel=multilabel) == 0
    loss = distillation(teacher, student, multilabel=multilabel)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss > 0 and teacher.grad is None
    assert student.grad is not None and student.grad[0, 0] < 0 < student.grad[0, 1]
    with pytest.raises(ModelError, match="one shape"):
        distillation(teacher, torch.zeros(2, 2), multilabel=multilabel)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_comes_back_as_it_was(kind: FusionName, tmp_path: Path) -> None:
    head, batch = a_head(kind, seed=5), a_batch(4)
    head.standardise(batch)
    save_head(head, tmp_path)
    loaded = load_head(tmp_path)
    assert loaded.config == head.config and not loaded.training
    assert torch.equal(loaded(batch).logits, head(batch).logits)
    assert all(x.requires_grad for x in loaded.parameters())


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        files.append(save_head(a_head(), tmp_path / name).read_bytes())
    assert files[0] == files[1]


def _change(path: Path, *, drop: str = "", reshape: str = "", metadata: bool = True) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        kept = file.metadata() if metadata else None
    tensors = load_file(path)
    tensors.pop(drop, None)
    if reshape:
        tensors[reshape] = tensors[reshape][:-1].contiguous()
    save_file(tensors, path, metadata=kept)


def test_damaged_heads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="restore"):
        load_head(tmp_path)
    path = save_head(a_head(), tmp_path)
    _change(path, drop="missing")
    with pytest.raises(AdapterError, match=r"\['missing'\] differ"):
        load_head(tmp_path)
    path = save_head(a_head(), tmp_path)
    _change(path, reshape="prior")
    with pytest.raises(AdapterError, match="prior"):
        load_head(tmp_path)
    _change(save_head(a_head(), tmp_path), metadata=False)
    with pytest.raises(AdapterError, match="KeyError"):
        load_head(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(AdapterError, match="learn again"):
        load_head(tmp_path)


def test_inputs_that_do_not_fit_are_refused() -> None:
    head, batch = a_head(), a_batch(0)
    with pytest.raises(ModelError, match="marked absent"):
        head({"image": batch["image"]})
    with pytest.raises(ModelError, match="sizes"):
        head(batch | {"table": pooled(np.zeros((6, 4)))})
    with pytest.raises(ModelError, match="same cases"):
        head(batch | {"table": pooled(np.zeros((5, 3)))})
    with pytest.raises(ModelError, match="present"):
        ModalityBatch(present=torch.ones(3, dtype=torch.bool))
    with pytest.raises(ModelError, match="present"):
        ModalityBatch(present=torch.ones(3), pooled=torch.zeros(3, 2))
    with pytest.raises(ModelError, match="without '\\+'"):
        ModalitySpec("a+b", 3)
    with pytest.raises(ValidationError, match="at least 2"):
        FusionConfig(modalities=(ModalitySpec("image", 3),), classes=("a",))
    with pytest.raises(ValidationError, match="must differ"):
        FusionConfig(modalities=(ModalitySpec("image", 3),) * 2, classes=("a", "b"))
