"""Maps are coloured against the threshold, boxes stand where the regions are."""

import io

import numpy as np
from PIL import Image
from ui_cases import plate

from secondlook.evidence import Region
from secondlook_ui import colour, images
from secondlook_ui.words import label

THRESHOLD = colour.Span.of_threshold(2.0)
GREY = np.full((60, 80, 3), 128, dtype=np.uint8)


def scores(value: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """A flat map."""
    return np.full((6, 8), value, dtype=np.float32)


def test_a_clean_part_keeps_its_colours() -> None:
    assert (colour.overlay(GREY, scores(1.7), THRESHOLD, 1.0) == GREY).all()


def test_what_exceeds_the_threshold_is_coloured_the_more_the_higher() -> None:
    change = [
        np.abs(colour.overlay(GREY, scores(x), THRESHOLD, 0.6).astype(int) - 128).sum()
        for x in (1.9, 2.1, 2.6)
    ]
    assert 0 < change[0] < change[1] < change[2]


def test_the_colour_depends_on_the_threshold_and_not_on_the_picture() -> None:
    high = scores(2.1)
    high[0, 0] = 50.0
    here, alone = (colour.overlay(GREY, x, THRESHOLD, 0.6)[-1, -1] for x in (high, scores(2.1)))
    assert (here == alone).all()


def test_no_opacity_shows_the_picture() -> None:
    assert (colour.overlay(GREY, scores(9.0), THRESHOLD, 0.0) == GREY).all()


def test_the_scale_grows_evenly_lighter() -> None:
    red, green, blue = np.moveaxis(colour.colours(np.linspace(0, 1, 64, dtype=np.float32)), -1, 0)
    luma = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    steps = np.diff(np.cbrt(luma))
    assert (steps > 0).all() and steps.max() < 3 * steps.min()


def test_boxes_stand_around_their_regions() -> None:
    box = Region(attachment="a", left=20, top=10, width=30, height=20, score=1.0)
    drawn = images.draw(GREY, [box], 1.0)
    assert tuple(drawn[10, 40]) == images.INK and tuple(drawn[30, 40]) == images.INK
    assert (drawn[45:] == 128).all()
    assert (images.draw(GREY, [], 1.0) == GREY).all()


def test_small_pictures_are_sent_without_loss_and_large_ones_small() -> None:
    picture = np.asarray(Image.open(io.BytesIO(plate(1))).convert("RGB"))
    assert (np.asarray(Image.open(io.BytesIO(images.encode(picture)))) == picture).all()
    large = np.zeros((1600, 1600, 3), dtype=np.uint8)
    assert Image.open(io.BytesIO(images.encode(large))).format == "JPEG"


def test_labels_of_plugins_are_not_rendered() -> None:
    assert label("Accept") == "Accept"
    assert label("![x](u) :red[y] _z_") == r"\!\[x\]\(u\) \:red\[y\] \_z\_"
