"""The scale of maps, small pictures, and labels of plugins."""

import io

import numpy as np
import pytest
from PIL import Image
from ui_cases import CaseMaker, plate

from secondlook_ui import colour, images, shown
from secondlook_ui.words import label


def test_the_scale_grows_evenly_lighter() -> None:
    red, green, blue = np.moveaxis(colour.colours(np.linspace(0, 1, 64, dtype=np.float32)), -1, 0)
    luma = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    steps = np.diff(np.cbrt(luma))
    assert (steps > 0).all() and steps.max() < 3 * steps.min()


def test_the_browser_gets_the_same_scale() -> None:
    ramp = np.frombuffer(colour.ramp(), np.uint8).reshape(256, 3)
    exact = colour.colours(np.linspace(0, 1, 256, dtype=np.float32)) * 255
    assert np.abs(ramp - exact).max() <= 0.5


@pytest.mark.usefixtures("anna")
def test_small_pictures_are_small(maker: CaseMaker) -> None:
    case = maker.add(extra=(maker.volume(slices=3),))
    for attachment in shown.read(case).case.attachments:
        small = Image.open(io.BytesIO(images.thumbnail(attachment)))
        assert small.format == "PNG" and max(small.size) <= images.THUMBNAIL


@pytest.mark.usefixtures("anna")
def test_a_stored_picture_is_read_as_it_is(maker: CaseMaker) -> None:
    attachment = shown.read(maker.add()).case.attachments[0]
    stored = np.asarray(Image.open(io.BytesIO(plate(1))).convert("RGB"))
    assert (images.read(attachment, 0) == stored).all()


def test_labels_of_plugins_are_not_rendered() -> None:
    assert label("Accept") == "Accept"
    assert label("![x](u) :red[y] _z_") == r"\!\[x\]\(u\) \:red\[y\] \_z\_"
