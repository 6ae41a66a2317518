"""Labels by their words: templates, alignments, temperatures, refusals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from secondlook.domain import Label, Taxonomy
from secondlook.errors import AdapterError, ModelError
from secondlook.models.alignment import AlignmentPart, ResidualMap, fingerprints
from secondlook.models.backbones import load_vision
from secondlook.models.dual import DualBackbone
from secondlook.models.zero_shot import label_vectors, prompts_of, read_labels, zero_shot
from tiny_checkpoints import Tiny

WORDS = ("crack", "left lung", "the rim")
SIZE = 12


@pytest.fixture
def dual(tiny: Tiny) -> DualBackbone:
    backbone = load_vision(tiny("clip"))
    assert isinstance(backbone, DualBackbone)
    return backbone


def pictures(count: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(7)
    return [random.integers(0, 255, (40, 40, 3), dtype=np.uint8) for _ in range(count)]


def alignment(dual: DualBackbone, seed: int | None = 0) -> AlignmentPart:
    """One that changes the space; without a seed, one that changes nothing."""
    maps = [ResidualMap(SIZE, SIZE, 3) for _ in range(2)]
    if seed is not None:
        torch.manual_seed(seed)
        for own in maps:
            torch.nn.init.normal_(own.up)
    return AlignmentPart(
        image_map=maps[0], text_map=maps[1], scale=dual.logit_scale, backbones=fingerprints(dual)
    )


def test_words_are_read_as_a_taxonomy_is(dual: DualBackbone) -> None:
    taxonomy = Taxonomy(labels=tuple(Label(code=x, title=x, description="") for x in WORDS))
    assert np.array_equal(
        zero_shot(dual, WORDS, pictures(2)), zero_shot(dual, taxonomy, pictures(2))
    )


def test_vectors_and_pictures_give_the_same(dual: DualBackbone) -> None:
    read = read_labels(dual, WORDS)
    shares = read.probabilities(dual.embed_images(pictures(3)))
    assert shares == pytest.approx(zero_shot(dual, WORDS, pictures(3)), abs=1e-5)
    assert shares.sum(axis=1) == pytest.approx([1, 1, 1])


def test_an_alignment_that_changes_nothing_changes_nothing(dual: DualBackbone) -> None:
    plain = zero_shot(dual, WORDS, pictures(3))
    assert zero_shot(dual, WORDS, pictures(3), alignment=alignment(dual, None)) == pytest.approx(
        plain, abs=1e-4
    )
    moved = zero_shot(dual, WORDS, pictures(3), alignment=alignment(dual))
    assert np.abs(moved - plain).max() > 0.01
    assert zero_shot(dual, WORDS, [], alignment=alignment(dual)).shape == (0, 3)


def test_an_alignment_moves_every_prompt_before_the_mean(dual: DualBackbone) -> None:
    part = alignment(dual)
    prompts = part.text(dual.embed(prompts_of(Label(code="", title="crack", description=""))))
    mean = prompts.mean(axis=0) / np.linalg.norm(prompts.mean(axis=0))
    assert label_vectors(dual, ["crack"], alignment=part)[0] == pytest.approx(mean, abs=1e-5)


def test_a_pair_without_a_shared_space_needs_an_alignment(dual: DualBackbone) -> None:
    dual.aligned = False
    with pytest.raises(ModelError, match="no shared space.*CLIP.*or learn an alignment"):
        zero_shot(dual, WORDS, pictures(1))
    assert zero_shot(dual, WORDS, pictures(1), alignment=alignment(dual)).shape == (1, 3)


def test_an_alignment_of_another_pair_is_refused(dual: DualBackbone, tiny: Tiny) -> None:
    other: Any = load_vision(tiny("vit-bert"))
    with pytest.raises(AdapterError, match="learned with the image backbone"):
        zero_shot(other, WORDS, pictures(1), alignment=alignment(dual))


def test_templates_are_the_callers_choice(dual: DualBackbone) -> None:
    only = label_vectors(dual, ["crack"], prompts=["a photo of the {title}"])
    assert only == pytest.approx(dual.embed(["a photo of the crack"]), abs=1e-5)
    odd = Label(code="", title="{description}", description="{title}")
    assert prompts_of(odd, ["{title} {x}", "{description}"]) == ("{description} {x}", "{title}")


@pytest.mark.parametrize(
    ("words", "prompts", "message"),
    [
        ((), ("{title}",), "without labels"),
        (("crack", " "), ("{title}",), "has no words"),
        (("crack", "crack "), ("{title}",), "same words"),
        (("crack",), ("a photo",), r"no place for a label.*\{title\}"),
        (("crack",), (), "no place for a label"),
    ],
)
def test_words_that_say_nothing_are_refused(
    words: tuple[str, ...], prompts: tuple[str, ...], message: str, dual: DualBackbone
) -> None:
    with pytest.raises(ModelError, match=message):
        zero_shot(dual, words, pictures(1), prompts=prompts)


def cases(dual: DualBackbone, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors near the label that they have, but not always nearest."""
    random = np.random.default_rng(0)
    truth = np.arange(count) % 3
    rows = label_vectors(dual, WORDS)[truth] + random.normal(size=(count, SIZE)) * 0.4
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), truth


def log_loss(shares: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    return float(-np.log(shares[np.arange(len(truth)), truth] + 1e-9).mean())


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_labelled_cases_make_the_numbers_mean_something(scale: float, dual: DualBackbone) -> None:
    read = replace(read_labels(dual, WORDS), scale=scale)
    vectors, truth = cases(dual, 90)
    fitted = read.calibrated(vectors[:45], truth[:45])
    assert fitted.temperature is not None
    before, after = (log_loss(x.probabilities(vectors[45:]), truth[45:]) for x in (read, fitted))
    assert after < before - 0.1
    assert fitted.probabilities(vectors).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_labels_judged_alone_stay_alone_when_calibrated(dual: DualBackbone) -> None:
    dual.logit_bias = -1.0
    vectors, truth = cases(dual, 30)
    fitted = read_labels(dual, WORDS).calibrated(vectors, truth)
    assert fitted.temperature is not None
    assert fitted.temperature.multilabel


@pytest.mark.parametrize(
    ("count", "truth", "message"),
    [
        (7, [0, 1, 2, 0, 1, 2, 0], "at least 8 cases.*got 7"),
        (9, [0, 1] * 4, "got 9 cases and 8 labels"),
        (8, [1] * 8, "at least two"),
        (8, [0, 3] * 4, r"labels \[0, 3\] of 0 to 2"),
        (8, [0, -1] * 4, "at least two"),
    ],
)
def test_too_few_or_odd_labelled_cases_are_refused(
    count: int, truth: list[int], message: str, dual: DualBackbone
) -> None:
    with pytest.raises(ModelError, match=message):
        read_labels(dual, WORDS).calibrated(cases(dual, count)[0], np.array(truth))


def test_vectors_of_another_backbone_are_refused(dual: DualBackbone) -> None:
    with pytest.raises(ModelError, match="do not compare with labels"):
        read_labels(dual, WORDS).probabilities(np.zeros((1, 5), dtype=np.float32))
