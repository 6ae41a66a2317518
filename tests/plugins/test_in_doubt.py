"""A part passes only where no clause may say otherwise: what is in doubt is held, and says why."""

from dataclasses import replace

import numpy as np
import pytest
from made_rules import decided_by, disposition, place, rule, scene
from numpy.typing import NDArray
from test_judging import DOMAIN, LAX, PITCH, SCRATCH, STRICT, answers, made, part, rulings_of, seen

from defect_inspector.clauses import read_clauses
from defect_inspector.comparing import compare
from defect_inspector.deciding import Table
from defect_inspector.kinds import ANY
from defect_inspector.places import APART, FURTHER, Place
from defect_inspector.plugin import flag_assessment
from defect_inspector.rules import Rule
from defect_inspector.rulings import rulings
from secondlook import Answers, Case, LabelProbabilities, ModelOutputs, ProductSpec, Verdict, Zone
from secondlook.intake.passages import note

ZONES = (
    Zone(name="A", left=0, top=0, width=0.5, height=1),
    Zone(name="B", left=0.5, top=0, width=0.5, height=1),
)
TWO = rule("accept", "length", line=1, at_most=2)
EIGHT = rule("accept", "length", line=2, at_most=8)
FOUR_MM = place(length=40)


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (EIGHT, rule("accept", "length", zone="A", at_most=2), 50),
        (rule("accept", "length", zone="B", line=2, at_most=8), TWO, 300),
        (
            rule("accept", "length", zone="A", at_most=2),
            rule("accept", "length", zone="B", line=2, at_most=8),
            180,
        ),
        (TWO, EIGHT, 50),
        (TWO, rule("accept", "length", line=2, kinds={ANY}, at_most=8), 50),
        (TWO, rule("accept", "length", line=2, kinds={ANY}, more_than=2, at_most=8), 50),
        (
            rule("accept", "length", zone="A", at_most=2),
            rule("accept", "length", line=2, at_least=2),
            50,
        ),
        (rule("accept", "length", line=1, at_most=3), rule("accept", "length", at_least=1), 50),
        (rule("accept", "length", zone="sealing face", at_most=2), EIGHT, 50),
    ],
)
def test_of_two_limits_of_what_is_accepted_both_hold(first: Rule, second: Rule, left: int) -> None:
    at = scene(place(length=40, left=left), zones=ZONES)
    for rules in ([first, second], [second, first]):
        assert disposition(rules, at) == "hold"


@pytest.mark.parametrize("length", [15, 40, 70])
def test_ranges_that_go_on_where_others_end_are_one(length: int) -> None:
    steps = [
        TWO,
        rule("accept", "length", line=2, more_than=0.2, at_most=0.5, unit="cm"),
        rule("accept", "length", line=3, more_than=5, at_most=8),
    ]
    assert disposition(steps, scene(place(length=length))) == "accept"
    assert disposition(steps, scene(place(length=90))) == "hold"


def test_a_zone_that_is_not_known_does_not_hold_what_it_would_accept() -> None:
    unknown = rule("accept", "length", zone="sealing face", at_most=5)
    assert disposition([unknown, EIGHT], scene(FOUR_MM)) == "accept"
    assert disposition([unknown], scene(FOUR_MM)) == "hold"
    assert decided_by([unknown], scene(FOUR_MM)) == "1"


EDGE = "Scratches closer than 5 mm to the edge are scrapped"
APART_SAID = "Scratches closer than 5 mm to each other are scrapped"


@pytest.mark.parametrize(
    ("quote", "apart", "wanted"),
    [
        (EDGE, 20.0, "hold"),
        (EDGE, None, "hold"),
        ("Kratzer näher als 5 mm an der Außenkante", 80.0, "hold"),
        ("距边缘小于5毫米", 80.0, "hold"),
        (APART_SAID, 20.0, "scrap"),
        (APART_SAID, 80.0, "accept"),
        (APART_SAID, None, "accept"),
        ("In the primer, scratches less than 5 mm apart", 80.0, "accept"),
        ("Brandflecken mit weniger als 5 mm zwischen ihnen", 80.0, "accept"),
        ("Scratches of trimmed parts within 5 mm", 20.0, "scrap"),
        ("Scratches of trimmed parts within 5 mm", 80.0, "hold"),
        ("Scratches within 5 mm of each other or of the rim", 80.0, "hold"),
    ],
)
def test_a_distance_to_the_edge_of_the_part_is_not_known(
    quote: str, apart: float | None, wanted: str
) -> None:
    close = rule("scrap", "distance", line=2, less_than=5, quote=quote)
    assert disposition([EIGHT, close], scene(place(length=40, left=200, apart=apart))) == wanted


