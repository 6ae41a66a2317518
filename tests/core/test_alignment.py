"""An alignment starts as nothing, is kept where it helps, and refuses what cannot teach it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.alignment import AlignmentPart
from secondlook.models.backbones import load_vision
from secondlook.models.dual import DualBackbone
from secondlook.models.recipe import Recipe
from secondlook.training.alignment import (
    AlignmentConfig,
    LearnedAlignment,
    Pair,
    learn,
    learn_alignment,
)
from secondlook.training.alignment.fit import Maps, fit
from secondlook.training.alignment.judge import grouped_parts
from secondlook.training.alignment.loss import contrastive_loss, relations
from secondlook.training.alignment.pairs import read_pairs
from secondlook.training.alignment.ranks import ranks
from tiny_checkpoints import Tiny

TEXTS = ("scratch of the rim", "a crack", "left lung", "no weld", "photo", "the rim of a lung")
QUICK = AlignmentConfig(epochs=40, patience=10, rate=3e-3)


@pytest.fixture
def pair_of_towers(tiny: Tiny) -> DualBackbone:
    dual = load_vision(tiny("clip"))
    assert isinstance(dual, DualBackbone)
    return dual


@pytest.fixture(scope="module")
def learned(tiny: Tiny) -> LearnedAlignment:
    """From texts that follow from the pictures; several tests look at it."""
    dual = load_vision(tiny("clip"))
    assert isinstance(dual, DualBackbone)
    return learn_alignment(told(), dual=dual, config=QUICK)


def picture(kind: int, seed: int) -> NDArray[np.uint8]:
    """One of six colours, with noise."""
    colour = np.array([kind & 1, kind >> 1 & 1, kind >> 2 & 1]) * 160 + 40
    noise = np.random.default_rng(seed).integers(-30, 30, (32, 32, 3))
    return np.asarray(np.clip(colour + noise, 0, 255), dtype=np.uint8)


def told(count: int = 60) -> list[Pair]:
    """Texts that follow from the pictures."""
    return [
        Pair(images=(picture(i % 6, i),), text=TEXTS[i % 6], group=str(i)) for i in range(count)
    ]


def shuffled(count: int = 60) -> list[Pair]:
    """Texts that do not."""
    random = np.random.default_rng(5)
    texts = random.permutation([TEXTS[i % 6] for i in range(count)]).tolist()
    return [replace(x, text=y) for x, y in zip(told(count), texts, strict=True)]


def reading(pairs: list[Pair], dual: DualBackbone) -> Any:
    return read_pairs(pairs, dual, Recipe(), seconds=60, progress=lambda share: None)


def test_zero_steps_are_the_frozen_backbone(pair_of_towers: DualBackbone) -> None:
    read = reading(told(12), pair_of_towers)
    maps = Maps(read, np.arange(12), pair_of_towers, rank=4)
    images = pair_of_towers.embed_images([x.images[0] for x in told(12)])  # type: ignore[misc]
    assert maps.image(torch.from_numpy(read.image)).detach().numpy() == pytest.approx(
        images, abs=1e-5
    )
    texts = pair_of_towers.embed([x.text for x in told(12)])
    assert maps.text(torch.from_numpy(read.text)).detach().numpy() == pytest.approx(texts, abs=1e-5)
    assert float(maps.scale.detach()) == pytest.approx(pair_of_towers.logit_scale, rel=1e-4)


def test_what_the_texts_tell_is_learned_and_kept(
    learned: LearnedAlignment, pair_of_towers: DualBackbone
) -> None:
    assert learned.part is not None
    assert learned.learned["image_to_text"].r_at_1 > learned.frozen["image_to_text"].r_at_1 + 0.2
    assert learned.reason.endswith("the alignment is kept")
    assert 1 <= learned.part.scale <= 100
    assert (learned.pairs, learned.groups, learned.unread) == (60, 60, 0)
    fresh = [picture(i % 6, 1000 + i) for i in range(12)]
    nearest = (
        learned.part.image(pair_of_towers.embed_images(fresh))
        @ learned.part.text(pair_of_towers.embed(TEXTS)).T
    )
    assert (nearest.argmax(axis=1) == np.arange(12) % 6).mean() >= 0.75


def test_texts_that_tell_nothing_are_not_kept(pair_of_towers: DualBackbone) -> None:
    seen: list[tuple[int, int]] = []
    learned = learn_alignment(
        shuffled(), dual=pair_of_towers, config=QUICK, progress=lambda *x: seen.append(x)
    )
    assert learned.part is None
    assert seen == sorted(set(seen))
    assert seen[-1] == (100, 100)
    assert "so that the frozen backbone is kept" in learned.reason
    assert "R@1" in learned.reason
    assert "median rank" in learned.reason


def test_the_same_seed_gives_the_same_maps(
    learned: LearnedAlignment, pair_of_towers: DualBackbone
) -> None:
    again = learn_alignment(told(), dual=pair_of_towers, config=QUICK)
    assert again.learned == learned.learned
    assert again.part is not None
    assert learned.part is not None
    assert torch.equal(again.part.image_map.up, learned.part.image_map.up)
    assert again.part.scale == learned.part.scale
    read, rows = reading(told(12), pair_of_towers), np.arange(12)
    one, other = (
        fit(read, rows, rows[:0], pair_of_towers, replace(QUICK, seed=x), until=np.inf, epochs=2)
        for x in (0, 1)
    )
    assert not torch.equal(one.maps.image.up, other.maps.image.up)


def test_towers_without_a_shared_space_get_one(pair_of_towers: DualBackbone) -> None:
    pair_of_towers.aligned = False
    learned = learn_alignment(told(), dual=pair_of_towers, config=QUICK)
    assert learned.part is not None
    assert 1 / 6 <= learned.frozen["image_to_text"].r_at_1 < 0.3  # not every fold has all texts
    assert learned.reason.startswith("from a guess")
    assert learned.part.image_map.base is not None


def test_middle_levels_may_correct_the_pooled_vector(pair_of_towers: DualBackbone) -> None:
    learned = learn_alignment(told(), dual=pair_of_towers, config=replace(QUICK, levels=True))
    assert learned.part is not None
    images = [picture(0, 1)]
    assert learned.part.recipe.levels
    assert learned.part.image(learned.part.read(pair_of_towers, images)).shape == (1, 12)
    with pytest.raises(ModelError, match=r"image vectors \(N, \d+\), got \(1, 12\).*\.read"):
        learned.part.image(pair_of_towers.embed_images(images))


def test_equal_texts_and_groups_are_no_negatives() -> None:
    related = relations(np.array([0, 0, 1, 2]), np.array([0, 1, 2, 3]), np.array([0, 1, 2, 2]))
    assert related.own.int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert related.unknown.nonzero().tolist() == [[2, 3], [3, 2]]
    unit = torch.eye(3)
    pictures, texts = unit[[0, 0, 1, 1]], unit[[0, 0, 1, 1]]
    perfect = contrastive_loss(pictures, texts, torch.tensor(50.0), related)
    # half of the pictures have two right texts, of which each gets a half; nothing else is lost
    assert float(perfect) == pytest.approx(np.log(2) / 2, abs=0.01)
    alone = relations(np.array([0, 1]), np.array([0, 1]), np.array([0, 0]))
    assert float(contrastive_loss(unit[:2], unit[:2], torch.tensor(1.0), alone)) == 0
    parted = related._replace(unknown=torch.zeros(4, 4, dtype=torch.bool))
    lost = contrastive_loss(pictures, texts, torch.tensor(50.0), parted)
    assert float(lost) == pytest.approx(np.log(2), abs=0.01)


def test_without_duplicates_it_is_the_loss_of_clip() -> None:
    torch.manual_seed(0)
    pictures, texts = (torch.nn.functional.normalize(torch.randn(5, 4), dim=1) for _ in range(2))
    order = np.arange(5)
    logits, target = 7 * pictures @ texts.T, torch.arange(5)
    own = torch.nn.functional.cross_entropy
    expected = (own(logits, target) + own(logits.T, target)) / 2
    got = contrastive_loss(pictures, texts, torch.tensor(7.0), relations(order, order, order))
    assert float(got) == pytest.approx(float(expected), rel=1e-5)


def test_unknown_pairs_leave_gradients_finite() -> None:
    pictures = torch.randn(4, 3, requires_grad=True)
    same = np.array([0, 0, 0, 0])
    related = relations(np.arange(4), np.arange(4), same)
    torch.autograd.backward(
        contrastive_loss(pictures, torch.randn(4, 3), torch.tensor(5.0), related)
    )
    assert torch.isfinite(pictures.grad).all()  # type: ignore[arg-type]


def test_ranks_count_different_answers_and_put_equal_wrong_ones_first() -> None:
    cosines = np.array(
        [[0.9, 0.9, 0.5, 0.1], [0.2, 0.2, 0.8, 0.9], [0.3, 0.3, 0.3, 0.3], [0, 0, 0, 1]],
        dtype=np.float32,
    )
    texts, order = np.array([0, 0, 1, 2]), np.arange(4)
    found = ranks(cosines, texts, order, order)["image_to_text"]
    assert found.rank.tolist() == [1, 3, 3, 1]
    assert found.candidates.tolist() == [3, 3, 3, 3]
    assert found.figures().r_at_1 == 0.5
    assert found.chance().r_at_1 == pytest.approx(1 / 3)
    grouped = ranks(cosines, texts, order, np.array([0, 1, 2, 2]))["image_to_text"]
    assert grouped.candidates.tolist() == [3, 3, 2, 2]


def test_a_picture_is_looked_for_by_itself_where_many_have_its_text() -> None:
    cosines = np.array([[0.9], [0.5], [0.7]], dtype=np.float32).repeat(3, axis=1)
    found = ranks(cosines, np.array([0, 0, 1]), np.arange(3), np.arange(3))["text_to_image"]
    assert found.rank.tolist() == [1, 2, 2]  # the second has the text of the first, not its place
    assert found.candidates.tolist() == [2, 2, 3]


def test_no_group_is_parted_and_every_part_has_two() -> None:
    groups = np.arange(40) // 3
    parts = grouped_parts(groups, 5, seed=3)
    assert sorted(np.concatenate(parts).tolist()) == list(range(40))
    held = [set(groups[x].tolist()) for x in parts]
    assert all(len(x) >= 2 for x in held)
    assert sum(map(len, held)) == len(set(groups.tolist()))
    assert len(grouped_parts(np.arange(5), 5, seed=0)) == 2


def test_groups_that_share_a_picture_are_one(pair_of_towers: DualBackbone) -> None:
    pairs = told(12)
    pairs[1] = replace(pairs[1], images=pairs[0].images)
    read = reading(pairs, pair_of_towers)
    assert read.groups[0] == read.groups[1]
    assert read.pictures[0] == read.pictures[1]
    assert read.joined == 1


def test_several_pictures_are_one_case(pair_of_towers: DualBackbone) -> None:
    pairs = [replace(x, images=(*x.images, picture(i % 6, 99 + i))) for i, x in enumerate(told(8))]
    read = reading(pairs, pair_of_towers)
    images: Any = list(pairs[0].images)
    mean = pair_of_towers.embed_images(images).mean(axis=0)
    assert read.image[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_a_learned_scale_stays_within_its_bound(pair_of_towers: DualBackbone) -> None:
    read = reading(told(24), pair_of_towers)
    rows = np.arange(24)
    config = replace(QUICK, rate=2.0, epochs=20)
    fitted = fit(read, rows, rows[:0], pair_of_towers, config, until=np.inf)
    assert 1 <= float(fitted.maps.scale) <= 100.001


def missing() -> NDArray[np.uint8]:
    raise FileNotFoundError("gone")


def test_pictures_that_cannot_be_read_are_counted(pair_of_towers: DualBackbone) -> None:
    pairs = told(20)
    pairs[0] = replace(pairs[0], images=(missing,))
    pairs[1] = replace(pairs[1], images=(missing, *pairs[1].images))
    read = reading(pairs, pair_of_towers)
    assert (len(read.image), read.unread, read.left_out) == (19, 2, 1)
    with pytest.raises(ModelError, match="of 9 pairs only 7 have a picture that can be read"):
        reading([replace(x, images=(missing,)) for x in pairs[:2]] + pairs[2:9], pair_of_towers)


Spoilt = Callable[[list[Pair]], list[Pair]]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x: x[:7], "at least 8 pairs.*got 7"),
        (lambda x: [replace(y, group="one") for y in x], r"1 group.*needs at least 4.*patients"),
        (lambda x: [replace(y, group=str(i % 3)) for i, y in enumerate(x)], "3 groups"),
        (lambda x: [replace(y, text="a crack") for y in x], "same text"),
        (lambda x: [replace(y, text=" a  crack" * (i % 2) or "a crack") for i, y in enumerate(x)],
         "same text"),
        (lambda x: [replace(y, images=x[0].images) for y in x], "same picture.*own pictures"),
        (lambda x: [*x[:-1], replace(x[-1], text=" \n")], "pair 12 of 12 has no text"),
        (lambda x: [*x[:-1], replace(x[-1], images=())], "pair 12 of 12 has no picture"),
        (lambda x: [replace(y, text=f"zzz{i}") for i, y in enumerate(x)], "look the same"),
    ],
)  # fmt: skip
def test_pairs_that_cannot_teach_are_refused(
    spoil: Spoilt, message: str, pair_of_towers: DualBackbone
) -> None:
    with pytest.raises(ModelError, match=message):
        learn_alignment(spoil(told(12)), dual=pair_of_towers, config=QUICK)


def test_vectors_that_are_not_finite_are_refused(
    pair_of_towers: DualBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = np.full((1, 12), np.nan, dtype=np.float32)
    monkeypatch.setattr(pair_of_towers, "embed", lambda texts: broken)
    with pytest.raises(ModelError, match="not finite.*backbones check"):
        learn_alignment(told(12), dual=pair_of_towers, config=QUICK)


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"rank": 0}, "rank.*at least 1"), ({"batch": 1}, "batch"), ({"minutes": 0}, "minutes 0")],
)
def test_settings_that_make_no_sense_are_refused(
    setting: dict[str, Any], message: str, pair_of_towers: DualBackbone
) -> None:
    with pytest.raises(ModelError, match=message):
        learn_alignment(told(12), dual=pair_of_towers, config=replace(QUICK, **setting))


def test_too_little_time_to_read_is_foreseen(pair_of_towers: DualBackbone) -> None:
    with pytest.raises(ModelError, match=r"reading 60 pairs takes about .* minutes"):
        learn_alignment(told(), dual=pair_of_towers, config=replace(QUICK, minutes=1e-5))


def test_time_that_runs_out_keeps_the_frozen_backbone(
    pair_of_towers: DualBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: Callable[..., Any] = lambda *x, **y: replace(fit(*x, **y), epochs=1)
    monkeypatch.setattr(learn, "fit", late)
    learned = learn_alignment(told(), dual=pair_of_towers, config=QUICK)
    assert learned.part is None
    assert "the time ran out" in learned.reason
    assert "more than 10 minutes" in learned.reason


def test_learning_ends_when_the_time_is_up(pair_of_towers: DualBackbone) -> None:
    read = reading(told(), pair_of_towers)
    rows = np.arange(60)
    fitted = fit(read, rows, rows[:0], pair_of_towers, QUICK, until=-np.inf)
    assert (fitted.epochs, fitted.ended) == (0, False)


def test_folds_that_hold_one_text_only_are_refused(pair_of_towers: DualBackbone) -> None:
    first, _ = grouped_parts(np.arange(8) // 2, 5, seed=0)
    pairs = [replace(x, text=TEXTS[i in first], group=str(i // 2)) for i, x in enumerate(told(8))]
    with pytest.raises(ModelError, match="no fold held out has two different texts"):
        learn_alignment(pairs, dual=pair_of_towers, config=QUICK)


def test_no_words_of_a_text_are_quoted(pair_of_towers: DualBackbone) -> None:
    pairs = [replace(x, text="Jane Roe") for x in told(12)]
    with pytest.raises(ModelError) as refused:
        learn_alignment(pairs, dual=pair_of_towers, config=QUICK)
    assert "Jane" not in str(refused.value)


def test_files_written_by_learning_are_read_again(
    learned: LearnedAlignment, pair_of_towers: DualBackbone, tmp_path: Path
) -> None:
    assert learned.part is not None
    learned.part.save(tmp_path)
    again = AlignmentPart.load(tmp_path, pair_of_towers)
    vectors = pair_of_towers.embed_images([picture(2, 2)])
    assert np.array_equal(again.image(vectors), learned.part.image(vectors))
    assert np.linalg.norm(again.image(vectors), axis=1) == pytest.approx(1, abs=1e-5)
