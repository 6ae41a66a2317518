"""Vectors of pictures and passages: what lacks one, all of them in chunks, and back to cases."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from database_fixtures import AUDIT_KEY
from secondlook.cases import Role
from secondlook.errors import BadValue, Conflict, NotFound, StoreError
from secondlook.store.database import Database
from secondlook.store.embedding_values import CaseFilter, ImageKey, PassageKey, Space
from secondlook.store.vectors import from_bytes, to_bytes
from store_values import add_case, digest, picture, record

ONE, OTHER = Space("1" * 64, "float32"), Space("2" * 64, "float32")
HALF = Space(ONE.backbone, "bfloat16")
MANUAL = record(["Wipe it.", "A hole ☂ is scrap.", "Pack it."])


def unit_rows(count: int, size: int = 6, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors."""
    raw = np.random.default_rng(seed).normal(size=(count, size))
    vectors: NDArray[np.float32] = (raw / np.linalg.norm(raw, axis=1)[:, None]).astype(np.float32)
    return vectors


def embed_all(database: Database, space: Space = ONE) -> dict[Any, NDArray[np.float32]]:
    """A vector for everything that lacks one."""
    made: dict[Any, NDArray[np.float32]] = {}
    with database.write() as unit:
        for shelf in (unit.embeddings.images, unit.embeddings.passages):
            keys = [x.key for x in shelf.missing(space, limit=1000)]  # type: ignore[attr-defined]
            vectors = unit_rows(len(keys))
            shelf.add(space, keys, vectors)  # type: ignore[attr-defined]
            made |= dict(zip(keys, vectors, strict=True))
        unit.commit()
    return made


def decide(database: Database, case_id: str) -> None:
    """Somebody accepts."""
    with database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="accept")
        unit.commit()


def test_what_lacks_a_vector_comes_in_pages(database: Database) -> None:
    for name in "abcde":
        add_case(database, name, records=(MANUAL,))
    with database.read() as unit:
        images, passages = unit.embeddings.images, unit.embeddings.passages
        assert (images.count_missing(ONE), passages.count_missing(ONE)) == (5, 3)
        seen, last = [], None
        while page := images.missing(ONE, limit=2, after=last):
            seen += page
            last = page[-1].key
        assert len(seen) == 5
        assert [x.key for x in seen] == sorted(x.key for x in seen)
        names = [x.attachment.name[0] for x in seen]
        assert [x.attachment for x in seen] == [picture(x) for x in names]
        assert sorted(names) == list("abcde")
        first, second = passages.missing(ONE, limit=2)
        assert (first.text, second.text) == ("Wipe it.", "A hole ☂ is scrap.")
        (third,) = passages.missing(ONE, limit=2, after=second.key)
        assert third.text == "Pack it."


def test_only_what_shows_a_picture_lacks_a_vector(database: Database) -> None:
    files = (
        picture("scan", Role.VOLUME),
        picture("paper", Role.DOCUMENT),
        picture("x", Role.OTHER),
    )
    case_id = add_case(database, "a", attachments=files)
    add_case(database, "b")
    with database.read() as unit:
        (only,) = unit.embeddings.images.missing(ONE, limit=9, case_id=case_id)
    assert only.key == ImageKey(case_id, digest("scan"))


def test_vectors_come_back_in_chunks_of_any_size(database: Database) -> None:
    for name in "abcdefg":
        add_case(database, name, records=(MANUAL,))
    made = embed_all(database)
    with database.read() as unit:
        for chunk in (1, 3, 100):
            found = {
                key: vector
                for shelf in (unit.embeddings.images, unit.embeddings.passages)
                for part in shelf.matrix(ONE, chunk=chunk)  # type: ignore[attr-defined]
                for key, vector in zip(part.keys, part.vectors, strict=True)
            }
            assert found.keys() == made.keys()
            for key, vector in found.items():
                assert vector.dtype == np.float32
                assert vector == pytest.approx(made[key], abs=5e-4)
        sizes = [len(x.keys) for x in unit.embeddings.images.matrix(ONE, chunk=3)]
        assert sizes == [3, 3, 1]
        assert unit.embeddings.images.count_missing(ONE) == 0
        assert unit.embeddings.passages.count_missing(ONE) == 0