def test_a_distance_to_places_that_were_not_measured_is_not_known() -> None:
    far = rule("accept", "distance", line=2, at_least=5, quote=APART_SAID)
    at = scene(place(apart=80.0), found=9)
    assert compare(far, at.places.known[0], at).applies is None
    assert at.places.known[0].value(APART) == 80.0


def recommended(case: Case, **given: object) -> str | None:
    return DOMAIN.recommend(case, DOMAIN.assess(case, seen(case, **given)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        LAX + "Except on sealing faces, where nothing over 1 mm is permitted.\n",
        "## 划痕\n\n长度不超过20毫米：允许。\n除非客户同意，否则报废。\n",
    ],
)
def test_a_sentence_that_could_not_be_read_holds_every_kind(text: str) -> None:
    case = part(text)
    verdict = DOMAIN.assess(case, seen(case))
    (first, *_) = rulings_of(verdict)
    assert DOMAIN.recommend(case, verdict) == "hold"
    assert first.decides and "could not be read" in first.note


def test_what_people_noted_does_not_judge() -> None:
    said = note("Scratches are accepted.", kind="note", name="line 2")
    for case, wanted in ((part(), "hold"), (part(STRICT), "scrap")):
        case = replace(case, records=(*case.records, said))
        verdict = DOMAIN.assess(case, seen(case))
        assert DOMAIN.recommend(case, verdict) == wanted
        assert all(x.record != said.sha256 for x in rulings_of(verdict))
    case = replace(part(), records=(said,))
    flags = flag_assessment(case, made(case, DOMAIN.assess(case, seen(case))))
    assert [x.code for x in flags] == ["no_manual"]


def test_a_specification_judges_too() -> None:
    told = note(STRICT, kind="specification", name="customer.md")
    case = part(LAX)
    assert recommended(replace(case, records=(*case.records, told))) == "scrap"


def test_without_the_manual_that_the_product_names_nothing_judges() -> None:
    case = replace(part(LAX), spec=ProductSpec(pitch_mm=PITCH, manual="f" * 64))
    verdict = DOMAIN.assess(case, seen(case))
    assert DOMAIN.recommend(case, verdict) == "hold"
    assert not rulings_of(verdict)
    (flag,) = flag_assessment(case, made(case, verdict))
    assert flag.code == "manual_missing"


GENERAL = "Surface defects up to 20 mm are accepted.\nCracks are not permitted: scrap.\n"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (answers(scratch=0.45, stain=0.45, nothing=0.1), "hold"),
        (answers(scratch=0.45, stain=0.45, crack=0.05, nothing=0.05), "accept"),
        (answers(scratch=0.95, nothing=0.05), "accept"),
        (None, "hold"),
    ],
)
def test_a_kind_that_was_never_learned_cannot_be_ruled_out(
    said: Answers | None, wanted: str
) -> None:
    case = part(GENERAL)
    assert recommended(case, said=said) == wanted


def test_an_anomaly_may_be_of_a_kind_that_no_one_taught() -> None:
    case = part("Surface defects up to 20 mm are accepted.\nSpatter longer than 1 mm: scrap.\n")
    verdict = DOMAIN.assess(case, seen(case, said=None))
    odds = LabelProbabilities(
        probabilities={"scratch": 0.4, "stain": 0.4, "nothing": 0.2},
        possible=("scratch", "stain"),
        coverage=0.9,
    )
    finding = replace(verdict.findings[0], evidence=(*verdict.findings[0].evidence, odds))
    again = DOMAIN.rejudge(case, made(case, replace(verdict, findings=(finding,))))
    assert again is not None
    assert DOMAIN.recommend(case, again) == "hold"


def test_a_named_kind_comes_with_a_caution_of_kinds_never_learned() -> None:
    case = part(GENERAL)
    verdict = DOMAIN.assess(case, seen(case))
    (flag,) = flag_assessment(case, made(case, verdict))
    assert flag.code == "never_learned"
    assert "The manual speaks of a crack: the adapter never learned this" in flag.message
    known = DOMAIN.assess(case, seen(case, said=answers(scratch=0.95, crack=0.05)))
    assert not flag_assessment(case, made(case, known))


def test_a_likely_kind_is_possible_though_no_set_was_told() -> None:
    both = replace(answers(scratch=0.95, crack=0.93), possible=(), several=True)
    assert recommended(part(GENERAL), said=both) == "hold"


