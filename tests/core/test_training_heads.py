"""Folds that never part a group, heads that learn, and the comparison between them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from made_tasks import CLASSES, both_needed
from secondlook.errors import ModelError
from secondlook.models.calibration import from_plain, to_plain
from secondlook.models.fusion.head import FusionHead, FusionName
from secondlook.models.fusion.inputs import ModalityBatch, pooled, without
from secondlook.training.crossval import CrossvalConfig, LearnedHead, learn_head
from secondlook.training.crossval_choice import choose
from secondlook.training.crossval_figures import figures
from secondlook.training.crossval_options import kinds_for
from secondlook.training.folds import check_split, grouped_folds
from secondlook.training.heads import HeadConfig, HeldOut, check_features, logits_of, train_head

FAST = HeadConfig(hidden=16, epochs=8, batch=32)


@pytest.fixture(scope="module")
def learned() -> LearnedHead:
    features, labels = both_needed(160, 0, missing=0.3)
    config = CrossvalConfig(head=replace(FAST, epochs=12), folds=3)
    groups = np.arange(160) // 2
    return learn_head(features, labels, classes=CLASSES, groups=groups, config=config)


@given(st.integers(0, 1000), st.integers(2, 6), st.integers(2, 4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_folds_hold_out_every_case_once_and_part_no_group(
    seed: int, folds: int, classes: int, several: bool
) -> None:
    random = np.random.default_rng(seed)
    groups = random.integers(30, size=120)
    labels = random.integers(classes, size=120)
    known = np.eye(classes, dtype=np.float32)[labels] if several else labels
    parts = grouped_folds(known, [str(x) for x in range(classes)], groups, folds=folds, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(120))
    assert 2 <= len(parts) <= folds
    for rows in parts:
        check_split(groups, np.isin(np.arange(120), rows))
        assert set(np.delete(labels, rows)) == set(labels)


def test_a_rare_label_makes_for_fewer_folds() -> None:
    labels = np.array([0] * 20 + [1] * 3)
    parts = grouped_folds(labels, CLASSES, folds=5)
    assert len(parts) == 3
    assert all((labels[x] == 1).sum() == 1 for x in parts)


@pytest.mark.parametrize(
    ("labels", "groups", "words"),
    [
        ([0, 1, 0], None, "at least 8 labelled cases, got 3.*learn --goods"),
        ([1] * 20, None, "all 20 cases have the label 'yes'.*another label"),
        ([0] * 19 + [1], None, "2 groups.*{'yes': 1}.*leave these labels out"),
        ([0] * 10 + [1] * 10, [0] * 10 + [1] * 10, "2 groups"),
        ([0] * 10 + [1] * 10, [0] * 20, "2 groups"),
        ([0] * 10 + [1] * 10, [0] * 3, "as many groups"),
    ],
)
def test_data_that_cannot_be_learned_from_say_what_would_work(
    labels: list[int], groups: list[int] | None, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        grouped_folds(np.array(labels), CLASSES, groups)


def test_labels_that_lie_in_the_same_two_groups_leave_no_split() -> None:
    labels = np.array([0, 1] * 5 + [0, 2] * 5)
    groups = np.array([0] * 5 + [1] * 5 + [2] * 5 + [3] * 5)
    parts = grouped_folds(labels, ("a", "b", "c"), groups)
    assert len(parts) == 2
    tied = np.array([0] * 4 + [1, 2] * 2 + [1, 2] * 2)
    bound = np.array([0] * 2 + [1] * 2 + [0] * 4 + [1] * 4)
    assert len(grouped_folds(tied, ("a", "b", "c"), bound)) == 2


def test_group_leakage_is_refused_without_naming_the_group() -> None:
    groups = np.array(["ada", "bob", "ada", "eve"])
    check_split(groups, [True, False, True, False])
    with pytest.raises(ModelError, match=r"1 groups.*number 1, 3.*leave out") as error:
        check_split(groups, [True, False, False, False])
    assert "ada" not in str(error.value)


def test_images_that_are_all_the_same_are_refused() -> None:
    same = {"image": pooled(np.ones((20, 4)))}
    labels = np.array([0, 1] * 10)
    with pytest.raises(ModelError, match="look the same.*different pictures"):
        check_features(same, labels)
    with pytest.raises(ModelError, match="look the same"):
        learn_head(same, labels, classes=CLASSES, config=CrossvalConfig(head=FAST))
    with pytest.raises(ModelError, match="not finite.*use another"):
        check_features({"image": pooled(np.full((20, 4), np.nan))}, labels)
    with pytest.raises(ModelError, match="20 labels do not fit 19 cases"):
        check_features({"image": pooled(np.zeros((19, 4)))}, labels)


@pytest.mark.parametrize("kind", ["gated", "bottleneck"])
def test_a_seed_gives_the_same_head_bit_for_bit(kind: FusionName) -> None:
    features, labels = both_needed(64, 0)
    config = replace(FAST, fusion=kind, epochs=3)
    heads = []
    for seed in (0, 0, 1):
        torch.rand(3)  # what happened before must not matter
        state = torch.random.get_rng_state()
        heads.append(
            train_head(features, labels, classes=CLASSES, config=replace(config, seed=seed)).head
        )
        assert torch.equal(torch.random.get_rng_state(), state)
    first, second, other = (x.state_dict() for x in heads)
    assert all(torch.equal(first[x], second[x]) for x in first)
    assert not torch.equal(first["own.image.2.weight"], other["own.image.2.weight"])


def test_training_stops_early_and_keeps_the_best() -> None:
    features, _ = both_needed(64, 0)
    noise = np.random.default_rng(0).integers(2, size=64)
    held_out = HeldOut(features=features, labels=1 - noise)
    config = replace(FAST, epochs=40, patience=3)
    seen: list[tuple[int, int]] = []
    trained = train_head(
        features, noise, classes=CLASSES, config=config, held_out=held_out,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert len(seen) == trained.epochs + 3 < 40
    assert seen[0] == (1, 40)
    again = train_head(
        features, noise, classes=CLASSES, config=config, epochs=trained.epochs
    )  # fmt: skip
    same = logits_of(trained.head, features) == logits_of(again.head, features)
    assert same.all()


def test_time_runs_out_after_one_epoch_at_least() -> None:
    features, labels = both_needed(64, 0)
    trained = train_head(features, labels, classes=CLASSES, config=replace(FAST, seconds=0))
    assert trained.epochs == 1


def test_the_fused_head_needs_both_and_does_without_either() -> None:
    features, labels = both_needed(400, 0)
    fresh, truth = both_needed(2000, 1)
    config = replace(FAST, hidden=32, epochs=20)

    def right(shown: dict[str, ModalityBatch], trained_on: dict[str, ModalityBatch]) -> float:
        head = train_head(trained_on, labels, classes=CLASSES, config=config).head
        return share(head, shown)

    def share(head: FusionHead, shown: dict[str, ModalityBatch]) -> float:
        return float((logits_of(head, shown).argmax(1) == truth).mean())

    both = train_head(features, labels, classes=CLASSES, config=config).head
    full = share(both, fresh)
    for name, gone in (("image", "text"), ("text", "image")):
        alone = right({name: fresh[name]}, {name: features[name]})
        fused = share(both, without(fresh, gone))
        # One point over many seeds is the benchmark's to show; one seed moves by more.
        assert fused >= alone - 0.03
        assert full > alone + 0.05


def test_what_is_learned_says_what_each_modality_is_good_for(learned: LearnedHead) -> None:
    table = learned.ablations
    assert set(table) == {
        "full", "image", "text", "only_image", "only_text",
        "shuffled_image", "shuffled_text", "late_average",
    }  # fmt: skip
    assert (table["full"]["auroc"] or 0) > (table["shuffled_text"]["auroc"] or 1)
    linear = {x for x in learned.selection if x.startswith("linear ")}
    assert set(learned.selection) - linear == {"gated", "concat", "weighted"}
    assert {"linear 0.01", "linear 0.1 text x 0.3", "linear 0.001 image x 0"} <= linear
    assert learned.config.fusion == learned.head.config.fusion
    wanted = {
        "accuracy", "balanced_accuracy", "f1_macro", "auroc", "log_loss", "brier", "ece_before",
        "ece", "coverage", "set_size",
    }  # fmt: skip
    assert set(learned.metrics) == wanted
    assert all(x is not None and np.isfinite(x) for x in learned.metrics.values())
    assert 0.8 < (learned.metrics["coverage"] or 0) <= 1


def test_what_is_learned_is_calibrated_for_what_is_absent(learned: LearnedHead) -> None:
    calibration = learned.calibration
    assert set(calibration.temperature.by_pattern) == {"image+text", "image", "text"}
    assert from_plain(type(calibration), to_plain(calibration)) == calibration
    fresh, _ = both_needed(10, 5)
    logits = logits_of(learned.head, without(fresh, "text"))
    values = calibration.probabilities(logits, ["image"] * 10)
    assert calibration.sets(values, ["image"] * 10).any(1).all()
    # The folds are of whole groups, so the bound counts groups.
    assert calibration.conformal[""][0].n == 80


def test_several_labels_are_learned_at_once() -> None:
    features, first = both_needed(80, 0)
    second = (features["image"].vectors()[:, 0] > 0).numpy()
    labels = np.stack([first, second], axis=1).astype(np.float32)
    calls: list[tuple[int, int]] = []
    learned = learn_head(
        features, labels, classes=("a", "b"), config=CrossvalConfig(head=FAST, kinds=("gated",)),
        progress=lambda done, total: calls.append((done, total)),
    )  # fmt: skip
    assert calls[-1] == (16, 16) and len(calls) == 16
    assert learned.head.config.multilabel
    assert learned.metrics["balanced_accuracy"] is None
    assert (learned.metrics["auroc"] or 0) > 0.5
    assert len(learned.calibration.conformal[""]) == 2


def test_one_modality_needs_no_fusion() -> None:
    features, labels = both_needed(60, 0)
    image = {"image": features["image"]}
    assert kinds_for(image) == ("gated", "linear")
    assert kinds_for(image, ("image",)) == ("gated",)
    learned = learn_head(image, labels, classes=CLASSES, config=CrossvalConfig(head=FAST))
    assert set(learned.ablations) == {"full"}
    linear = {"linear 0.001", "linear 0.01", "linear 0.1"}  # nothing to damp
    assert set(learned.selection) == {"gated", *linear}


def test_bottleneck_is_tried_where_there_are_tokens() -> None:
    tokens = ModalityBatch(present=torch.ones(4, dtype=torch.bool), tokens=torch.zeros(4, 2, 3))
    assert kinds_for({"image": tokens, "text": pooled(np.zeros((4, 2)))})[-1] == "bottleneck"


def test_a_tie_goes_to_the_default() -> None:
    random = np.random.default_rng(0)
    loss = random.random(200)
    groups = np.arange(200) // 4
    noise = 0.1 * random.normal(size=200)
    noise -= noise.mean()
    near = {"gated": loss, "concat": loss - 0.001 + noise}
    far = {"gated": loss, "concat": loss - 0.1 + noise}
    assert choose(near, groups) == "gated"  # type: ignore[arg-type]
    assert choose(far, groups) == "concat"  # type: ignore[arg-type]
    assert choose(near, groups, ("concat",)) == "concat"  # type: ignore[arg-type]
    assert choose({"concat": loss, "weighted": loss + 1}, groups) == "concat"


def test_figures_of_known_answers() -> None:
    values = np.array([[0.9, 0.1]] * 8 + [[0.7, 0.3]] * 2)
    labels = np.array([0] * 8 + [1] * 2)
    found = figures(values, labels)
    assert found["accuracy"] == 0.8
    assert found["balanced_accuracy"] == 1.0  # 0.3 is more than the frequency of the second
    assert found["auroc"] == 1.0
    assert found["f1_macro"] == pytest.approx(4 / 9)
    assert figures(values, np.zeros(10, dtype=np.int64))["auroc"] is None
