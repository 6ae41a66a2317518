"""Labels beside a goods part: the place it finds is read, the part is kept, both are blended."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from beside_goods import CONFIG, KINDS, decided, goods, joined, learn_beside, network, plate
from secondlook import NOTHING, ImageInput, ModelInputs, ModelOutputs
from secondlook.errors import AdapterError, IntakeError
from secondlook.models.adapter_card import DenseCard
from secondlook.models.adapter_files import read_card
from secondlook.models.adapters import Adapter
from secondlook.models.answers_files import CARD
from secondlook.models.dense import DenseModel
from secondlook.models.explain.explain import explain_answer
from secondlook.models.explain.reading import read
from secondlook.models.familiar import LOOK
from secondlook.models.forward import forward, look_at
from secondlook.models.goods import GoodsPart, Unit
from secondlook.models.region import RegionFinder, RegionRecipe, highest
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled import LearnedLabelled, TuneConfig
from secondlook.training.labelled.reading import read_cases

LEVELS = RegionRecipe(levels=(0,))


def with_dense(known: Adapter, vision: PatchNetwork) -> Adapter:
    """The same goods part with a dense model that learned nothing."""
    dense = DenseModel.fresh(vision, rank=2, alpha=4, last=2, seed=0)
    with dense.training(vision) as matrices, torch.no_grad():
        for number, matrix in enumerate(matrices):
            matrix.add_(
                0.1 * torch.randn(matrix.shape, generator=torch.Generator().manual_seed(number))
            )
    units = (Unit(middle=0.1, spread=0.1), Unit(middle=0.0, spread=1.0))
    assert known.goods is not None and known.card.goods is not None
    part = replace(known.goods, dense=dense.settled(vision), units=units)
    told = DenseCard(levels=dense.levels, lora=True, units=units)
    card = known.card.goods.model_copy(update={"dense": told})
    return replace(known, goods=part, card=known.card.model_copy(update={"goods": card}))


@pytest.fixture(scope="module")
def vision() -> PatchNetwork:
    return network()


@pytest.fixture(scope="module")
def known(vision: PatchNetwork) -> Adapter:
    return goods(vision)


@pytest.fixture(scope="module")
def learned(vision: PatchNetwork, known: Adapter) -> LearnedLabelled:
    return learn_beside(vision, known)


@pytest.fixture(scope="module")
def both(learned: LearnedLabelled, vision: PatchNetwork, known: Adapter) -> Adapter:
    return joined(learned, vision, known)


def look(adapter: Adapter, vision: PatchNetwork, *pictures: NDArray[np.uint8]) -> ModelOutputs:
    images = tuple(ImageInput(attachment=str(i), pixels=x) for i, x in enumerate(pictures))
    return forward(ModelInputs(images=images), vision=vision, text=None, adapter=adapter)


def a_map(*, peak: tuple[int, int] | None = (1, 2)) -> NDArray[np.float32]:
    found = np.full((4, 8), 0.2, np.float32)
    if peak is not None:
        found[peak] = 2.0
    return found


def test_the_unusual_place_counts_and_the_rest_does_not() -> None:
    level = torch.zeros(1, 2, 4, 8)
    level[0, 0, 1, 2], level[0, 1] = 5.0, 3.0
    vector = LEVELS([level], a_map(), 1.0)
    mean, spread, beside = vector[:2], vector[2:4], vector[4:6]
    assert mean[0] == pytest.approx(5, abs=0.1)
    assert mean[1] == pytest.approx(3)
    assert spread[1] == pytest.approx(1e-3, abs=1e-4)
    assert beside[0] == pytest.approx(mean[0] - 5 / 32, abs=1e-5)
    assert beside[1] == pytest.approx(0, abs=1e-6)
    heights, shape = vector[6:12], vector[12:]
    assert heights[0] == pytest.approx(2.0)
    assert heights[3] == pytest.approx(0.2)
    doubled = LEVELS([level], a_map(), 2.0)
    assert doubled[6:12] == pytest.approx(heights / 2)
    assert shape[0] == pytest.approx(np.log(1 / 32))
    assert shape[-2:] == pytest.approx([1.5 / 4, 2.5 / 8])


def test_a_long_place_has_a_long_shape() -> None:
    found = a_map(peak=None)
    found[1, 1:7] = 2.0
    long, point = (LEVELS([torch.zeros(1, 1, 4, 8)], x, 1.0)[-7:] for x in (found, a_map()))
    assert long[2] > 2 > point[2] == 0
    assert long[1] > 0.9
    assert np.isfinite([long, point]).all()


def test_a_flat_map_is_a_plain_mean() -> None:
    level = torch.rand(1, 3, 2, 4, generator=torch.Generator().manual_seed(0))
    vector = LEVELS([level], a_map(peak=None), 1.0)
    assert vector[:3] == pytest.approx(level.mean((2, 3))[0].numpy(), abs=1e-6)
    assert vector[6:9] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(vector).all()


def test_the_picture_with_the_highest_score_counts(
    both: Adapter, vision: PatchNetwork, known: Adapter
) -> None:
    part = both.answers
    assert part is not None and known.finder is not None
    pictures = [plate(5000), plate(5001, "pore"), plate(5002)]
    maps = part.maps(vision, pictures)
    assert highest(maps) == 1
    alone = part.region_vector(vision, pictures[1:2], maps[1:2])
    assert (part.region_vector(vision, pictures, maps) == alone).all()
    cases = [replace(decided(1)[0], images=tuple(pictures))]
    readings = read_cases(
        cases, vision, None, seconds=100, progress=lambda _: None, finder=known.finder
    )
    regions, ratios = readings.worst()
    assert np.abs(regions[0] - alone).max() < 1e-6
    assert ratios[0] == pytest.approx(float(maps[1].max()) / known.threshold)


def test_answers_read_the_place_and_say_both(both: Adapter, vision: PatchNetwork) -> None:
    assert both.card.answers is not None
    assert both.card.answers.modalities == ("image", "region", "outline")
    assert both.card.mode == "goods+labelled"
    bad, fine = (look(both, vision, plate(7001, x)).answers for x in ("pore", NOTHING))
    assert bad is not None and fine is not None
    assert bad.blended is not None and fine.blended is not None
    assert bad.blended > 0.5 > fine.blended
    assert set(bad.contributions) == {"image", "region", "outline"}


def test_the_goods_part_is_kept_to_the_bit(
    both: Adapter, vision: PatchNetwork, known: Adapter, tmp_path: Path
) -> None:
    both.save(tmp_path / "7")
    again = Adapter.load(tmp_path / "7", backbone_fingerprint=vision.ref.fingerprint)
    assert again.card.goods == known.card.goods
    assert (again.card.carried, again.threshold) == (known.id, known.threshold)
    assert again.card.answers is not None and again.card.answers.goods == known.id
    for kind in KINDS:
        picture = plate(6000, kind)
        mine, its, old = (look(x, vision, picture) for x in (both, again, known))
        assert (mine.images[0].anomaly_map == its.images[0].anomaly_map).all()
        assert (mine.images[0].anomaly_map == old.images[0].anomaly_map).all()
        assert mine.images[0].score == old.images[0].score
        assert mine.answers is not None and its.answers is not None
        assert mine.answers.probabilities == pytest.approx(its.answers.probabilities, abs=1e-6)
        assert mine.answers.blended == pytest.approx(its.answers.blended, abs=1e-6)
        assert look_at(both, vision, None, picture, "") == pytest.approx(
            look_at(again, vision, None, picture, ""), abs=1e-6
        )


def test_a_goods_part_with_a_dense_model_is_kept_too(tmp_path: Path) -> None:
    vision = network()
    known = with_dense(goods(vision), vision)
    adapter = joined(learn_beside(vision, known), vision, known)
    adapter.save(tmp_path / "7")
    again = Adapter.load(tmp_path / "7")
    assert again.finder is not None and known.finder is not None
    assert again.finder.fingerprint == known.finder.fingerprint
    picture = plate(6000, "pore")
    mine, old = (look(x, vision, picture).images[0] for x in (again, known))
    assert (mine.anomaly_map == old.anomaly_map).all()


def test_maps_that_are_there_already_are_not_made_again(
    both: Adapter, vision: PatchNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, pictures = both.answers, [plate(6001, "pore"), plate(6002)]
    assert part is not None
    anew = part.answer(vision, None, pictures, ())
    maps = part.maps(vision, pictures)
    with monkeypatch.context() as patch:
        patch.delattr(GoodsPart, "look")
        given = part.answer(vision, None, pictures, (), maps=maps)
    assert given.probabilities == anew.probabilities
    assert given.blended == anew.blended


def test_labels_alone_are_as_they_were(vision: PatchNetwork, tmp_path: Path) -> None:
    learned = learn_beside(vision, None)
    assert learned.part.blend is None and learned.part.region is None
    assert set(learned.part.backbones) == {"image"}
    adapter = joined(learned, vision, None)
    assert adapter.card.goods is None and adapter.card.carried is None
    adapter.save(tmp_path / "7")
    text = (tmp_path / "7" / "answers" / CARD).read_text()
    assert "region" not in text and "blend" not in text
    answers = look(adapter, vision, plate(6000, "pore")).answers
    assert answers is not None and answers.blended is None


def test_a_picture_that_cannot_be_read_is_left_out(vision: PatchNetwork, known: Adapter) -> None:
    def broken() -> Any:
        raise IntakeError("cut off")

    cases = decided()
    cases[4] = replace(cases[4], images=(broken,))
    cases[7] = replace(cases[7], images=(broken, plate(7, "scratch")))
    learned = learn_beside(vision, known, cases)
    assert (learned.unread, learned.cases) == (2, 35)
    assert learned.left_out == (cases[4].key,)
    assert learned.part.blend is not None and learned.part.blend.cases == 35


def test_looks_are_asked_by_the_goods_part_alone(both: Adapter) -> None:
    assert both.answers is not None
    assert LOOK not in both.answers.familiarity


def test_a_case_without_pictures_has_no_place(both: Adapter, vision: PatchNetwork) -> None:
    assert both.answers is not None
    answer = both.answers.answer(vision, None, [], ())
    assert answer.blended is None
    assert answer.unfamiliar and not answer.contributions


def test_where_the_labels_say_nothing_goods_stand_alone(
    both: Adapter, vision: PatchNetwork
) -> None:
    part = both.answers
    assert part is not None and part.blend is not None
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    answer = part.answer(vision, None, [noise], ())
    assert answer.unfamiliar
    ratio = look(both, vision, noise).images[0].score / both.threshold
    assert answer.blended == pytest.approx(part.blend(ratio, None))


def test_kinds_alone_do_not_tell_whether(vision: PatchNetwork, known: Adapter) -> None:
    cases = [x for x in decided(60) if x.labels != (NOTHING,)]
    learned = learn_beside(vision, known, cases, classes=KINDS[:2])
    assert learned.part.region is not None
    assert learned.part.blend is None


def test_several_labels_at_once_are_blended_too(vision: PatchNetwork, known: Adapter) -> None:
    cases = [replace(x, labels=x.labels if x.labels != (NOTHING,) else ()) for x in decided()]
    config = replace(CONFIG, multilabel=True)
    learned = learn_beside(vision, known, cases, classes=KINDS[:2], config=config)
    adapter = joined(learned, vision, known)
    bad, fine = (look(adapter, vision, plate(7001, x)).answers for x in ("pore", NOTHING))
    assert bad is not None and fine is not None
    assert (bad.blended or 0) > (fine.blended or 1)


def test_the_same_place_is_read_with_adapted_weights(known: Adapter, tmp_path: Path) -> None:
    vision = network()
    tune = TuneConfig(epochs=2, batch=8, part=8, rank=2, alpha=4, last=2, bf16=False)
    learned = learn_beside(vision, known, config=replace(CONFIG, tune=tune))
    assert set(learned.comparison) == {"head", "lora"}
    adapter = joined(learned, vision, known)
    adapter.save(tmp_path / "7")
    mine, its = (
        look(x, vision, plate(6000, "pore")).answers
        for x in (adapter, Adapter.load(tmp_path / "7"))
    )
    assert mine is not None and its is not None
    assert mine.probabilities == pytest.approx(its.probabilities, abs=1e-5)


def test_explanations_see_the_place_too(both: Adapter, vision: PatchNetwork) -> None:
    part, picture = both.answers, plate(6000, "pore")
    assert part is not None
    answer = part.answer(vision, None, [picture], ())
    reading = read(part, vision, None, [picture], ())
    said = reading.probability(reading.means(), KINDS.index("pore"))
    assert said[0] == pytest.approx(answer.probabilities["pore"], abs=1e-6)
    explanation = explain_answer(part, vision, None, [picture], (), "pore", answer=answer)
    assert len(explanation.maps) == 1
    assert set(explanation.contributions) == {"image", "region", "outline"}


def test_answers_beside_another_goods_part_are_refused(
    learned: LearnedLabelled, both: Adapter, vision: PatchNetwork, tmp_path: Path
) -> None:
    other = goods(vision, seed=3)
    with pytest.raises(AdapterError, match="learned beside another goods part"):
        joined(learned, vision, other)
    with pytest.raises(AdapterError, match="learned beside another goods part"):
        joined(learned, vision, None)
    for finder in (None, other.finder):
        part = replace(learned.part, finder=finder)
        with pytest.raises(AdapterError, match="beside the goods part .* learn again"):
            part.answer(vision, None, [plate(1)], ())
    both.save(tmp_path / "7")
    card = read_card(tmp_path / "7")
    assert card.goods is not None
    moved = card.goods.model_copy(update={"threshold": card.goods.threshold * 2})
    text = card.model_copy(update={"goods": moved}).model_dump_json()
    (tmp_path / "7" / "adapter.json").write_text(text)
    with pytest.raises(AdapterError, match="learned beside another goods part"):
        Adapter.load(tmp_path / "7")


def test_new_goods_do_not_take_over_answers_that_look_at_old_ones(
    both: Adapter, vision: PatchNetwork, known: Adapter
) -> None:
    fresh = goods(vision, seed=3)
    assert fresh.taking(both) is fresh
    again = replace(known, card=known.card.model_copy(update={"id": "x/9"})).taking(both)
    assert again.answers is both.answers  # the same goods part
    plain = joined(learn_beside(vision, None), vision, None)
    assert fresh.taking(plain).answers is plain.answers
    assert plain.taking(fresh).goods is fresh.goods


def test_a_finder_is_known_by_all_that_it_depends_on(known: Adapter) -> None:
    finder = known.finder
    assert finder is not None
    rows = finder.goods.bank.rows.copy()
    rows[0, 0] += 1e-3
    changed: Sequence[RegionFinder] = (
        replace(finder, threshold=finder.threshold * 1.01),
        replace(finder, goods=replace(finder.goods, bank=replace(finder.goods.bank, rows=rows))),
    )
    prints = {x.fingerprint for x in (finder, *changed)}
    assert len(prints) == 3
    assert replace(finder).fingerprint == finder.fingerprint
