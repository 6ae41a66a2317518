"""Drawn shapes of known size, found again under a coarse map and measured."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.draw import disk, ellipse, line, polygon

from defect_inspector.ground import quadric
from defect_inspector.measuring import Measured, gaps, measure
from defect_inspector.outlining import outlines
from defect_inspector.spots import Outline, coarse, find_spots

SIZE = 280
GRID = 56
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def goods(seed: int = 0, grain: float = 5.0, size: int = SIZE) -> Floats:
    """Grey goods with brushed grain and uneven light."""
    random = np.random.default_rng(seed)
    brushed = gaussian_filter(random.normal(0, 1, (size, size)), (0, 8)) * 4
    light = np.linspace(-10, 10, size)[:, None] + np.zeros(size)
    return np.asarray(140 + grain * brushed + light, dtype=np.float32)


def map_of(mask: Mask) -> Floats:
    """A coarse map, wider than what is drawn."""
    small = Image.fromarray(mask.astype(np.float32)).resize((GRID, GRID), Image.Resampling.BOX)
    touched = gaussian_filter((np.asarray(small) > 0.02).astype(np.float32), 1.0)
    return np.asarray(3 * touched / max(touched.max(), 1e-6), dtype=np.float32)


def drawn(mask: Mask, contrast: float = -70.0, ground: Floats | None = None) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with a shape on it, blurred as by a lens."""
    soft = gaussian_filter(mask.astype(np.float32), 0.6)
    grey = (goods() if ground is None else ground) + contrast * soft
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def found(mask: Mask, contrast: float = -70.0, ground: Floats | None = None) -> list[Outline]:
    return outlines(drawn(mask, contrast, ground), map_of(mask), 1.0, 20).places


def only(mask: Mask, contrast: float = -70.0) -> Measured:
    (place,) = found(mask, contrast)
    return measure(place)


def shape(points: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Mask:
    mask = np.zeros((SIZE, SIZE), dtype=np.bool_)
    mask[points] = True
    return mask


def bar(length: float, width: float, angle: float) -> Mask:
    """A line with flat ends through the middle."""
    way = np.array([np.sin(angle), np.cos(angle)]) * length / 2
    side = np.array([np.cos(angle), -np.sin(angle)]) * width / 2
    corners = np.array([way + side, way - side, -way - side, -way + side]) + SIZE / 2
    return shape(polygon(corners[:, 0], corners[:, 1]))


@pytest.mark.parametrize("across", [6, 9, 14, 25, 50])
def test_holes(across: int) -> None:
    mask = shape(disk((131.3, 120.6), across / 2))
    seen = only(mask)
    assert seen.diameter == pytest.approx(across, rel=0.15)
    assert seen.area == pytest.approx(mask.sum(), rel=0.15)
    assert seen.length == pytest.approx(across, rel=0.15)


@pytest.mark.parametrize("angle", [0.0, 0.4, 0.8, 1.57])
@pytest.mark.parametrize("length", [20, 60, 150])
def test_scratches(length: int, angle: float) -> None:
    mask = bar(length, 4, angle)
    seen = only(mask, contrast=80)
    assert seen.length == pytest.approx(length, rel=0.1)
    assert seen.width == pytest.approx(mask.sum() / length, rel=0.15)


def test_a_bent_scratch_is_measured_along_itself() -> None:
    turn = np.linspace(0, np.pi, 400)
    mask = np.zeros((SIZE, SIZE), dtype=np.bool_)
    for y, x in zip(140 - 50 * np.sin(turn), 140 + 50 * np.cos(turn), strict=True):
        mask[disk((y, x), 2)] = True
    assert only(mask, contrast=80).length == pytest.approx(50 * np.pi, rel=0.08)


def test_an_oval_is_limited_by_its_longer_axis() -> None:
    seen = only(shape(ellipse(140, 140, 12, 24)))
    assert seen.diameter == pytest.approx(48, rel=0.1)
    assert seen.width == pytest.approx(24, rel=0.12)


def test_a_scratch_that_the_map_shows_in_two_parts_is_one() -> None:
    mask = bar(120, 4, 0)
    scores = map_of(mask)
    scores[:, 26:31] = 0
    assert len(find_spots(scores, 1.0)[0]) == 2
    seen = outlines(drawn(mask, 80), scores, 1.0, 20)
    assert seen.left_out == 0
    assert [round(measure(x).length, -1) for x in seen.places] == [120]


def test_two_holes_under_one_spot_are_two() -> None:
    mask = shape(disk((140, 130), 6)) | shape(disk((140, 148), 6))
    assert len(find_spots(map_of(mask), 1.0)[0]) == 1
    places = found(mask)
    assert [measure(x).diameter for x in places] == pytest.approx([12, 12], rel=0.15)
    assert gaps(places) == pytest.approx([7, 7], abs=1.5)


def test_a_place_at_the_corner_is_measured_to_the_edge() -> None:
    seen = only(shape(disk((0, 0), 20, shape=(SIZE, SIZE))))
    assert seen.area == pytest.approx(np.pi * 100, rel=0.15)


def test_a_colour_without_contrast_in_grey_has_a_border() -> None:
    mask = shape(disk((140, 140), 10))
    picture = drawn(np.zeros_like(mask))
    picture[mask, 0] += 60
    picture[mask, 2] -= 60
    (place,) = outlines(picture, map_of(mask), 1.0, 20).places
    assert measure(place).diameter == pytest.approx(20, rel=0.1)


def test_without_contrast_the_spot_of_the_map_remains_and_has_no_border() -> None:
    mask = shape(disk((140, 140), 10))
    (place,) = found(mask, contrast=0)
    scores = map_of(mask)
    rough = coarse(scores, find_spots(scores, 1.0)[0][0], (SIZE, SIZE))
    assert place.blur == rough.blur == float("inf")
    assert place.box == rough.box


@pytest.mark.parametrize(
    "ground", [np.full((SIZE, SIZE), 128, dtype=np.float32), goods(3, grain=0)]
)
def test_even_goods(ground: Floats) -> None:
    mask = shape(disk((140, 140), 10))
    (place,) = found(mask, ground=ground)
    assert measure(place).diameter == pytest.approx(20, rel=0.06)


def test_the_whole_picture_flagged_is_one_coarse_place() -> None:
    everywhere = np.ones((SIZE, SIZE), dtype=np.bool_)
    (place,) = found(everywhere)
    assert place.box == (0, SIZE, 0, SIZE)
    assert measure(place).area == SIZE * SIZE


def test_more_spots_than_may_be_kept_are_counted() -> None:
    mask = np.zeros((SIZE, SIZE), dtype=np.bool_)
    for y in range(30, SIZE, 50):
        mask[disk((y, 140), 5)] = True
    seen = outlines(drawn(mask), map_of(mask), 1.0, 2)
    assert (len(seen.places), seen.left_out) == (2, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (7, 5)])
