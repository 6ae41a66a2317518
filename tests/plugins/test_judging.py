"""The same part under this manual and that: rulings, kinds of defect, and judging again."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from case_files import CaseFiles, case_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from defect_inspector import rules
from defect_inspector.domain import DefectInspector
from defect_inspector.plugin import flag_assessment
from secondlook import (
    Answers,
    Assessment,
    Case,
    ImageOutputs,
    Measurement,
    ModelOutputs,
    ProductSpec,
    Provenance,
    Record,
    Region,
    Ruling,
    Verdict,
    Zone,
)
from secondlook.intake.passages import note

FILES = CaseFiles(DefectInspector())
DOMAIN = DefectInspector()
PITCH = 0.1
STRICT = "3.2 Scratches longer than 2 mm are scrapped. Scratches up to 2 mm are accepted.\n"
LAX = "7 Scratches up to 20 mm are accepted. Scratches longer than 20 mm are scrapped.\n"
MANUALS = (
    "",
    STRICT,
    LAX,
    "Pores with a diameter above 1 mm lead to scrap.\nPores up to 1 mm are accepted.\n",
    "Any surface defect with an area above 10 mm² is scrapped.\n",
    "Kratzer über 5 mm Länge: Ausschuss. Kratzer bis 5 mm Länge sind zulässig.\n",
    "划痕长度大于5毫米：报废。划痕长度不超过5毫米：允许。\n",
    "Scratches longer than 5 mm in zone A are scrapped. More than 2 scratches: rework.\n",
    "Scratches deeper than 0.1 mm are scrapped.\n",
    "Scratches longer than 5 mm are reworked (major). Cracks are not permitted.\n",
)


def manual(text: str) -> Record:
    return note(text, kind="manual", name="manual.md")


def part(
    *texts: str, pitch: float | None = PITCH, zones: tuple[Zone, ...] = (), pictures: int = 1
) -> Case:
    images = [FILES.attachment(f"{x}.png", width=160, height=120) for x in range(pictures)]
    case = case_of(DOMAIN, images, [manual(x) for x in texts])
    return replace(case, spec=ProductSpec(pitch_mm=pitch, zones=zones))


def answers(**probabilities: float) -> Answers:
    return Answers(
        probabilities=probabilities,
        possible=tuple(x for x, p in probabilities.items() if p > 0.1),
        coverage=0.9,
        several=False,
        unfamiliar=False,
    )


SCRATCH = answers(scratch=0.95, nothing=0.05)


def line(length: int = 60) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A grey picture (120, 160) with a bright line of a known length, and its map."""
    grain = np.random.default_rng(length).normal(120, 4, (120, 160, 1)).repeat(3, axis=2)
    grain[58:62, 40 : 40 + length] = 230
    scores = np.zeros((30, 40), dtype=np.float32)
    scores[13:17, 9 : 11 + length // 4] = 3.0
    return grain.clip(0, 255).astype(np.uint8), scores


def seen(
    case: Case, length: int = 60, said: Answers | None = SCRATCH, **more: object
) -> ModelOutputs:
    pixels, scores = line(length)
    image = ImageOutputs(
        attachment=case.attachments[0].sha256,
        score=3.0,
        threshold=2.0,
        anomaly_map=scores,
        reject=4.0,
        pixels=pixels,
    )
    return ModelOutputs(images=(replace(image, **more),), answers=said)  # type: ignore[arg-type]


def made(case: Case, verdict: Verdict) -> Assessment:
    return Assessment(
        id="1",
        case_id=case.id,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        provenance=Provenance(code_version="0", inputs="0"),
        findings=verdict.findings,
        evidence=verdict.evidence,
        disposition=DOMAIN.recommend(case, verdict),
        abstention=verdict.abstention,
        score=verdict.score,
        priority=verdict.priority,
    )


def rulings_of(verdict: Verdict) -> list[Ruling]:
    return [e for f in verdict.findings for e in f.evidence if isinstance(e, Ruling)]


def test_the_same_picture_has_another_disposition_under_another_manual() -> None:
    for text, wanted, number in ((STRICT, "scrap", "3.2"), (LAX, "accept", "7")):
        case = part(text)
        verdict = DOMAIN.assess(case, seen(case))
        (deciding,) = [x for x in rulings_of(verdict) if x.decides]
        assert DOMAIN.recommend(case, verdict) == wanted
        assert deciding.number == number
        assert case.records[0].text[deciding.start : deciding.end] == deciding.text


def test_a_ruling_gives_the_measure_beside_its_limit() -> None:
    case = part(STRICT)
    (first, *_) = rulings_of(DOMAIN.assess(case, seen(case)))
    assert first.decides and first.applies and first.region == "1"
    assert first.limit == "length above 2 mm"
    value = float(first.measured.removeprefix("length ").split(" mm")[0])
    assert value == pytest.approx(6.0, rel=0.05)


def test_measures_are_stored_in_pixels_and_in_millimetres_where_the_pitch_is_known() -> None:
    for pitch, units in ((PITCH, {"px", "px2", "mm", "mm2"}), (None, {"px", "px2"})):
        case = part(STRICT, pitch=pitch)
        finding = DOMAIN.assess(case, seen(case)).findings[0]
        of_it = [x for x in finding.evidence if isinstance(x, Measurement) and x.region == "1"]
        assert {x.unit for x in of_it} == units
        lengths = {x.unit: x.value for x in of_it if x.name == "length"}
        assert lengths["px"] == pytest.approx(60, rel=0.05)
        assert lengths.get("mm", 6.0) == pytest.approx(6.0, rel=0.05)


def test_several_pictures_name_their_places_through() -> None:
    case = part(STRICT, pictures=2)
    first = seen(case).images[0]
    other = replace(first, attachment=case.attachments[1].sha256, score=5.0)
    verdict = DOMAIN.assess(case, ModelOutputs(images=(first, other), answers=SCRATCH))
    regions = [x for x in verdict.findings[0].evidence if isinstance(x, Region)]
    assert [(x.name, x.attachment) for x in regions] == [
        ("1", case.attachments[1].sha256),
        ("2", case.attachments[0].sha256),
    ]


@pytest.mark.parametrize(
    ("texts", "said", "wanted"),
    [
        ((), SCRATCH, "hold"),
        (("",), SCRATCH, "hold"),
        (("Wipe the part before inspection.",), SCRATCH, "hold"),
        (("Pores above 1 mm: scrap.",), SCRATCH, "hold"),
        (("Scratches longer than 5 furlongs are scrapped.",), SCRATCH, "hold"),
        ((STRICT, LAX), SCRATCH, "scrap"),
        ((LAX,), None, "hold"),
        ((STRICT,), None, "hold"),
        (("Any surface defect longer than 3 mm is scrapped.",), None, "scrap"),
        (("Kratzer über 5 mm Länge: Ausschuss.",), SCRATCH, "scrap"),
        (("划痕长度大于5毫米：报废。",), SCRATCH, "scrap"),
        (
            ("Scratches, also called hairs, are defects. Hairs longer than 5 mm: scrap.",),
            SCRATCH,
            "scrap",
        ),
    ],
)
def test_what_manuals_say_of_a_scratch_of_6_mm(
    texts: tuple[str, ...], said: Answers | None, wanted: str
) -> None:
    case = part(*texts)
    assert DOMAIN.recommend(case, DOMAIN.assess(case, seen(case, said=said))) == wanted


def test_an_unknown_kind_is_held_by_the_clause_of_a_kind_it_could_be() -> None:
    case = part(STRICT + "4 Pores are accepted.\n")
    (first, *others) = rulings_of(DOMAIN.assess(case, seen(case, said=None)))
    assert (first.number, first.decides, first.applies, first.disposition) == (
        "3.2",
        True,
        None,
        "scrap",
    )
    assert first.note == "only if it is a scratch"
    assert all(x.applies is not True for x in others)


def test_a_kind_that_cannot_be_ruled_out_and_asks_for_more_is_held() -> None:
    case = part("Scratches are accepted. Cracks are not permitted.")
    sure, unsure = SCRATCH, answers(scratch=0.7, crack=0.25, nothing=0.05)
    assert DOMAIN.recommend(case, DOMAIN.assess(case, seen(case, said=sure))) == "accept"
    assert DOMAIN.recommend(case, DOMAIN.assess(case, seen(case, said=unsure))) == "hold"


def test_what_it_looks_most_like_decides_only_where_no_other_kind_asks_for_more() -> None:
    like = {"resembles": {"scratch": 0.9, "crack": 0.1}}
    for text, wanted in ((STRICT, "scrap"), (LAX, "accept"), (LAX + "Cracks: scrap.", "hold")):
        case = part(text)
        verdict = DOMAIN.assess(case, replace(seen(case, said=None), **like))  # type: ignore[arg-type]
        assert verdict.findings[0].label == "anomaly"
        assert DOMAIN.recommend(case, verdict) == wanted


def test_severity_is_the_clauses_where_it_says_one() -> None:
    case = part(MANUALS[-1])
    assert DOMAIN.assess(case, seen(case)).findings[0].severity == "major"
    case = part(STRICT)
    assert DOMAIN.assess(case, seen(case)).findings[0].severity == "borderline"


def test_a_picture_of_something_else_has_rulings_and_no_recommendation() -> None:
    case = part(STRICT)
    verdict = DOMAIN.assess(case, seen(case, unfamiliar=True))
    assert rulings_of(verdict)
    assert DOMAIN.recommend(case, verdict) is None


def test_a_further_manual_that_comes_with_a_case_judges_beside_the_products() -> None:
    for texts, own, wanted in (((STRICT, LAX), 1, "scrap"), ((STRICT, LAX), 0, "scrap")):
        case = part(*texts)
        assert case.spec is not None
        case = replace(case, spec=replace(case.spec, manual=case.records[own].sha256))
        assert DOMAIN.recommend(case, DOMAIN.assess(case, seen(case))) == wanted
    alone = replace(case, records=case.records[1:])
    alone = replace(alone, spec=ProductSpec(pitch_mm=PITCH, manual=alone.records[0].sha256))
    assert DOMAIN.recommend(alone, DOMAIN.assess(alone, seen(alone))) == "accept"


def test_a_manual_is_read_once_for_all_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = rules.read_clauses
    monkeypatch.setattr(rules, "read_clauses", lambda x: (read.append(x.sha256), real(x))[1])
    text = "9 Scratches longer than 3 mm are scrapped once and for all.\n"
    for _ in range(5):
        case = part(text)
        DOMAIN.assess(case, seen(case))
    assert len(read) == 1


def test_a_place_without_a_border_is_held_by_any_limit() -> None:
    case = part(STRICT)
    verdict = DOMAIN.assess(case, seen(case, pixels=None))
    (first, *_) = rulings_of(verdict)
    assert (DOMAIN.recommend(case, verdict), first.applies) == ("hold", None)
    assert first.measured.startswith("length about ") and "border does not stand out" in first.note


def test_places_beyond_the_limit_are_told_and_hold_the_part() -> None:
    domain = DefectInspector()
    domain.configure(domain.settings_class(max_regions=1))
    case = part(LAX)
    scores = np.zeros((30, 40), dtype=np.float32)
    scores[::8, ::8] = 3.0
    outputs = ModelOutputs(
        images=(replace(seen(case).images[0], anomaly_map=scores, pixels=None),), answers=SCRATCH
    )
    verdict = domain.assess(case, outputs)
    assert domain.recommend(case, verdict) == "hold"
    flags = flag_assessment(case, made(case, verdict))
    assert [x.code for x in flags] == ["places_left_out"]
    assert "20 places were found, the worst 1 were measured" in flags[0].message


def test_assessments_without_measures_are_not_judged_again() -> None:
    case = part(STRICT)
    old = made(case, DOMAIN.assess(case, seen(case)))
    bare = replace(
        old.findings[0],
        evidence=tuple(x for x in old.findings[0].evidence if not isinstance(x, Measurement)),
    )
    assert DOMAIN.rejudge(case, replace(old, findings=(bare,))) is None


def test_a_part_in_which_nothing_was_found_stays_accepted() -> None:
    case = part(STRICT)
    outputs = replace(seen(case, said=None), images=(replace(seen(case).images[0], score=1.0),))
    before = made(case, DOMAIN.assess(case, outputs))
    again = DOMAIN.rejudge(part(LAX), before)
    assert before.disposition == "accept"
    assert again is not None and DOMAIN.recommend(case, again) == "accept"


ZONES = (Zone(name="A", left=0, top=0, width=0.4, height=1),)
SAID = (
    None,
    SCRATCH,
    answers(pore=0.9, nothing=0.1),
    answers(scratch=0.5, crack=0.4, nothing=0.1),
    answers(scratch=0.3, pore=0.3, crack=0.3, nothing=0.1),
)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.sampled_from(MANUALS), st.sampled_from((None, 0.05, 0.2)), st.booleans()),
    st.tuples(st.sampled_from(MANUALS), st.sampled_from((None, 0.05, 0.2)), st.booleans()),
    st.lists(st.tuples(st.integers(0, 28), st.integers(0, 36), st.integers(1, 9)), max_size=4),
    st.sampled_from(SAID),
    st.booleans(),
    st.booleans(),
)
def test_judging_again_says_what_a_fresh_look_would(
    before: tuple[str, float | None, bool],
    after: tuple[str, float | None, bool],
    spots: list[tuple[int, int, int]],
    said: Answers | None,
    strange: bool,
    seen_too: bool,
) -> None:
    one, two = (part(x, pitch=p, zones=ZONES if z else ()) for x, p, z in (before, after))
    scores = np.zeros((30, 40), dtype=np.float32)
    pixels = np.random.default_rng(len(spots)).normal(120, 4, (120, 160, 1)).repeat(3, axis=2)
    for row, column, length in spots:
        scores[row : row + 2, column : column + length] = 2.5 + row / 30
        pixels[4 * row + 2 : 4 * row + 6, 4 * column + 2 : 4 * (column + length) - 2] = 230
    grey = pixels.clip(0, 255).astype(np.uint8) if seen_too else None
    outputs = seen(one, said=said, anomaly_map=scores, pixels=grey, unfamiliar=strange)
    fresh = DOMAIN.assess(two, outputs)
    again = DOMAIN.rejudge(two, made(one, DOMAIN.assess(one, outputs)))
    assert again == fresh
    assert DOMAIN.recommend(two, again) == DOMAIN.recommend(two, fresh)
    twice = DOMAIN.rejudge(two, made(two, again))
    assert twice == fresh
