"""Linear heads: the regression they say they are, and better than a network on few cases."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from made_tasks import CLASSES, both_needed, few_cases
from secondlook.models.fusion.inputs import ModalityBatch, pooled, without
from secondlook.training.crossval import CrossvalConfig, learn_head
from secondlook.training.crossval_choice import as_good
from secondlook.training.heads import HeadConfig, logits_of, train_head
from secondlook.training.linear import late_head, mean_head
from secondlook.training.stacking import stacked

LINEAR = HeadConfig(fusion="linear", strength=0.01)
FAST = HeadConfig(hidden=16, epochs=6)


def test_it_is_the_regression_on_everything_at_once() -> None:
    features, labels = both_needed(200, 0, missing=0.3)
    head = train_head(features, labels, classes=CLASSES, config=LINEAR).head
    parts = []
    for name in features:
        batch = features[name]
        values = head.scales[name](batch.vectors()).numpy() * batch.present.numpy()[:, None]
        parts.append(values)
    gone = np.stack([~x.present.numpy() for x in features.values()], axis=1)
    rows = np.concatenate([*parts, gone], axis=1)
    model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000).fit(rows, labels)
    mine, both = softmax(logits_of(head, features), axis=1), ~gone.any(1)
    assert np.abs(mine - model.predict_proba(rows))[both].max() < 1e-4


@pytest.mark.parametrize("name", ["image", "text"])
def test_with_one_modality_present_it_is_the_regression_on_that_one(name: str) -> None:
    features, labels = both_needed(200, 7)
    head = train_head(features, labels, classes=CLASSES, config=LINEAR).head
    gone = {"image": "text", "text": "image"}[name]
    alone = train_head({name: features[name]}, labels, classes=CLASSES, config=LINEAR).head
    mine = softmax(logits_of(head, without(features, gone)), axis=1)
    its = softmax(logits_of(alone, {name: features[name]}), axis=1)
    assert np.abs(mine - its).max() < 1e-4


def test_a_case_with_nothing_gets_the_frequencies() -> None:
    features, labels = both_needed(100, 1)
    head = train_head(features, labels, classes=CLASSES, config=LINEAR).head
    said = softmax(logits_of(head, without(features, "image", "text")), axis=1)
    assert said[:, 1] == pytest.approx((labels.sum() + 1) / (len(labels) + 2), abs=1e-5)


def test_a_modality_that_is_damped_to_nothing_says_nothing() -> None:
    features, labels = both_needed(150, 2)
    config = HeadConfig(fusion="linear", damped=("text", 0.0))
    head = train_head(features, labels, classes=CLASSES, config=config).head
    with_text, alone = logits_of(head, features), logits_of(head, without(features, "text"))
    assert np.abs(with_text - alone).max() < 1e-3
    only = {"image": features["image"]}
    same = train_head(only, labels, classes=CLASSES, config=LINEAR).head
    assert np.abs(with_text - logits_of(same, only)).max() < 1e-4


def test_one_that_is_damped_says_less() -> None:
    features, labels = both_needed(150, 3)
    sizes = []
    for factor in (1.0, 0.3, 0.1):
        config = HeadConfig(fusion="linear", damped=("text", factor))
        head = train_head(features, labels, classes=CLASSES, config=config).head
        other = {**features, "text": features["text"].take(torch.randperm(150))}
        sizes.append(float(np.abs(logits_of(head, features) - logits_of(head, other)).mean()))
    assert sizes == sorted(sizes, reverse=True)


def test_several_labels_are_fitted_each_by_itself() -> None:
    features, first = both_needed(120, 4)
    labels = np.stack([first, 1 - first, np.ones(120), np.zeros(120)], axis=1).astype(np.float32)
    head = train_head(features, labels, classes=("a", "b", "c", "d"), config=LINEAR).head
    said = expit(logits_of(head, features))
    assert np.allclose(said[:, 0], 1 - said[:, 1], atol=1e-4)
    assert said[:, 2].min() > 0.99
    assert said[:, 3].max() < 0.01


def test_a_label_that_no_case_has_is_as_rare_as_so_many_cases_can_tell() -> None:
    features, labels = both_needed(80, 5)
    head = train_head(features, labels, classes=(*CLASSES, "never"), config=LINEAR).head
    said = softmax(logits_of(head, features), axis=1)[:, 2]
    assert said.min() > 1 / 250 and said.max() < 1 / 80


@pytest.mark.parametrize("several", [False, True])
def test_one_case_with_a_modality_makes_nobody_certain(several: bool) -> None:
    features, labels = both_needed(80, 5)
    there = np.zeros(80, bool)
    there[:2] = True
    text = pooled(features["text"].vectors().numpy(), there)
    labels[:2], names = 1, (*CLASSES, "third")
    labels[70:] = 2
    truth = np.eye(3, dtype=np.float32)[labels] if several else labels
    batch = {"image": features["image"], "text": text}
    head = train_head(batch, truth, classes=names, config=LINEAR).head
    said = logits_of(head, without(batch, "image"))[:2]
    shown = expit(said) if several else softmax(said, axis=1)
    assert shown.min() > 0.01 and shown.max() < 0.99


def test_few_cases_with_many_numbers_are_told_apart_better() -> None:
    """Twice as many numbers a case as cases: where a hidden layer learns them by heart."""
    gains = []
    for seed in range(3):
        features, labels = few_cases(60, seed)
        fresh, truth = few_cases(600, 100 + seed)
        names = [str(x) for x in range(4)]
        right = {
            config.fusion: float(
                (
                    logits_of(
                        train_head(features, labels, classes=names, config=config).head, fresh
                    ).argmax(1)
                    == truth
                ).mean()
            )
            for config in (LINEAR, HeadConfig(hidden=64))
        }
        gains.append(right["linear"] - right["gated"])
    assert np.mean(gains) > 0


def test_a_modality_that_is_noise_may_be_left_out() -> None:
    features, labels = both_needed(120, 6)
    noise = pooled(np.random.default_rng(0).normal(size=(120, 200)))
    config = CrossvalConfig(head=FAST, folds=3, kinds=("linear",), ablations=False)
    learned = learn_head(
        {"image": features["image"], "text": noise}, labels, classes=CLASSES, config=config
    )
    assert learned.head.config.unused == ("text",)
    assert learned.config.damped in (("text", 0.0), ("text", 0.3))
    best = min(learned.selection, key=lambda x: learned.selection[x])
    assert best.endswith(("text x 0", "text x 0.3"))


def test_the_mean_of_heads_says_the_mean_of_what_they_say() -> None:
    features, labels = both_needed(120, 8, missing=0.2)
    heads = [
        train_head(features, labels, classes=CLASSES, config=replace(LINEAR, strength=x))
        for x in (0.001, 0.1)
    ]
    wanted = np.mean([logits_of(x.head, features) for x in heads], axis=0)
    assert np.abs(logits_of(mean_head(heads).head, features) - wanted).max() < 1e-5
    assert np.array_equal(
        logits_of(mean_head(heads[:1]).head, features), logits_of(heads[0].head, features)
    )


def test_a_mean_by_weights_says_what_the_weights_say() -> None:
    features, labels = both_needed(120, 8, missing=0.2)
    heads = [
        train_head(features, labels, classes=CLASSES, config=replace(LINEAR, strength=x))
        for x in (0.001, 0.1)
    ]
    said = [logits_of(x.head, features) for x in heads]
    mine = logits_of(mean_head(heads, [0.75, 0.25]).head, features)
    assert np.abs(mine - (0.75 * said[0] + 0.25 * said[1])).max() < 1e-5


def test_options_that_cannot_be_told_apart_are_as_good() -> None:
    loss, groups = np.random.default_rng(0).random(100), np.arange(100) // 2
    losses = {"a": loss, "b": loss + 0.001, "c": loss + np.linspace(0, 1, 100), "d": loss + 1}
    losses["b"] = losses["b"] + 0.2 * np.random.default_rng(1).normal(size=100)
    losses["b"] -= losses["b"].mean() - loss.mean() - 0.001
    assert as_good(losses, "a", groups=groups, among=["a", "b", "c", "d"]) == ["a", "b"]


def test_late_fusion_adds_up_what_each_modality_says_alone() -> None:
    features, labels = both_needed(120, 9, missing=0.2)
    trained = train_head(features, labels, classes=CLASSES, config=LINEAR)
    late = late_head({"image": trained, "text": trained}, {"image": 2.0, "text": 0.5}).head
    shown = {x: logits_of(trained.head, without(features, y))
             for x, y in (("image", "text"), ("text", "image"))}  # fmt: skip
    wanted = 2 * shown["image"] + 0.5 * shown["text"]
    both = features["text"].present.numpy()
    assert np.abs(logits_of(late, features) - wanted)[both].max() < 1e-4
    assert np.abs(logits_of(late, features) - shown["image"])[~both].max() < 1e-4


def three(cases: int, seed: int) -> tuple[dict[str, ModalityBatch], NDArray[np.int64]]:
    features, labels = both_needed(cases, seed)
    third = np.random.default_rng(seed).normal(size=(cases, 4))
    return {**features, "region": pooled(third)}, labels


def test_in_late_fusion_what_is_absent_says_what_it_says_on_the_whole() -> None:
    features, labels = three(120, 3)
    trained = train_head(features, labels, classes=CLASSES, config=LINEAR)
    names = list(features)
    late = late_head(dict.fromkeys(names, trained), dict.fromkeys(names, 2.0)).head
    shown = {
        x: logits_of(trained.head, without(features, *[y for y in names if y != x])) for x in names
    }
    wanted = 2 * (shown["image"] + shown["text"] + shown["region"].mean(0))
    assert np.abs(logits_of(late, without(features, "region")) - wanted).max() < 1e-3


def test_several_that_are_left_out_speak_each_for_itself() -> None:
    features, labels = three(120, 3)
    head = train_head(features, labels, classes=CLASSES, config=LINEAR).head
    alone = [
        logits_of(head, without(features, *[y for y in features if y != x]))
        for x in ("image", "region")
    ]
    head.leave_out("image", "region")
    said = logits_of(head, without(features, "text"))
    assert np.abs(said - np.mean(alone, axis=0)).max() < 1e-5
    assert np.ptp(said[:, 0]) > 0


def test_stacking_weighs_what_tells_and_nothing_else() -> None:
    random = np.random.default_rng(0)
    tells, noise = random.normal(size=(2, 300))
    labels = (2 * tells + random.logistic(size=300) > 0).astype(np.int64)
    said = {
        x: np.stack([-y, y], 1) for x, y in (("tells", tells), ("noise", noise), ("wrong", -tells))
    }
    found = stacked(said, labels, 300)
    assert found["tells"] > 0.5
    assert found["wrong"] == 0
    assert found["noise"] < 0.1 * found["tells"]


def test_stacking_is_not_led_astray_by_what_does_not_vary() -> None:
    random = np.random.default_rng(0)
    tells = random.normal(size=300)
    labels = (2 * tells + random.logistic(size=300) > 0).astype(np.int64)
    said = {"tells": np.stack([-tells, tells], 1)}
    known = stacked(said, labels, 300)["tells"]
    for shift in (np.full(2, -0.7), np.array([0.0, -14.0])):
        beside = stacked({**said, "flat": np.tile(shift, (300, 1))}, labels, 300)
        assert beside == {"tells": pytest.approx(known, rel=0.01), "flat": 0.0}
        shifted = stacked({"tells": said["tells"] + shift}, labels, 300)["tells"]
        assert shifted == pytest.approx(known, rel=0.01)


@pytest.mark.parametrize("several", [False, True])
def test_stacking_of_noise_weighs_nothing(several: bool) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(2, size=200)
    said = {x: 3 * random.normal(size=(200, 2)) for x in ("image", "text")}
    truth = np.eye(2, dtype=np.float32)[labels] if several else labels
    found = stacked(said, truth, 100)
    assert all(x < 0.1 for x in found.values())


def noise_beside(cases: int, seed: int) -> tuple[dict[str, ModalityBatch], NDArray[np.int64]]:
    """A modality that tells and one that does not."""
    random = np.random.default_rng(seed)
    image, noise = random.normal(size=(cases, 40)), random.normal(size=(cases, 200))
    labels = (2 * image[:, 0] + random.logistic(size=cases) > 0).astype(np.int64)
    return {"image": pooled(image), "text": pooled(noise)}, labels


def test_what_is_left_out_contributes_nothing_and_answers_where_it_is_alone() -> None:
    features, labels = noise_beside(400, 3)
    config = CrossvalConfig(head=FAST, folds=3, kinds=("linear",))
    learned = learn_head(features, labels, classes=CLASSES, config=config)
    head = learned.head
    assert head.config.unused == learned.config.unused == ("text",)
    assert set(learned.unseen.patterns) == {"image"}
    full, less = logits_of(head, features), logits_of(head, without(features, "text"))
    assert np.array_equal(full, less)
    assert head.patterns(without(features, "image")) == ["text"] * 400
    assert np.ptp(logits_of(head, without(features, "image"))) > 0
    assert learned.ablations["shuffled_text"] == learned.ablations["full"]
    assert learned.ablations["only_image"] == learned.ablations["full"]


def test_fused_is_no_worse_than_the_better_modality_alone() -> None:
    """Few cases, two modalities of hundreds of numbers, one of which is noise."""
    behind = []
    for seed in range(4):
        features, labels = noise_beside(90, seed)
        fresh, truth = noise_beside(2000, 100 + seed)
        config = CrossvalConfig(head=FAST, kinds=("linear",), ablations=False)
        fused = learn_head(features, labels, classes=CLASSES, config=config).head
        only = {"image": features["image"]}
        alone = learn_head(only, labels, classes=CLASSES, config=config).head
        said = logits_of(fused, fresh), logits_of(alone, {"image": fresh["image"]})
        behind.append(np.subtract(*[roc_auc_score(truth, np.diff(x)[:, 0]) for x in said]))
    assert np.mean(behind) > -0.01