def test_each_backbone_has_its_own_vectors(database: Database) -> None:
    case_id = add_case(database, "a", records=(MANUAL,))
    embed_all(database, ONE)
    with database.read() as unit:
        images = unit.embeddings.images
        assert (images.count(ONE), images.count(OTHER)) == (1, 0)
        assert images.count_missing(OTHER) == 1
        assert list(images.matrix(OTHER)) == []
        assert images.of_case(ONE, case_id).vectors.shape == (1, 6)
        assert images.of_case(OTHER, case_id).vectors.shape == (0, 0)
        assert unit.embeddings.passages.count_missing(OTHER) == 3


def test_each_precision_of_a_backbone_has_its_own_vectors(database: Database) -> None:
    case_id = add_case(database, "a", records=(MANUAL,))
    embed_all(database, ONE)
    with database.read() as unit:
        images, passages = unit.embeddings.images, unit.embeddings.passages
        assert (images.count(ONE), images.count(HALF)) == (1, 0)
        assert (images.count_missing(HALF), passages.count_missing(HALF)) == (1, 3)
        assert len(passages.missing(HALF, limit=9)) == 3
        assert list(images.matrix(HALF)) == []
        assert images.of_case(HALF, case_id).keys == ()
        assert images.spaces(ONE.backbone, case_id) == (ONE,)
    embed_all(database, HALF)
    with database.read() as unit:
        images = unit.embeddings.images
        assert (images.count(ONE), images.count(HALF), images.count_missing(HALF)) == (1, 1, 0)
        assert images.spaces(ONE.backbone, case_id) == (HALF, ONE)  # the latest first
        assert images.spaces(OTHER.backbone, case_id) == ()


def test_adding_twice_keeps_the_first(database: Database) -> None:
    case_id = add_case(database, "a")
    key = ImageKey(case_id, digest("a"))
    with database.write() as unit:
        images = unit.embeddings.images
        images.add(ONE, [], np.zeros((0, 2), dtype=np.float32))
        images.add(ONE, [key, key], np.eye(2, dtype=np.float32))
        images.add(ONE, [key], np.eye(2, dtype=np.float32)[1:])
        assert images.of_case(ONE, case_id).vectors.tolist() == [[1, 0]]
        assert images.count(ONE) == 1


def test_filters_choose_the_cases(database: Database) -> None:
    first = add_case(database, "a", records=(MANUAL,))
    add_case(database, "b", product="bolt", records=(MANUAL, record(["note"], "note")))
    add_case(database, "c", domain="scans")
    decide(database, first)
    embed_all(database)
    with database.read() as unit:
        images, passages = unit.embeddings.images, unit.embeddings.passages
        for of, pictures, texts in (
            (CaseFilter(), 3, 4),
            (CaseFilter(domain="parts"), 2, 4),
            (CaseFilter(domain="scans"), 1, 0),
            (CaseFilter(product="tile"), 2, 3),
            (CaseFilter(domain="parts", product="bolt"), 1, 4),
            (CaseFilter(decided=True), 1, 3),
            (CaseFilter(domain="scans", decided=True), 0, 0),
        ):
            assert (images.count(ONE, of), passages.count(ONE, of)) == (pictures, texts), of
            assert sum(len(x.keys) for x in images.matrix(ONE, of)) == pictures
        ((only,),) = [x.keys for x in images.matrix(ONE, CaseFilter(decided=True))]
        assert only.case_id == first


def test_a_case_that_is_open_again_is_not_decided(database: Database) -> None:
    case_id = add_case(database, "a", key="k")
    decide(database, case_id)
    embed_all(database)
    add_case(database, "a2", key="k")
    with database.read() as unit:
        assert unit.embeddings.images.count(ONE, CaseFilter(decided=True)) == 0
        assert unit.embeddings.images.count_missing(ONE) == 1


