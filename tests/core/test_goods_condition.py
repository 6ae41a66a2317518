"""A picture that was taken otherwise than the goods says so in plain words."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from secondlook.model_io import ImageInput, ModelInputs
from secondlook.models.adapters import Adapter
from secondlook.models.forward import forward
from secondlook.models.goods_condition import Condition, measured
from secondlook.models.untrained import untrained_resnet
from secondlook.models.vision import PatchNetwork
from secondlook.training.goods import GoodsConfig, learn_goods
from secondlook.training.goods_adapter import goods_adapter

Pixels = NDArray[np.uint8]


def good(seed: int, height: int = 90, width: int = 120) -> Pixels:
    """Coloured, grainy, in a light that differs a little from one to the next."""
    random = np.random.default_rng(seed)
    light = random.normal(110, 6)
    colours = np.array([1.1, 1.0, 0.8]) * light
    grain = random.normal(0, 12, (height, width, 1))
    return (colours + grain).clip(0, 255).astype(np.uint8)


def doubts(picture: Pixels, count: int = 200) -> tuple[str, ...]:
    known = Condition.of([measured(good(i), good(i)) for i in range(count)])
    return known.doubts(measured(picture, picture))


def blurred(picture: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


@pytest.mark.parametrize("count", [8, 20, 200])
def test_hardly_any_good_one_is_doubted(count: int) -> None:
    known = Condition.of([measured(good(i), good(i)) for i in range(count)])
    fresh = [known.doubts(measured(good(i), good(i))) for i in range(1000, 1300)]
    assert np.mean([bool(x) for x in fresh]) <= 0.01


def test_a_dark_picture_says_how_dark_it_is() -> None:
    (said,) = doubts((good(500) * 0.3).astype(np.uint8))
    assert said.startswith("the picture is much darker than the good ones were (mean 3")
    assert "usually 9" in said


def test_a_black_picture_is_only_dark() -> None:
    (said,) = doubts(np.zeros((90, 120, 3), dtype=np.uint8))
    assert "much darker" in said


def test_a_bright_picture_says_so() -> None:
    said = " ".join(doubts((good(500) * 2.2).clip(0, 255).astype(np.uint8)))
    assert "much brighter" in said


def test_an_overexposed_picture_says_how_much_of_it_is_white() -> None:
    picture = good(500)
    picture[:40] = 255
    assert any("overexposed: 44% of it is white" in x for x in doubts(picture))


@pytest.mark.parametrize("radius", [1.5, 3, 8])
def test_a_blurred_picture_is_out_of_focus(radius: float) -> None:
    (said,) = doubts(blurred(good(500), radius))
    assert said.startswith("the picture is out of focus: it has ")


@pytest.mark.parametrize("shift", [(1.2, 1, 1), (1, 1, 1.2), (0.8, 1, 1.2)])
def test_shifted_colours_are_told_once(shift: tuple[float, float, float]) -> None:
    said = doubts((good(500) * np.array(shift)).clip(0, 255).astype(np.uint8))
    assert [x for x in said if "colours of the picture are shifted" in x] == list(said)
    assert len(said) == 1


def test_a_turned_or_cropped_picture_has_another_shape() -> None:
    for picture in (np.ascontiguousarray(np.rot90(good(500))), good(500)[:, :60]):
        (said,) = doubts(picture)
        assert "it may be turned or cut off" in said and "usually 1.33 to 1.33" in said


def test_goods_that_differ_in_shape_allow_it() -> None:
    made = [good(i, 90, int(w)) for i, w in enumerate(np.linspace(60, 180, 60))]
    known = Condition.of([measured(x, x) for x in made])
    turned = np.ascontiguousarray(np.rot90(good(500)))
    assert known.doubts(measured(turned, turned)) == ()


def test_a_few_bad_pictures_among_the_goods_do_not_widen_it() -> None:
    made = [good(i) for i in range(95)] + [good(i) // 4 for i in range(1000, 1004)]
    known = Condition.of([measured(x, x) for x in made])
    dark = good(500) // 4
    assert known.doubts(measured(dark, dark))


@pytest.fixture(scope="module")
def network() -> PatchNetwork:
    return untrained_resnet(side=32)


@pytest.fixture(scope="module")
def adapter(network: PatchNetwork) -> Adapter:
    goods = ((f"{i:064x}", good(i)) for i in range(40))
    config = GoodsConfig(rows=200, pool=1000, folds=2, seconds=0)
    learned = learn_goods(goods, vision=network, config=config)
    return goods_adapter(learned, domain="d", product=None, version=1, vision="x", backbone=network)


def test_the_condition_reaches_the_domain_also_after_reload(
    network: PatchNetwork, adapter: Adapter, tmp_path: Path
) -> None:
    adapter.save(tmp_path / "1")
    again = Adapter.load(tmp_path / "1")
    assert adapter.card.goods is not None
    assert again.card.goods is not None
    assert again.card.goods.condition == adapter.card.goods.condition is not None
    for known in (adapter, again):
        inputs = ModelInputs(
            images=(
                ImageInput(attachment="dark", pixels=good(500) // 4),
                ImageInput(attachment="good", pixels=good(501)),
            )
        )
        dark, fine = forward(inputs, vision=network, text=None, adapter=known).images
        assert any("much darker" in x for x in dark.condition)
        assert fine.condition == ()


def test_an_adapter_of_before_says_nothing(network: PatchNetwork, adapter: Adapter) -> None:
    """Cards without a condition are still read, and doubt no picture."""
    card = adapter.card.model_dump(mode="json")
    for name in ("tiles", "condition", "suspects", "suspects_dropped"):
        del card["goods"][name]
    old = type(adapter.card).model_validate(card)
    assert old.goods is not None and old.goods.condition is None and old.goods.tiles is None
