"""A series of many slices is represented by those that a first look reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from made_series import write_series
from secondlook.cases import Case
from secondlook.scans import SLICES, places_of, scans_of
from secondlook.store.embedding_values import Vectors
from secondlook.store.worklist_values import WorklistFilter
from secondlook.workspace import default_home
from secondlook_workflows import embed, ingest
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.stand_ins import stand_ins

DEPTH = SLICES + 6


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_VISION_BACKBONE", "untrained")


def series(context: Context, folder: Path, positions: Sequence[float]) -> Case:
    write_series(folder, positions)
    config = ingest.IngestConfig(domain="radiology-assistant", sources=(folder,))
    ingest.run(config, context)
    with context.workspace.database.read() as unit:
        (item,) = unit.worklist.page(WorklistFilter(), limit=2).rows
        return unit.cases.get(item.id)


def embedded(context: Context, case: Case) -> Vectors[Any]:
    vision = embed.image_backbone(context)
    embed.embed_images(vision, context, embed.EmbedReport(), case_id=case.id)
    with context.workspace.database.read() as unit:
        return unit.embeddings.images.of_case(embed.image_space(vision), case.id)


def counting(monkeypatch: pytest.MonkeyPatch, context: Context) -> list[int]:
    """How many pictures were looked at, call by call; each gets a vector of its own."""
    vision, looked = embed.image_backbone(context), list[int]()

    def looking(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        looked.append(len(images))
        return np.eye(64, dtype=np.float32)[sum(looked) - len(images) : sum(looked)]

    monkeypatch.setattr(vision, "embed_images", looking)
    return looked


def test_a_series_is_read_at_the_places_of_a_first_look(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = series(context, tmp_path / "ct", [5.0 * i for i in range(DEPTH)])
    looked = counting(monkeypatch, context)
    vectors = embedded(context, case)
    assert sum(looked) == SLICES
    assert len(vectors.keys) == DEPTH  # nothing stays missing, or each search would look again
    assert len(np.unique(vectors.vectors, axis=0)) == SLICES


def test_a_slice_gets_the_vector_of_the_nearest_one_that_is_read(
    context: Context, tmp_path: Path
) -> None:
    case = series(context, tmp_path / "ct", [5.0 * i for i in range(DEPTH)])
    (scan,) = scans_of(case.attachments)
    order = [x.sha256 for x in scan.stack.attachments]
    places, said = places_of(DEPTH, SLICES), stand_ins(case)
    assert [order[i] for i in places] == [said[order[i]].sha256 for i in places]
    away = [abs(order.index(said[name].sha256) - i) for i, name in enumerate(order)]
    assert max(away) == 1


def test_the_vectors_are_the_same_after_a_reload_and_in_parts(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = series(context, tmp_path / "ct", [5.0 * i for i in range(DEPTH)])
    first = embedded(context, case)
    again = open_context(default_home())
    monkeypatch.setattr(embed, "PICTURES", 7)
    vision = embed.image_backbone(again)
    own = embed.Space("0" * 64, "float32")
    monkeypatch.setattr(embed, "image_space", lambda _: own)
    embed.embed_images(vision, again, embed.EmbedReport(), case_id=case.id)
    with again.workspace.database.read() as unit:
        second = unit.embeddings.images.of_case(own, case.id)
    again.workspace.database.dispose()
    assert second.keys == first.keys
    np.testing.assert_allclose(second.vectors, first.vectors, atol=1e-6)


def test_slices_that_make_no_volume_are_read_once(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = series(context, tmp_path / "ct", [0, 202.5, 203.75, 205])
    looked = counting(monkeypatch, context)
    assert len(embedded(context, case).keys) == 4
    assert looked == [1]


def test_slices_that_came_later_get_vectors_too(context: Context, tmp_path: Path) -> None:
    case = series(context, tmp_path / "ct", [5.0 * i for i in range(4)])
    assert len(embedded(context, case).keys) == 4
    more = series(context, tmp_path / "more", [20.0, 25.0])
    assert len(embedded(context, more).keys) == len(more.images()) == 6