def test_keys_lead_back_to_cases(database: Database) -> None:
    ids = sorted(add_case(database, name, records=(MANUAL,)) for name in "abc")
    decide(database, ids[1])
    keys = list(embed_all(database))
    images = [x for x in keys if isinstance(x, ImageKey)]
    passages = [x for x in keys if isinstance(x, PassageKey)]
    with database.read() as unit:
        shown = unit.embeddings.images.found(images)
        assert {x.case.id for x in shown.values()} == set(ids)
        assert all(shown[x].attachment.sha256 == x.sha256 for x in images)
        assert {x.case.decided for x in shown.values()} == {None, "accept"}
        cited = unit.embeddings.passages.found(passages)[passages[1]]
        assert (cited.case.id, cited.cases, cited.record) == (ids[0], 3, MANUAL.sha256)
        assert cited.record_name == "manual.txt"
        assert cited.passage == MANUAL.passages[1]
        of = CaseFilter(decided=True)
        narrowed = unit.embeddings.passages.found(passages[:1], of)[passages[0]]
        assert (narrowed.case.id, narrowed.case.title, narrowed.cases) == (
            ids[1], narrowed.case.title, 1,
        )  # fmt: skip
        assert unit.embeddings.images.found([]) == {}
        assert unit.embeddings.passages.found([]) == {}


def test_a_vector_of_nothing_stored_is_refused(database: Database) -> None:
    with database.write() as unit, pytest.raises(Conflict):
        unit.embeddings.images.add(ONE, [ImageKey("c" * 64, "a" * 64)], unit_rows(1))
    with database.write() as unit, pytest.raises(Conflict):
        unit.embeddings.passages.add(ONE, [PassageKey(7, 0)], unit_rows(1))


@pytest.mark.parametrize(
    ("vectors", "word"),
    [
        (np.array([[1, np.nan]]), "not finite"),
        (np.array([[1e6, 0]]), "65504"),
        (np.ones(2), r"shape \(2,\)"),
        (np.ones((1, 0)), r"shape \(1, 0\)"),
    ],
)
def test_bad_vectors_are_refused(database: Database, vectors: Any, word: str) -> None:
    key = ImageKey(add_case(database, "a"), digest("a"))
    with database.write() as unit:
        with pytest.raises(BadValue, match=word):
            unit.embeddings.images.add(ONE, [key], vectors)
        with pytest.raises(ValueError, match="shorter"):
            unit.embeddings.images.add(ONE, [key, key], unit_rows(1))


def test_half_of_a_vector_is_refused_by_the_database(database: Database) -> None:
    key = ImageKey(add_case(database, "a"), digest("a"))
    embed_all(database)
    with pytest.raises(Conflict), database.engine.begin() as connection:
        connection.execute(text("UPDATE image_embeddings SET size = 7"))
    with database.read() as unit:
        assert unit.embeddings.images.of_case(ONE, key.case_id).keys == (key,)


def test_vectors_of_two_lengths_are_told() -> None:
    with pytest.raises(StoreError, match=r"they hold \[2, 3\] numbers.*Delete"):
        from_bytes([*to_bytes(np.ones((1, 2))), *to_bytes(np.ones((1, 3)))])


def test_half_precision_keeps_the_cosine() -> None:
    vectors = unit_rows(2000, 384)
    stored = from_bytes(to_bytes(vectors))
    assert np.abs(stored @ stored[0] - vectors @ vectors[0]).max() < 1e-4


def test_a_case_with_vectors_cannot_be_taken_away(database: Database) -> None:
    add_case(database, "a")
    embed_all(database)
    with pytest.raises(Conflict), database.engine.begin() as connection:
        connection.execute(text("DELETE FROM attachments"))


def test_a_missing_case_is_told(database: Database) -> None:
    with database.read() as unit:
        assert unit.embeddings.images.missing(ONE, limit=1, case_id="c" * 64) == ()
        with pytest.raises(NotFound):
            unit.cases.get("c" * 64)


@pytest.mark.parametrize("way", ["to PostgreSQL", "to SQLite"])
def test_vectors_move_with_everything_else(
    way: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    urls = [f"sqlite:///{tmp_path / 'a.db'}", request.getfixturevalue("postgres_url")]
    start, end = urls if way == "to PostgreSQL" else urls[::-1]
    source = Database.connect(start, audit_key=AUDIT_KEY)
    source.upgrade()
    case_id = add_case(source, "a", records=(MANUAL,))
    embed_all(source)
    source.copy_to(end)
    target = Database.connect(end, audit_key=AUDIT_KEY)
    with source.read() as before, target.read() as after:
        old = before.embeddings.images.of_case(ONE, case_id)
        new = after.embeddings.images.of_case(ONE, case_id)
        assert (old.keys, old.vectors.tolist()) == (new.keys, new.vectors.tolist())
        assert after.embeddings.passages.count(ONE) == 3
    assert (target.check(), target.rows()) == ((), source.rows())
    target.dispose()
    source.dispose()
