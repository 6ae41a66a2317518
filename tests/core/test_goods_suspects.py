"""Defects among the goods are named, and left out where that is asked for; few goods are enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from secondlook import BackboneRef
from secondlook.errors import ModelError
from secondlook.models.bank import Scored
from secondlook.models.gate import Gate
from secondlook.models.untrained import untrained_resnet
from secondlook.training import goods_suspects, judging
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.goods import GoodsConfig, LearnedGoods, learn_goods
from secondlook.training.goods_adapter import goods_adapter
from secondlook.training.goods_few import bands_of, threshold_of
from secondlook.training.goods_known import keep_known, known_before
from secondlook.training.goods_suspects import FAR, LEAST_SCORED, find_suspects
from tiny_goods import with_dense

Pixels = NDArray[np.uint8]
REF = BackboneRef(name="means", revision="1", fingerprint="f" * 64, trained=False)
SMALL = GoodsConfig(rows=300, pool=4000, held_back=100, folds=4, seconds=0)


@dataclass
class Means:
    """Mean and spread of 8 x 8 squares, in pictures of 64 x 64."""

    ref: BackboneRef = REF
    preprocessing: str = ""

    def patches(self, images: Sequence[Pixels]) -> NDArray[np.float32]:
        blocks = np.stack(images).reshape(len(images), 8, 8, 8, 8, 3).astype(np.float32)
        return np.concatenate([blocks.mean(axis=(2, 4)), blocks.std(axis=(2, 4))], axis=-1)


def good(seed: int) -> Pixels:
    noise = np.random.default_rng(seed).normal(128, 12, (64, 64, 3))
    return noise.clip(0, 255).astype(np.uint8)


def scratched(seed: int) -> Pixels:
    """With a scratch that is like no other's."""
    picture, random = good(seed), np.random.default_rng([seed, 1])
    row, column = random.integers(4, 50, 2)
    picture[row : row + 3, column : column + 12] = random.integers(0, 256, 3)
    return picture


def mixed(goods: int, bads: int) -> list[tuple[str, Pixels]]:
    """The bads come last; the tenth byte of their names says so."""
    clean = [(f"{i:064x}", good(i)) for i in range(goods)]
    return clean + [(f"{i:064x}", scratched(i)) for i in range(1000, 1000 + bads)]


BAD = frozenset(f"{i:064x}" for i in range(1000, 1100))


def learned(goods: int, bads: int, **changed: bool) -> LearnedGoods:
    config = replace(SMALL, **changed)  # type: ignore[arg-type]
    return learn_goods(mixed(goods, bads), vision=Means(), config=config)


@pytest.mark.parametrize("bads", [1, 4, 8])
def test_defects_among_the_goods_are_suspected(bads: int) -> None:
    found = learned(76, bads)
    named = [x.sha256 for x in found.suspects]
    assert set(named[:bads]) >= set(named) & BAD
    assert len(set(named) & BAD) >= 0.75 * bads
    assert len(set(named) - BAD) <= 2
    assert [x.far for x in found.suspects] == sorted((x.far for x in found.suspects), reverse=True)
    assert all(x.far > FAR for x in found.suspects)
    assert found.checked == 76 + bads and found.dropped == 0


def test_few_clean_goods_are_suspected() -> None:
    assert len(learned(100, 0).suspects) <= 2


def test_suspects_are_learned_from_unless_they_are_dropped() -> None:
    kept, dropped = learned(76, 4), learned(76, 4, drop_suspects=True)
    numbers = [i for i, (name, _) in enumerate(mixed(76, 4)) if name in BAD]
    assert np.isin(kept.part.bank.origin, numbers).any()
    assert not np.isin(dropped.part.bank.origin, numbers).any()
    assert dropped.suspects == kept.suspects
    assert (dropped.dropped, dropped.goods) == (len(kept.suspects), 80 - len(kept.suspects))
    assert dropped.threshold.goods == kept.threshold.goods - len(kept.suspects)
    assert dropped.threshold.value <= kept.threshold.value
    gates = kept.part.gate, dropped.part.gate
    assert gates[0] is not None and gates[1] is not None
    assert len(gates[0].signatures) - len(gates[1].signatures) == len(kept.suspects)


def test_where_nobody_is_suspected_dropping_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(goods_suspects, "FAR", 99)
    plain, asked = learned(60, 0), learned(60, 0, drop_suspects=True)
    assert plain.suspects == asked.suspects == ()
    assert np.array_equal(plain.part.bank.rows, asked.part.bank.rows)
    assert plain.threshold == asked.threshold