def further(length: float, more: float) -> Place:
    one = place(length=length)
    return replace(one, values={**one.values, FURTHER: more})


def test_what_the_map_flags_beyond_a_border_may_pass_a_limit() -> None:
    scrap = rule("scrap", "length", line=2, more_than=5)
    allow = rule("accept", "length", line=1, at_most=5)
    for rules in ([allow, scrap], [scrap], [allow]):
        assert disposition(rules, scene(further(30, 60))) == "hold"
    assert disposition([allow, scrap], scene(further(30, 5))) == "accept"
    assert disposition([allow, scrap], scene(further(60, 60))) == "scrap"
    told = compare(scrap, further(30, 60), scene(further(30, 60)))
    assert told.measured == "length 3.0 mm (± 0.2), at most 9.21 mm"
    assert "the map flags more" in told.note
    area = rule("scrap", "area", more_than=3)
    assert disposition([area], scene(further(30, 60))) == "hold"


TOTALS = (
    "The total length of all scratches above 5 mm",
    "Gesamtlänge aller Kratzer über 5 mm",
    "Die Summe der Kratzerlängen über 5 mm",
    "划痕总长度大于5毫米",
    "划痕累计长度大于5毫米",
)


@pytest.mark.parametrize("quote", TOTALS)
def test_what_all_come_to_is_held_against_a_limit_of_a_total(quote: str) -> None:
    total = rule("scrap", "length", line=2, more_than=5, quote=quote)
    four, short = [place(x, length=40) for x in "12"], [place(x, length=15) for x in "12"]
    assert disposition([EIGHT, total], scene(*four)) == "hold"
    assert disposition([EIGHT, total], scene(*short)) == "accept"
    assert disposition([EIGHT, total], scene(four[0])) == "accept"
    assert disposition([EIGHT, total], scene(place(length=60), short[1])) == "scrap"
    told = compare(total, four[0], scene(*four))
    assert told.place is None and "all places come to" in told.note
    beside = scene(four[0])
    beside = replace(beside, places=replace(beside.places, specks=3))
    assert disposition([EIGHT, total], beside) == "hold"


def test_a_total_in_a_zone_is_of_what_lies_there() -> None:
    total = rule("scrap", "length", line=2, more_than=5, zone="A", quote=TOTALS[0])
    there, elsewhere = place("1", length=40, left=50), place("2", length=40, left=300)
    assert disposition([EIGHT, total], scene(there, elsewhere, zones=ZONES)) == "accept"
    both = scene(there, place("2", length=40, left=60), zones=ZONES)
    assert disposition([EIGHT, total], both) == "hold"


def test_a_count_is_at_least_what_one_picture_shows_and_at_most_all() -> None:
    scrap = rule("scrap", "count", per="part", more_than=1)
    one, other = place("1", length=40), place("2", length=40)
    elsewhere = replace(other, region=replace(other.region, attachment="b" * 64))
    assert disposition([EIGHT, scrap], scene(one, other)) == "scrap"
    assert disposition([EIGHT, scrap], scene(one, elsewhere)) == "hold"
    beside = scene(one)
    beside = replace(beside, places=replace(beside.places, specks=10))
    told = compare(scrap, one, beside)
    assert (told.applies, told.measured) == (None, "count 1 to 11")
    assert told.note == "with 10 marks that are too small to be measured"


def test_places_outside_of_every_zone_are_none_per_zone() -> None:
    scrap = rule("scrap", "count", per="zone", more_than=1)
    right = [place(x, length=40, left=300) for x in "12"]
    told = compare(scrap, right[0], scene(*right, zones=ZONES[:1]))
    assert told.outside and told.note == "what was found lies in no zone of the product"
    assert disposition([scrap], scene(*right, zones=ZONES[:1])) == "hold"


MINOR = rule("accept", severity="minor", line=1)
MAJOR = rule("scrap", severity="major", line=2)


@pytest.mark.parametrize(
    ("grade", "wanted"), [(None, "hold"), ("minor", "accept"), ("major", "scrap")]
)
def test_clauses_that_differ_in_severity_wait_for_a_grade(grade: str | None, wanted: str) -> None:
    at = replace(scene(FOUR_MM), grade=grade)
    assert disposition([MINOR, MAJOR], at) == wanted
    table = Table.of([MINOR, MAJOR], at)
    outcome = table.decide("scratch")
    made_of = rulings([x for row in table.told("scratch") for x in row], outcome.by)
    assert ("was not judged" in made_of[0].note) == (grade is None)
    assert "contradicts" not in made_of[0].note


