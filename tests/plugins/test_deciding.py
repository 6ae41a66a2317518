"""The policy: which clause decides, and what no clause may do."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from made_rules import any_places, any_rule, decided_by, disposition, ladders, place, rule, scene

from defect_inspector.clauses import STRICTNESS, Unread
from defect_inspector.comparing import compare
from defect_inspector.deciding import Table, strict
from defect_inspector.kinds import ANY
from defect_inspector.places import AREA, DIAMETER, LENGTH, WIDTH, Place
from defect_inspector.rules import Rule
from defect_inspector.rulings import recommended, rulings
from secondlook import Zone

LONG = place(length=60)  # 6 mm
SHORT = place(length=30)  # 3 mm
SCRAP = rule("scrap", "length", line=2, more_than=5)
ALLOW = rule("accept", "length", line=1, at_most=5)
ZONES = (
    Zone(name="Zone A", left=0, top=0, width=0.5, height=1),
    Zone(name="B", left=0.5, top=0, width=0.5, height=1),
)


def test_the_clause_whose_limit_is_passed_decides() -> None:
    assert disposition([ALLOW, SCRAP], scene(LONG)) == "scrap"
    assert decided_by([ALLOW, SCRAP], scene(LONG)) == "2"
    assert disposition([ALLOW, SCRAP], scene(SHORT)) == "accept"
    assert decided_by([ALLOW, SCRAP], scene(SHORT)) == "1"


def test_a_limit_that_is_kept_lets_pass_and_is_named() -> None:
    assert disposition([SCRAP], scene(SHORT)) == "accept"
    assert decided_by([SCRAP], scene(SHORT)) == "2"


def test_the_worst_place_decides() -> None:
    two = scene(place("1", length=30), place("2", length=60))
    assert disposition([ALLOW, SCRAP], two) == "scrap"
    by = Table.of([ALLOW, SCRAP], two).decide("scratch").by
    assert by is not None and by.place is not None and by.place.name == "2"


def test_what_the_manual_does_not_speak_of_is_held() -> None:
    assert disposition([SCRAP], scene(LONG), "pore") == "hold"
    assert decided_by([SCRAP], scene(LONG), "pore") is None
    assert disposition([], scene(LONG)) == "hold"


def test_a_clause_about_every_defect_decides_for_each_kind_and_none() -> None:
    every = [replace(SCRAP, kinds=frozenset({ANY}))]
    assert [disposition(every, scene(LONG), x) for x in ("pore", None)] == ["scrap", "scrap"]


def test_more_than_is_accepted_without_a_word_on_what_follows_is_held() -> None:
    assert disposition([ALLOW], scene(LONG)) == "hold"
    by = Table.of([ALLOW], scene(LONG)).decide("scratch").by
    assert by is not None and "does not say what follows" in by.note


def test_contradictory_clauses_are_both_cited_and_the_stricter_wins() -> None:
    allow = rule("accept", "length", line=1, at_most=8)
    table = Table.of([allow, SCRAP], scene(LONG))
    outcome = table.decide("scratch")
    made = rulings([x for row in table.told("scratch") for x in row], outcome.by)
    assert outcome.disposition == "scrap"
    assert [(x.number, x.decides, x.applies) for x in made] == [
        ("2", True, True),
        ("1", False, True),
    ]
    assert "contradicts clause 1 (accept): the stricter is taken" in made[0].note


@pytest.mark.parametrize("length", [48.0, 50.0, 52.0])
def test_what_lies_within_the_uncertainty_of_a_limit_is_held(length: float) -> None:
    near = scene(place(length=length, blur=2))
    assert disposition([ALLOW, SCRAP], near) == "hold"
    by = Table.of([ALLOW, SCRAP], near).decide("scratch").by
    assert by is not None and "within the measuring uncertainty" in by.note


def test_a_limit_in_millimetres_without_a_pitch_is_held() -> None:
    told = compare(SCRAP, LONG, scene(LONG, pitch=None))
    assert (told.applies, told.measured) == (None, "length 60 px")
    assert "how many millimetres a pixel is" in told.note
    for pitch in (None, 0.0, float("nan"), -1.0):
        assert disposition([ALLOW, SCRAP], scene(LONG, pitch=pitch)) == "hold"
    assert disposition([rule("scrap")], scene(LONG, pitch=None)) == "scrap"


@pytest.mark.parametrize(
    "given", [rule("scrap", "depth", more_than=1), rule("scrap", "area", unit="%", more_than=5)]
)
def test_what_no_picture_tells_is_held(given: Rule) -> None:
    assert disposition([given], scene(SHORT)) == "hold"


def test_a_sentence_that_could_not_be_read_holds_what_it_speaks_of() -> None:
    unread = Unread(
        quote="Scratches over 5 furlongs",
        passage=0,
        start=0,
        end=25,
        page=None,
        line=9,
        reason="unknown unit",
    )
    odd = Rule(record="m" * 64, record_name="m", kinds=frozenset({"scratch"}), unread=unread)
    assert disposition([ALLOW, odd], scene(SHORT)) == "hold"
    assert disposition([ALLOW, odd, SCRAP], scene(LONG)) == "scrap"
    assert (
        disposition([replace(ALLOW, kinds=frozenset({"pore"})), odd], scene(SHORT), "pore")
        == "accept"
    )


def test_a_clause_holds_only_in_its_zone() -> None:
    in_a = rule("scrap", "length", zone="A", more_than=5)
    left, right = place(length=60, left=50), place(length=60, left=300)
    assert disposition([in_a], scene(left, zones=ZONES)) == "scrap"
    assert disposition([in_a], scene(right, zones=ZONES)) == "hold"
    everywhere = rule("accept", "length", line=3, at_most=9)
    assert disposition([in_a, everywhere], scene(right, zones=ZONES)) == "accept"
    assert (
        disposition([in_a, everywhere], scene(place(length=60, left=170), zones=ZONES)) == "scrap"
    )


def test_a_zone_that_the_product_does_not_have_is_held() -> None:
    odd = rule("scrap", "length", zone="sealing face", more_than=5)
    everywhere = rule("accept", "length", line=3, at_most=9)
    assert disposition([odd, everywhere], scene(LONG, zones=ZONES)) == "hold"
    assert "no zone called 'sealing face'" in compare(odd, LONG, scene(LONG)).note
    assert disposition([odd, everywhere], scene(SHORT, zones=ZONES)) == "accept"


def test_places_are_counted() -> None:
    three = [place(str(x), length=5, left=60 + 80 * x) for x in range(3)]
    allow, scrap = rule("accept", "count", at_most=2), rule("scrap", "count", line=2, more_than=2)
    assert disposition([allow, scrap], scene(*three)) == "scrap"
    assert disposition([allow, scrap], scene(*three[:2])) == "accept"
    in_a = rule("scrap", "count", zone="A", more_than=1)
    assert disposition([in_a], scene(*three, zones=ZONES)) == "scrap"
    assert disposition([in_a], scene(*three[1:], zones=ZONES)) == "accept"
    per = rule("scrap", "count", per="100 cm2", more_than=2)
    assert disposition([per], scene(*three)) == "hold"
    assert disposition([per], scene(*three[:2])) == "accept"


def test_a_distance_is_to_the_nearest_other_place() -> None:
    close = rule("scrap", "distance", less_than=5)
    allow = rule("accept", "length", line=2, at_most=5)
    assert (
        disposition([close, allow], scene(place("1", apart=20.0), place("2", apart=20.0)))
        == "scrap"
    )
    assert (
        disposition([close, allow], scene(place("1", apart=80.0), place("2", apart=80.0)))
        == "accept"
    )
    assert disposition([close, allow], scene(place("1"))) == "accept"
    assert disposition([close], scene(place("1"))) == "hold"


def test_places_that_were_not_measured_keep_a_part_from_passing() -> None:
    assert disposition([ALLOW, SCRAP], scene(SHORT, found=9)) == "hold"
    assert disposition([ALLOW, SCRAP], scene(LONG, found=9)) == "scrap"


def test_nothing_measured_is_held_unless_no_limit_matters() -> None:
    assert disposition([ALLOW, SCRAP], scene()) == "hold"
    assert disposition([rule("scrap")], scene()) == "scrap"


def larger(one: Place, by: float) -> Place:
    """The same place, so many times larger all ways."""
    square = {AREA: by * by, LENGTH: by, WIDTH: by, DIAMETER: by}
    return replace(one, values={x: v * square.get(x, 1.0) for x, v in one.values.items()})


@given(ladders(), any_places(), st.floats(1, 5))
def test_a_larger_defect_never_gets_a_milder_disposition(
    rules: tuple[Rule, ...], places: tuple[Place, ...], by: float
) -> None:
    before = disposition(rules, scene(*places))
    after = disposition(rules, scene(*(larger(x, by) for x in places)))
    if "hold" in (before, after):  # a borderline: rework may follow on it, accept never
        assert (after != "accept" or before == "hold") and (before != "scrap" or after == "scrap")
    assert "hold" in (before, after) or strict(after) >= strict(before)


@given(st.lists(any_rule(), max_size=5), any_rule(), any_places())
def test_a_stricter_clause_never_makes_it_milder(
    rules: list[Rule], more: Rule, places: tuple[Place, ...]
) -> None:
    at = scene(*places)
    before = Table.of(rules, at).decide("scratch")
    assume(before.by is not None and strict(more.disposition) >= strict(before.disposition))
    assume(more.disposition != "accept")
    assert strict(disposition([*rules, more], at)) >= strict(before.disposition)


@given(st.lists(any_rule(), max_size=6), any_places(), st.randoms())
def test_the_order_of_clauses_does_not_matter(
    rules: list[Rule], places: tuple[Place, ...], random: object
) -> None:
    mixed = list(rules)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    at = scene(*places)
    assert disposition(mixed, at) == disposition(rules, at)
    assert decided_by(mixed, at) == decided_by(rules, at)


@given(st.lists(any_rule(), max_size=6), any_places(), st.sampled_from(("scratch", "pore", None)))
def test_what_is_recommended_is_what_the_deciding_ruling_says(
    rules: list[Rule], places: tuple[Place, ...], kind: str | None
) -> None:
    table = Table.of(rules, scene(*places))
    outcome = table.decide(kind)
    made = rulings([x for row in table.told(kind) for x in row], outcome.by)
    assert outcome.disposition in STRICTNESS
    assert recommended(made) == outcome.disposition
    assert sum(x.decides for x in made) == (outcome.by is not None)
