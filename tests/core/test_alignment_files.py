"""The files of an alignment: what was saved comes back, and whatever else is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from secondlook.errors import AdapterError, ModelError
from secondlook.models.alignment import (
    CARD,
    WEIGHTS,
    AlignmentPart,
    ResidualMap,
    case_vector,
    fingerprints,
)
from secondlook.models.backbones import load_vision
from secondlook.models.dual import DualBackbone
from tiny_checkpoints import Tiny

Spoil = Callable[[Path], object]
SIZE = 12


@pytest.fixture
def dual(tiny: Tiny) -> DualBackbone:
    backbone = load_vision(tiny("clip"))
    assert isinstance(backbone, DualBackbone)
    return backbone


def part(dual: DualBackbone, *, based: bool = False) -> AlignmentPart:
    torch.manual_seed(0)
    image, text = ResidualMap(SIZE, SIZE, 3, based=based), ResidualMap(SIZE, SIZE, 3)
    for own in (image, text):
        torch.nn.init.normal_(own.up)
        torch.nn.init.normal_(own.shift)
    if image.base is not None:
        image.base.normal_()
    return AlignmentPart(image_map=image, text_map=text, scale=20.0, backbones=fingerprints(dual))


@pytest.mark.parametrize("based", [False, True])
def test_what_is_saved_comes_back(based: bool, dual: DualBackbone, tmp_path: Path) -> None:
    own = part(dual, based=based)
    own.save(tmp_path)
    again = AlignmentPart.load(tmp_path, dual)
    vectors = dual.embed(["a crack", "left lung"])
    assert np.array_equal(again.text(vectors), own.text(vectors))
    assert np.array_equal(again.image(vectors), own.image(vectors))
    assert np.linalg.norm(again.image(vectors), axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert (again.scale, again.aligned, again.recipe) == (20.0, True, own.recipe)
    assert again.image(vectors[:0]).shape == (0, SIZE)


def test_pictures_are_read_one_by_one(dual: DualBackbone) -> None:
    random = np.random.default_rng(0)
    images = [random.integers(0, 255, (40, 30, 3), dtype=np.uint8) for _ in range(3)]
    rows = part(dual).read(dual, images)
    assert rows == pytest.approx(dual.embed_images(images), abs=1e-5)
    assert np.array_equal(rows[1:2], part(dual).read(dual, images[1:2]))
    assert part(dual).read(dual, []).shape == (0, SIZE)
    assert np.linalg.norm(case_vector(rows, SIZE)) == pytest.approx(1, abs=1e-5)


def test_another_backbone_is_refused(dual: DualBackbone, tiny: Tiny, tmp_path: Path) -> None:
    part(dual).save(tmp_path)
    other = load_vision(tiny("vit-bert"))
    assert isinstance(other, DualBackbone)
    with pytest.raises(AdapterError, match="image backbone .*, got .*learn the alignment again"):
        AlignmentPart.load(tmp_path, other)
    with pytest.raises(AdapterError, match="use that backbone"):
        part(dual).read(other, [])


@pytest.mark.parametrize("shape", [(2, 5), (SIZE,), (1, 2, SIZE)])
def test_vectors_of_another_size_are_refused(shape: tuple[int, ...], dual: DualBackbone) -> None:
    with pytest.raises(ModelError, match=r"text vectors \(N, 12\), got"):
        part(dual).text(np.zeros(shape, dtype=np.float32))


def test_vectors_that_are_not_finite_are_refused(dual: DualBackbone) -> None:
    with pytest.raises(ModelError, match="image vectors hold numbers that are not finite"):
        part(dual).image(np.full((1, SIZE), np.nan, dtype=np.float32))


def truncated(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def changed(change: Callable[[dict[str, torch.Tensor]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)

    return spoil


def card(**values: object) -> Spoil:
    def spoil(folder: Path) -> None:
        plain = json.loads((folder / CARD).read_text(encoding="utf-8"))
        (folder / CARD).write_text(json.dumps(plain | values), encoding="utf-8")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncated, WEIGHTS),
        (lambda x: (x / WEIGHTS).unlink(), WEIGHTS),
        (lambda x: (x / WEIGHTS).write_bytes(b""), WEIGHTS),
        (lambda x: (x / CARD).unlink(), CARD),
        (lambda x: (x / CARD).write_text("{", encoding="utf-8"), CARD),
        (card(format=2), "format 1"),
        (card(scale=0), "format 1"),
        (card(scale=1e9), "format 1"),
        (card(backbones={"image": "x"}), "name the backbones"),
        (card(more=1), "format 1"),
        (changed(lambda x: x.pop("text.up")), "lacks the map of the text"),
        (changed(lambda x: x.pop("text.shift")), "keys or shapes of the text"),
        (changed(lambda x: x.update(other=torch.zeros(1))), "more than the two maps"),
        (changed(lambda x: x.update({"image.shift": torch.zeros(3)})), "keys or shapes"),
        (changed(lambda x: x.update({"image.down": torch.zeros(3)})), "lacks the map of the image"),
        (changed(lambda x: x.update({"image.up": torch.full((SIZE, 3), torch.nan)})), "not finite"),
        (changed(lambda x: x.update({"image.up": torch.zeros(SIZE, 3).half()})), "float32"),
        (changed(lambda x: x.update({"text.spread": torch.zeros(SIZE)})), "divides by nothing"),
    ],
)
def test_damaged_files_are_refused(
    spoil: Spoil, reason: str, dual: DualBackbone, tmp_path: Path
) -> None:
    part(dual).save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(AdapterError, match=rf"is damaged: .*{reason}.*learn again"):
        AlignmentPart.load(tmp_path)


@pytest.mark.parametrize(
    ("inputs", "outputs", "reason"),
    [(SIZE, SIZE - 1, "different sizes"), (SIZE - 1, SIZE, "too few inputs")],
)
def test_maps_that_do_not_meet_are_refused(
    inputs: int, outputs: int, reason: str, dual: DualBackbone, tmp_path: Path
) -> None:
    own = part(dual)
    odd = ResidualMap(inputs, outputs, 2)
    spoilt = AlignmentPart(image_map=odd, text_map=own.text_map, scale=1.0, backbones=own.backbones)
    spoilt.save(tmp_path)
    with pytest.raises(AdapterError, match=reason):
        AlignmentPart.load(tmp_path)


def test_a_folder_that_is_not_there_cannot_be_written(dual: DualBackbone, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="cannot write the alignment"):
        part(dual).save(tmp_path / "none")