def test_severities_that_limits_tell_apart_need_no_grade() -> None:
    small = rule("accept", "length", severity="minor", at_most=5)
    large = rule("scrap", "length", severity="major", line=2, more_than=5)
    assert disposition([small, large], scene(FOUR_MM)) == "accept"
    assert disposition([small, large], scene(place(length=60))) == "scrap"
    assert disposition([MINOR, large], replace(scene(place(length=60)), grade="minor")) == "hold"


def test_what_is_accepted_of_minor_ones_is_not_of_graver_ones() -> None:
    assert disposition([MINOR], replace(scene(FOUR_MM), grade="critical")) == "hold"
    assert disposition([MINOR], replace(scene(FOUR_MM), grade="minor")) == "accept"


def graded_by(case: Case, grade: str) -> Verdict:
    said = replace(SCRATCH, probabilities={**SCRATCH.probabilities, grade: 0.9})
    return DOMAIN.assess(case, seen(case, said=said))


def test_a_learned_grade_chooses_the_clause() -> None:
    case = part("Minor scratches are acceptable.\nMajor scratches are scrapped.\n")
    assert recommended(case) == "hold"
    for grade, wanted in (("minor", "accept"), ("major", "scrap")):
        assert DOMAIN.recommend(case, graded_by(case, grade)) == wanted


def test_a_picture_that_cannot_be_measured_keeps_the_part_from_passing() -> None:
    case = part(LAX, pictures=2)
    odd = replace(case.attachments[1], facts={})
    case = replace(case, attachments=(case.attachments[0], odd))
    first = seen(case).images[0]
    other = replace(first, attachment=odd.sha256, pixels=None)
    verdict = DOMAIN.assess(case, ModelOutputs(images=(first, other), answers=SCRATCH))
    assert DOMAIN.recommend(case, verdict) == "hold"
    flags = flag_assessment(case, made(case, verdict))
    assert [x.code for x in flags] == ["places_left_out"]


def test_a_clause_tells_the_measure_of_every_place_that_it_applies_to() -> None:
    scrap = rule("scrap", "length", more_than=3)
    table = Table.of([scrap], scene(place("1", length=90), place("2", length=40)))
    told = [x for row in table.told("scratch") for x in row]
    (only,) = rulings(told, table.decide("scratch").by)
    assert (only.region, only.note) == ("1", "also 2 (length 4.0 mm)")


def pictured(*shapes: tuple[slice, slice, int]) -> NDArray[np.uint8]:
    grey = np.random.default_rng(1).normal(120, 4, (240, 320, 1)).repeat(3, axis=2)
    for rows, columns, level in shapes:
        grey[rows, columns] = level
    return grey.clip(0, 255).astype(np.uint8)


FADING = pictured((slice(120, 123), slice(60, 160), 85), (slice(120, 123), slice(95, 125), 10))
DASHED = pictured(*((slice(120, 123), slice(60 + 26 * k, 78 + 26 * k), 20) for k in range(4)))


@pytest.mark.parametrize("pixels", [FADING, DASHED])
def test_a_scratch_that_fades_or_breaks_is_not_accepted_as_a_short_one(
    pixels: NDArray[np.uint8],
) -> None:
    case = part("Scratches up to 5 mm are accepted. Scratches longer than 5 mm are scrapped.\n")
    sized = replace(case.attachments[0], facts={"width": 320, "height": 240})
    case = replace(case, attachments=(sized,))
    scores = np.zeros((60, 80), dtype=np.float32)
    scores[29:32, 14:41] = 3.0
    assert recommended(case, pixels=pixels, anomaly_map=scores) == "hold"


def test_a_sentence_about_keeping_records_is_listed_and_judges_no_part() -> None:
    text = "# Plate\n\n## 2 Surface\n\n2.1 Scratches up to 20 mm are accepted.\n\n## 3 Records\n\n"
    text += "3.1 Every rejected plate is recorded with a picture and the measured value.\n"
    found = read_clauses(note(text, kind="manual", name="m"))
    assert [x.aside for x in found.unread] == [True]
    case = part(text)
    verdict = DOMAIN.assess(case, seen(case))
    assert DOMAIN.recommend(case, verdict) == "accept"


def test_a_sentence_on_how_to_look_that_could_not_be_read_judges_no_part() -> None:
    text = "1.1 Inspect each plate under diffuse light at 40 cm.\n\n2.1 Scratches up to 20 mm are accepted.\n"
    assert read_clauses(note(text, kind="manual", name="m")).unread
    case = part(text)
    verdict = DOMAIN.assess(case, seen(case))
    assert DOMAIN.recommend(case, verdict) == "accept"
