"""Which map lies over the picture, what its colours mean, and from where on it is coloured."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import THRESHOLD, CaseMaker
from ui_reading import said
from ui_viewer import heats, places

from secondlook_ui import colour, shown

OpenPage = Callable[..., AppTest]
CARD = {"goods": {"threshold": THRESHOLD}, "answers": None}


def captions(app: AppTest) -> str:
    """Every caption of the page."""
    return "\n".join(str(x.value) for x in app.caption)


def chooser(app: AppTest) -> list[str]:
    """What the reviewer may lay over the picture."""
    return [x["name"] for x in heats(app)]


def clean(maker: CaseMaker, *labels: str) -> str:
    """A case in which nothing was found, with a map of each label too."""
    case = maker.add()
    maker.look(case, found=None, score=1.0, more=tuple(maker.label_map(case, x) for x in labels))
    return case


def test_the_card_of_the_adapter_knows_the_threshold(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.adapter(CARD)
    app = open_page("case", case=clean(maker))
    assert "The most unusual place reaches 0.50 of the threshold." in said(app)
    assert "threshold is not known" not in captions(app)


@pytest.mark.parametrize("goods", [None, {}, {"threshold": 0}, {"threshold": "high"}])
def test_a_card_without_a_threshold_is_no_error(
    maker: CaseMaker, open_page: OpenPage, goods: dict[str, object] | None
) -> None:
    maker.adapter({"goods": goods})
    assert "threshold is not known" in captions(open_page("case", case=clean(maker)))


def test_the_card_is_nested_as_adapters_write_it() -> None:
    from secondlook.models.adapter_card import AdapterCard, GoodsCard

    assert "goods" in AdapterCard.model_fields and "threshold" in GoodsCard.model_fields


def test_a_map_of_a_label_does_not_count_as_unusual(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.adapter(CARD)
    case = maker.add()
    maker.look(case, found=None, score=1.0, more=(maker.label_map(case, "pore", high=9.0),))
    assert "reaches 0.50 of the threshold" in said(open_page("case", case=case))


def test_what_speaks_for_a_label_alone_has_no_threshold(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.add()
    maker.label_only(case, "pore")
    app = open_page("case", case=case)
    assert shown.read(case).map_threshold is None
    assert not places(app)
    assert chooser(app) == ["what speaks for pore or blowhole"]
    [told] = heats(app)
    assert told["meaning"] == "The brighter, the more it speaks for pore or blowhole."


@pytest.mark.usefixtures("anna")
def test_the_anomaly_map_comes_first_whatever_the_order(maker: CaseMaker) -> None:
    case = maker.add()
    pore = maker.label_map(case, "pore")
    maker.look(case, found=None, score=1.0, more=(pore, pore, maker.label_map(case, "crack")))
    page = shown.read(case)
    assert [x.label for x in page.maps(pore.attachment)] == [None, "pore", "crack"]
    first = page.map(pore.attachment)
    assert first is not None and first.label is None


def test_the_reviewer_chooses_the_map_and_a_caption_says_what_it_means(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    maker.adapter(CARD)
    app = open_page("case", case=clean(maker, "pore", "crack"))
    assert chooser(app) == [
        "unusual places",
        "what speaks for pore or blowhole",
        "what speaks for crack",
    ]
    meanings = [x["meaning"] for x in heats(app)]
    assert "The brighter, the more unusual" in meanings[0] and "speaks for" not in meanings[0]
    assert "The brighter, the more it speaks for crack" in meanings[2]


def test_without_a_threshold_the_maps_of_labels_can_still_be_seen(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    app = open_page("case", case=clean(maker, "pore"))
    assert chooser(app) == ["what speaks for pore or blowhole"]
    assert "threshold is not known" in captions(app)


def test_a_map_that_is_gone_hides_neither_picture_nor_places(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    [item] = shown.read(case).maps(maker.picture(case))
    maker.workspace.blobs.path(item.blob).unlink()
    app = open_page("case", case=case)
    assert not heats(app) and len(places(app)) == 1


@pytest.mark.usefixtures("anna")
def test_a_map_of_a_label_is_coloured_against_its_strongest_place(maker: CaseMaker) -> None:
    case = maker.add()
    first = maker.label_map(case, "pore", high=0.2)
    maker.label_only(case, "pore", first, maker.label_map(case, "pore", high=0.8))
    assert shown.read(case).strongest("pore") == 0.8
    assert shown.read(case).strongest("crack") == 0.0


def test_colours_begin_near_the_threshold_whatever_the_picture(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    app = open_page("case", case=maker.assessed(score=3.0))
    [told] = heats(app)
    assert (told["from"], told["to"]) == (colour.BELOW * THRESHOLD, colour.FULL * THRESHOLD)
    assert (told["columns"], told["rows"], told["low"], told["high"]) == (8, 8, 0.5, 3.0)