def test_tiny_and_thin_pictures(size: tuple[int, int]) -> None:
    pixels = np.zeros((*size, 3), dtype=np.uint8)
    scores = np.full((4, 4), 2.0, dtype=np.float32)
    (place,) = outlines(pixels, scores, 1.0, 5).places
    assert measure(place).area == pytest.approx(size[0] * size[1], rel=0.3)


@pytest.mark.parametrize("cells", [1, 2, 5])
def test_a_coarse_place_is_as_large_as_its_cells(cells: int) -> None:
    scores = np.zeros((10, 10), dtype=np.float32)
    scores[3, 2 : 2 + cells] = 2.0
    seen = measure(coarse(scores, find_spots(scores, 1.0)[0][0], (120, 120)))
    assert seen.area == 144 * cells
    assert seen.length == pytest.approx(12 * cells, rel=0.2)


def test_a_line_of_one_pixel_has_a_length() -> None:
    seen = only(shape(line(100, 90, 100, 190)), contrast=110)
    assert seen.length == pytest.approx(101, rel=0.1)


def test_pores_too_small_beside_a_large_one_are_told_of() -> None:
    mask = shape(disk((140, 130), 12))
    for y in range(124, 160, 8):
        mask |= shape(disk((y, 156), 2.5))
    seen = outlines(drawn(mask), map_of(mask), 1.0, 20)
    assert (len(seen.places), seen.specks) == (1, 5)


def test_what_lies_outside_of_a_border_though_the_map_flags_it_is_told() -> None:
    whole, strong = bar(120, 4, 0), np.zeros((SIZE, SIZE), dtype=np.bool_)
    strong[:, 125:155] = whole[:, 125:155]
    ground = goods() - 30 * whole
    (place,) = outlines(drawn(strong, -80, ground), map_of(whole), 1.0, 20).places
    assert measure(place).length < 60
    assert measure(place).length + place.further >= 0.9 * 120


def test_the_parts_of_a_broken_scratch_may_each_be_all_of_it() -> None:
    mask = bar(120, 4, 0)
    for at in (95, 125, 155, 185):
        mask[:, at - 6 : at + 6] = False
    places = outlines(drawn(mask), map_of(bar(120, 4, 0)), 1.0, 20).places
    assert len(places) > 1
    assert all(measure(x).length + x.further >= 0.8 * 120 for x in places)


@pytest.mark.parametrize("length", [60, 150])
def test_a_clear_scratch_has_nothing_outside_of_its_border(length: int) -> None:
    (place,) = found(bar(length, 4, 0.4), contrast=80)
    assert place.further <= 0.1 * length


def test_spots_take_no_more_memory_than_their_boxes() -> None:
    scores = np.zeros((192, 192), dtype=np.float32)
    scores[::2, ::2] = 3
    scores[10, 20] = 5
    tracemalloc.start()
    spots, more = find_spots(scores, 1.0, 40)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(spots), more) == (40, 96 * 96 - 40)
    assert spots[0][1] == (slice(10, 11), slice(20, 21))
    assert most < 16_000_000


def test_a_large_view_has_the_surface_of_a_small_one() -> None:
    y, x = np.mgrid[-1:1:500j, -1:1:640j].astype(np.float32)
    values = 100 + 8 * x - 5 * y * y + np.random.default_rng(0).normal(0, 1, x.shape)
    ground = np.ones(x.shape, dtype=np.bool_)
    ground[200:300, 200:300] = False
    values[~ground] += 90
    fitted = quadric(values.astype(np.float32), ground)
    assert np.abs(fitted - (100 + 8 * x - 5 * y * y)).max() < 0.3
