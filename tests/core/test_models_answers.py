"""The part of an adapter that answers: the same numbers whoever asks, wherever it was loaded."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from lora_towers import tower
from secondlook import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models.answers import AnswersPart
from secondlook.models.answers_files import CARD, VECTORS
from secondlook.models.calibration import Unseen, fit_answers
from secondlook.models.case_vectors import (
    passages_vector,
    picture_vectors,
    spread_out,
    standardised,
    vectors_and_look,
)
from secondlook.models.checkpoints import fingerprint
from secondlook.models.familiar import LOOK, Familiar
from secondlook.models.fusion.head import FusionConfig, FusionHead
from secondlook.models.fusion.inputs import ModalitySpec, pooled
from secondlook.models.lora.targets import find_targets
from secondlook.models.lora.weights import LoraWeights, Pair
from secondlook.models.pictures import Preprocessing
from secondlook.models.recipe import Recipe, mean_and_spread
from secondlook.models.vision import PatchNetwork

CLASSES = ("good", "scratch", "dent")
RECIPE = Recipe(levels=(1, 2))
REF = BackboneRef(name="letters", revision="1", fingerprint="e" * 64, trained=False)
NOTES = ("the rim has a scratch", "no dent")


@dataclass
class Letters:
    """A text backbone: which letters a text has."""

    ref: BackboneRef = REF

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.array([[x.count(y) + 0.1 for y in "aeinorst"] for x in texts], np.float32)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def picture(seed: int, side: int = 40) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def vision() -> PatchNetwork:
    model = tower("vit")
    ref = BackboneRef(name="vit", revision="1", fingerprint=fingerprint(model), trained=False)
    return PatchNetwork(model, ref, Preprocessing(16), (1, 2))


def lora(vision: PatchNetwork, seed: int) -> LoraWeights:
    model = vision.image_tower.model
    fresh = LoraWeights.fresh(
        model, find_targets(model, 2), rank=2, alpha=4, last=2,
        backbone=vision.ref.fingerprint, seed=seed,
    )  # fmt: skip
    numbers = torch.Generator().manual_seed(seed)
    pairs = {
        x: Pair(a, torch.randn(b.shape, generator=numbers)) for x, (a, b) in fresh.pairs.items()
    }
    return replace(fresh, pairs=pairs)


def looks(vision: PatchNetwork) -> NDArray[np.float32]:
    return np.stack([vectors_and_look(vision, [picture(x)], RECIPE)[1] for x in range(20)])


def make(vision: PatchNetwork, weights: LoraWeights | None, seed: int = 0) -> AnswersPart:
    """A part that learned nothing, but is whole."""
    images = np.concatenate([picture_vectors(vision, [picture(x)], RECIPE) for x in range(20)])
    texts = np.stack([passages_vector(Letters(), [f"{x} scratches on a rim"]) for x in range(20)])
    sizes = {"image": images.shape[1], "text": texts.shape[1]}
    modalities = tuple(ModalitySpec(x, y) for x, y in sizes.items())
    torch.manual_seed(seed)
    head = FusionHead(FusionConfig(modalities=modalities, classes=CLASSES, hidden=16)).eval()
    head.standardise({"image": pooled(images), "text": pooled(texts)})
    random = np.random.default_rng(seed)
    unseen = Unseen(
        logits=random.normal(size=(40, 3)).astype(np.float32),
        labels=random.integers(3, size=40),
        patterns=["image+text"] * 40,
        groups=np.arange(40),
    )
    standard = standardised(head, "image", images)
    return AnswersPart(
        head=head.requires_grad_(False),
        calibration=fit_answers(unseen),
        recipe=RECIPE,
        backbones={"image": vision.ref.fingerprint, "text": REF.fingerprint},
        familiarity={"image": Familiar.fit(standard), LOOK: Familiar.fit_looks(looks(vision))},
        lora=weights,
    )


@pytest.fixture(scope="module", params=["head", "lora"])
def part(vision: PatchNetwork, request: pytest.FixtureRequest) -> AnswersPart:
    return make(vision, lora(vision, 1) if request.param == "lora" else None)


def test_an_answer_says_everything(part: AnswersPart, vision: PatchNetwork) -> None:
    answer = part.answer(vision, Letters(), [picture(0), picture(1)], NOTES)
    assert tuple(answer.probabilities) == CLASSES
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    first = max(answer.probabilities, key=answer.probabilities.__getitem__)
    assert first in answer.possible and set(answer.possible) <= set(CLASSES)
    assert set(answer.contributions) == {"image", "text"} == set(answer.embedding)
    for shares in answer.contributions.values():
        assert sum(shares.values()) == pytest.approx(0, abs=1e-9)
    without = part.answer(vision, Letters(), [picture(0), picture(1)], ())
    for name in CLASSES:
        gain = answer.probabilities[name] - without.probabilities[name]
        assert answer.contributions["text"][name] == pytest.approx(gain, abs=1e-6)


def test_the_same_numbers_after_saving_and_loading(
    part: AnswersPart, vision: PatchNetwork, tmp_path: Path
) -> None:
    part.save(tmp_path)
    again = AnswersPart.load(tmp_path, name="again")
    assert again.name == "again" and (again.lora is None) == (part.lora is None)
    for images, notes in ([picture(3)], NOTES), ([], NOTES), ([picture(4)], ()):
        mine, its = (x.answer(vision, Letters(), images, notes) for x in (part, again))
        assert mine.probabilities == pytest.approx(its.probabilities, abs=1e-5)
        assert (mine.possible, mine.unfamiliar) == (its.possible, its.unfamiliar)
        for name, vector in mine.embedding.items():
            assert np.abs(vector - its.embedding[name]).max() < 1e-5


def test_adapted_weights_change_the_answer_but_not_the_embedding(vision: PatchNetwork) -> None:
    plain, adapted = make(vision, None), make(vision, lora(vision, 1))
    mine, its = (x.answer(vision, Letters(), [picture(3)], ()) for x in (plain, adapted))
    assert mine.probabilities != pytest.approx(its.probabilities, abs=1e-4)
    assert (mine.embedding["image"] == its.embedding["image"]).all()


def test_what_else_was_asked_does_not_change_an_answer(
    part: AnswersPart, vision: PatchNetwork
) -> None:
    alone = picture_vectors(vision, [picture(3)], RECIPE)
    beside = picture_vectors(vision, [picture(9), picture(3), picture(8)], RECIPE)
    assert (alone[0] == beside[1]).all()
    before = part.answer(vision, Letters(), [picture(3)], NOTES)
    part.answer(vision, Letters(), [picture(5)] * 3, ())
    assert part.answer(vision, Letters(), [picture(3)], NOTES).probabilities == before.probabilities
    turned = part.answer(vision, Letters(), [picture(3), picture(4)], NOTES[::-1])
    other = part.answer(vision, Letters(), [picture(4), picture(3)], NOTES)
    assert turned.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_threads_with_different_adapters_do_not_disturb_each_other(vision: PatchNetwork) -> None:
    parts = [make(vision, lora(vision, x), seed=0) for x in range(3)] + [make(vision, None)]
    work = [(part, seed) for seed in range(5) for part in parts]

    def ask(item: tuple[AnswersPart, int]) -> list[float]:
        answer = item[0].answer(vision, Letters(), [picture(item[1])], ())
        return list(answer.probabilities.values())

    alone = [ask(x) for x in work]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, work))
    assert np.abs(np.array(alone) - np.array(together)).max() < 1e-5
    assert len({tuple(np.round(x, 4)) for x in alone[:4]}) == 4


def test_what_is_like_nothing_learned_is_unfamiliar(
    part: AnswersPart, vision: PatchNetwork
) -> None:
    assert not part.answer(vision, Letters(), [picture(0)], ()).unfamiliar
    black = np.zeros((40, 40, 3), np.uint8)
    assert part.answer(vision, Letters(), [black], NOTES).unfamiliar
    assert not part.answer(vision, Letters(), [], NOTES).unfamiliar  # no rule for texts


def test_nothing_to_read_gives_the_prior_and_is_unfamiliar(
    part: AnswersPart, vision: PatchNetwork
) -> None:
    answer = part.answer(None, None, [], ())
    expected = part.calibration.probabilities(part.head.prior.numpy()[None])[0]
    assert list(answer.probabilities.values()) == pytest.approx(expected.tolist())
    assert answer.unfamiliar and not answer.contributions and not answer.embedding


def test_another_backbone_or_none_is_refused(part: AnswersPart, vision: PatchNetwork) -> None:
    other = Letters(replace(REF, fingerprint="0" * 64))
    with pytest.raises(AdapterError, match="text backbone eeeeeeeeeeee, got 000000000000"):
        part.answer(vision, other, [], NOTES)
    with pytest.raises(AdapterError, match="image backbone .* got none"):
        part.answer(None, Letters(), [picture(0)], NOTES)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [cut, gone])
@pytest.mark.parametrize(
    "name", [CARD, VECTORS, "head.safetensors", "adapter_model.safetensors", "adapter_config.json"]
)
def test_damaged_or_missing_files_are_refused(
    vision: PatchNetwork, tmp_path: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    make(vision, lora(vision, 1)).save(tmp_path)
    spoil(tmp_path / name)
    with pytest.raises(AdapterError, match="learn again|restore|under exactly these names"):
        AnswersPart.load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "two"),
        ("recipe", {"pooled": False, "levels": []}),
        ("calibration", {}),
        ("backbones", {"image": "f"}),
        ("familiarity", {"image": {}, "look": {}}),
        ("familiarity", {}),
        ("extra", 1),
    ],
)
def test_a_card_that_was_changed_is_refused(
    vision: PatchNetwork, tmp_path: Path, key: str, value: object
) -> None:
    make(vision, None).save(tmp_path)
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps(card | {key: value}))
    with pytest.raises(AdapterError, match="damaged"):
        AnswersPart.load(tmp_path)


def test_vectors_that_do_not_fit_are_refused(vision: PatchNetwork, tmp_path: Path) -> None:
    make(vision, None).save(tmp_path)
    saved = load_file(tmp_path / VECTORS)
    wrongs = [("image", saved["image"][:, :3])]
    for name in ("image", LOOK):
        rows = saved[name]
        wrongs += [(name, x) for x in (rows * np.float32(np.nan), rows[:0], rows[0])]
    for name, wrong in wrongs:
        save_file(saved | {name: np.ascontiguousarray(wrong)}, tmp_path / VECTORS)
        with pytest.raises(AdapterError, match=r"vectors\.safetensors does not fit"):
            AnswersPart.load(tmp_path)


def test_pictures_of_another_look_are_unfamiliar_though_their_vectors_are_not(
    vision: PatchNetwork,
) -> None:
    part = make(vision, None)
    grey = np.full((40, 40, 3), 128, dtype=np.uint8)
    rows, look = vectors_and_look(vision, [picture(0)], RECIPE)
    own = standardised(part.head, "image", rows)[0]
    near = look + np.random.default_rng(0).normal(0, 1e-3, (20, len(look))).astype(np.float32)
    wide = replace(part.familiarity["image"], vectors=np.stack([own] * 2))
    lax = replace(wide.rule, threshold=replace(wide.rule.threshold, value=2.0))
    asked = {"image": replace(wide, rule=lax), LOOK: Familiar.fit_looks(near)}
    part = replace(part, familiarity=asked)
    assert not part.answer(vision, None, [picture(0)], ()).unfamiliar
    assert part.answer(vision, None, [grey], ()).unfamiliar
    older = replace(part, familiarity={"image": part.familiarity["image"]})
    assert not older.answer(vision, None, [grey], ()).unfamiliar


def test_a_folder_that_cannot_be_written_is_named(vision: PatchNetwork, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="cannot write answers"):
        make(vision, None).save(tmp_path / "none")


def test_mean_and_spread_have_slopes_even_where_nothing_varies() -> None:
    flat = torch.ones(2, 3, 4, 4, requires_grad=True)
    mean_and_spread(flat).sum().backward()
    assert flat.grad is not None and torch.isfinite(flat.grad).all()
    maps = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert mean_and_spread(maps)[0].tolist() == pytest.approx([7.5, float(np.arange(16).std())])


def test_of_many_pictures_some_are_read_evenly_spread() -> None:
    assert spread_out(list(range(100)), 4) == [0, 33, 66, 99]
    assert spread_out([1, 2], 4) == [1, 2]