def test_the_card_names_the_suspects(tmp_path: Path) -> None:
    found = learned(76, 4)
    names = {name: f"part {i}.png" for i, (name, _) in enumerate(mixed(76, 4))}
    adapter = goods_adapter(
        found, domain="d", product=None, version=1, vision="x", backbone=Means(), files=names
    )
    assert adapter.card.goods is not None
    assert [x.file for x in adapter.card.goods.suspects] == [
        names[x.sha256] for x in found.suspects
    ]


def test_a_dense_model_is_not_painted_on_what_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PAINTED", 8)
    network = untrained_resnet(side=64)
    config = replace(with_dense(SMALL), drop_suspects=True)
    found = learn_goods(mixed(60, 3), vision=network, config=config)
    assert found.part.dense is not None and found.part.units is not None
    assert found.dropped == len(found.suspects)


def test_what_is_suspected_is_known_again_after_a_cut(tmp_path: Path) -> None:
    from secondlook.training import goods_ground

    kept = Checkpoint(tmp_path, {"work": 1})
    seen = []
    real = goods_ground._ground

    def watch(known: object, *rest: object) -> object:
        seen.append(known)
        return real(known, *rest)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(goods_ground, "_ground", watch)
        found = learned(76, 4, drop_suspects=True)
    keep_known(seen[0], kept)  # type: ignore[arg-type]
    again = known_before(kept)
    assert again is not None
    assert [again.names[x.number] for x in again.suspects] == [x.sha256 for x in found.suspects]
    assert len(again.dropped) == found.dropped and again.checked == found.checked


def scored(values: Sequence[float]) -> dict[int, Scored]:
    places = np.zeros((1, 1), dtype=np.int32)
    return {
        i: Scored(map=np.full((1, 1), x, dtype=np.float32), places=places, references=("x",))
        for i, x in enumerate(values)
    }


def test_with_few_goods_nobody_is_suspected() -> None:
    assert find_suspects(scored([1.0] * (LEAST_SCORED - 2) + [9.0])) == ()
    found = find_suspects(scored([1.0] * LEAST_SCORED + [9.0]))
    assert [x.number for x in found] == [LEAST_SCORED]


def test_many_defects_do_not_hide_themselves() -> None:
    random = np.random.default_rng(0)
    values = [*random.normal(1, 0.1, 180), *random.normal(3, 0.5, 20)]
    found = {x.number for x in find_suspects(scored(values))}
    assert found >= set(range(180, 200)) and len(found) <= 22


def goods(count: int) -> Iterator[tuple[str, Pixels]]:
    return ((f"{i:064x}", good(i)) for i in range(count))


@pytest.mark.parametrize("count", [3, 5, 7])
def test_three_goods_are_enough_to_begin_with(count: int) -> None:
    found = learn_goods(goods(count), vision=Means(), config=SMALL)
    assert found.bands.reject is None and found.bands.accept == found.threshold.value
    assert found.threshold.goods == count
    assert any(f"1 good part in {count + 1} will be flagged" in x for x in found.notes)
    assert found.suspects == ()
    look = found.part.look(Means(), scratched(1000))
    assert look.score > found.threshold.value
    assert not found.part.look(Means(), good(50)).unfamiliar
    assert found.part.look(Means(), np.zeros((64, 64, 3), dtype=np.uint8)).unfamiliar


def test_two_goods_are_too_few() -> None:
    with pytest.raises(ModelError, match="at least 3 different good pictures, got 2"):
        learn_goods(goods(2), vision=Means(), config=SMALL)


def test_a_handful_says_what_it_can_promise() -> None:
    limit = threshold_of([1.0, 3.0, 2.0])
    assert limit.value == 3.0
    assert limit.false_alarm_bound == pytest.approx(1 - 0.05 ** (1 / 3))
    assert threshold_of([1.0] * 8).false_alarm_bound == pytest.approx(1 - 0.05 ** (1 / 8))
    assert bands_of([1.0, 2.0, 3.0], 0.01, 0.05).reject is None
    for bad in ([1.0, 2.0], [1.0, 2.0, float("nan")]):
        with pytest.raises(ModelError, match="at least 3 scores"):
            threshold_of(bad)
    with pytest.raises(ModelError, match="not finite"):
        Gate.fit(np.full((3, 5), np.nan, dtype=np.float32))
