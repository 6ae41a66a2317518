"""Linear heads: the regression they say they are, and better than a network on few cases."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from made_tasks import CLASSES, both_needed, few_cases
from secondlook.models.fusion.inputs import pooled, without
from secondlook.training.crossval import CrossvalConfig, as_good, learn_head
from secondlook.training.heads import HeadConfig, logits_of, train_head
from secondlook.training.linear import mean_head

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


def test_a_label_that_no_case_has_is_improbable() -> None:
    features, labels = both_needed(80, 5)
    head = train_head(features, labels, classes=(*CLASSES, "never"), config=LINEAR).head
    assert softmax(logits_of(head, features), axis=1)[:, 2].max() < 0.01


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
    assert mean_head(heads[:1]) is heads[0]


def test_options_that_cannot_be_told_apart_are_as_good() -> None:
    loss, groups = np.random.default_rng(0).random(100), np.arange(100) // 2
    losses = {"a": loss, "b": loss + 0.001, "c": loss + np.linspace(0, 1, 100), "d": loss + 1}
    losses["b"] = losses["b"] + 0.2 * np.random.default_rng(1).normal(size=100)
    losses["b"] -= losses["b"].mean() - loss.mean() - 0.001
    assert as_good(losses, "a", groups=groups, among=["a", "b", "c", "d"]) == ["a", "b"]
