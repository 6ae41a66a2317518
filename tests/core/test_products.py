"""What a product may be described as, and what its manual's revisions are called."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from secondlook import Case, CaseStatus, ProductSpec, Zone
from secondlook.errors import UsageError
from secondlook.products import (
    ProductVersion,
    check_pitch,
    check_zones,
    named_revision,
    outdated,
)
from store_values import assessment, record

RIM = Zone(name="rim", left=0, top=0, width=1, height=0.1)
A, B, C = (record([word]) for word in "abc")


@pytest.mark.parametrize("pitch", [None, 0.00001, 0.05, 1, 100])
def test_a_pitch_that_can_be(pitch: float | None) -> None:
    check_pitch(pitch)


@pytest.mark.parametrize("pitch", [0, -0.1, 1e-9, 101, float("nan"), float("inf")])
def test_a_pitch_that_cannot_be_is_refused_with_an_example(pitch: float) -> None:
    with pytest.raises(UsageError, match=r"has 0\.05"):
        check_pitch(pitch)


def test_zones_side_by_side_and_within_each_other() -> None:
    thirds = [Zone(name=str(x), left=x / 3, top=0, width=1 / 3, height=1) for x in range(3)]
    check_zones([RIM, *thirds, Zone(name="all", left=0, top=0, width=1, height=1)])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"left": 0.5}, "outside the picture"),
        ({"left": -0.1}, "outside the picture"),
        ({"top": 0.95}, "outside the picture"),
        ({"width": 0}, "no area"),
        ({"height": -1}, "no area"),
        ({"height": float("nan")}, "no area"),
        ({"name": " "}, "no name"),
    ],
)
def test_a_zone_that_cannot_be(changes: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        check_zones([replace(RIM, **changes)])  # type: ignore[arg-type]


def test_two_zones_of_one_name() -> None:
    for name in ("rim", "RIM", " rim "):
        with pytest.raises(UsageError, match="two zones are called"):
            check_zones([RIM, replace(RIM, name=name, top=0.5)])


def version(ordinal: int, revision: str | None, manual: str | None) -> ProductVersion:
    spec = ProductSpec(revision=revision, manual=manual)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ProductVersion(
        id="v", product="p", domain="d", name="tile", ordinal=ordinal, spec=spec, at=at, by="ann"
    )


def test_revisions_count_on_and_come_back_under_their_name() -> None:
    assert named_revision(A, None, ()) == "1"
    history = (version(1, None, None), version(2, "1", A.sha256), version(3, "Ä", B.sha256))
    assert named_revision(C, None, history) == "3"
    assert named_revision(A, None, history) == "1"
    assert named_revision(C, " 2026-04 ", history) == "2026-04"
    assert named_revision(B, "ä", history) == "Ä"  # the same manual, so the same revision
    assert (
        named_revision(C, None, (*history, version(4, "3", "f" * 64), version(5, "4", "e"))) == "5"
    )


@pytest.mark.parametrize("word", ["", "  ", "x" * 65, "a\nb"])
def test_a_revision_without_a_name(word: str) -> None:
    with pytest.raises(UsageError, match="cannot name a revision"):
        named_revision(A, word, ())


def test_a_name_that_another_manual_has() -> None:
    with pytest.raises(UsageError, match="'B' of tile is another manual already"):
        named_revision(C, "b", (version(1, "B", A.sha256),))


FIRST = ProductSpec(pitch_mm=0.1, zones=(RIM,), revision="A", manual="a" * 64)


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        (None, None, None),
        (None, ProductSpec(), None),
        (FIRST, FIRST, None),
        (FIRST, replace(FIRST, revision="first"), None),
        (FIRST, replace(FIRST, revision="B", manual="b" * 64), "under revision A of the manual"),
        (FIRST, replace(FIRST, pitch_mm=0.2), "with 0.1 mm per pixel"),
        (FIRST, replace(FIRST, zones=()), "with other zones"),
        (FIRST, ProductSpec(), "under revision A of the manual, with 0.1 mm per pixel, with"),
        (None, FIRST, "without the product's manual, without pixel pitch, without zones"),
    ],
)
def test_a_look_under_another_description_is_named(
    a_case: Case, then: ProductSpec | None, now: ProductSpec | None, said: str | None
) -> None:
    look = assessment(a_case.id)
    look = replace(look, provenance=replace(look.provenance, spec=then))
    found = outdated(replace(a_case, spec=now), look)
    if said is None:
        assert found is None
        return
    assert found is not None
    assert found.startswith(f"made {said}")
    assert found.endswith("; not judged again yet")
    decided = outdated(replace(a_case, spec=now, status=CaseStatus.DECIDED), look)
    assert decided is not None
    assert "decided under a later description" in decided
