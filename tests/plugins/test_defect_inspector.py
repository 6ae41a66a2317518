"""The defect inspector: which files make a part, and what is said about it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from case_files import CaseFiles, account, case_of, match
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from defect_inspector.domain import DefectInspector
from defect_inspector.plugin import flag_assessment
from defect_inspector.settings import InspectorSettings
from secondlook import (
    NOTHING,
    Act,
    AnomalyMap,
    Answers,
    CaseSource,
    CitedPassage,
    Decision,
    FindingAct,
    Flag,
    ImageOutputs,
    ManifestRow,
    ModalityContribution,
    ModelOutputs,
    PriorCase,
    Query,
    Region,
    Verdict,
)
from secondlook.intake.passages import note

FILES = CaseFiles(DefectInspector())
QUERIES = tuple(Query(label=x.code, text=x.description) for x in DefectInspector.taxonomy.labels)


def output(
    image: str, score: float, threshold: float = 2.0, *, unfamiliar: bool = False
) -> ImageOutputs:
    scores = np.zeros((4, 8), dtype=np.float32)
    scores[1, 2:4] = score
    return ImageOutputs(
        attachment=image,
        score=score,
        threshold=threshold,
        anomaly_map=scores,
        nearest="e" * 64,
        reject=2 * threshold,
        unfamiliar=unfamiliar,
    )


def stored(image: str) -> AnomalyMap:
    return AnomalyMap(attachment=image, blob="b" * 64, low=0, high=3)


def test_each_picture_is_a_part_and_the_manual_goes_with_all() -> None:
    pictures = FILES.picture("a.png"), FILES.picture("b.png")
    manual = FILES.document("README.md")
    opened, unused = account(FILES.domain, CaseSource(files=(manual, *pictures), product="tile"))
    assert [x.case.title for x in opened] == ["a.png", "b.png"]
    assert [x.case.records for x in opened] == [(manual.record,)] * 2
    assert [x.case.product for x in opened] == ["tile", "tile"]
    assert [len(x.case.attachments) for x in opened] == [2, 2]
    assert [x.files for x in opened] == [(pictures[0], manual), (pictures[1],)]
    assert unused == []


def test_a_manifest_groups_pictures_and_keeps_records_apart() -> None:
    given_note = note("Customer complains.", kind="manual", name="note")
    source = CaseSource(
        files=(
            FILES.picture("1.png", row=0),
            FILES.picture("2.png", row=1),
            FILES.document("spec.txt", row=1),
            FILES.picture("3.png", row=2),
        ),
        rows=(
            ManifestRow(case="A"),
            ManifestRow(case="A", note=given_note),
            ManifestRow(case=None),
        ),
        records=(note("For all.", kind="manual", name="all"),),
    )
    (first, second), _ = account(FILES.domain, source)
    assert first.case.name == first.case.title == "A"
    assert [x.name for x in first.case.attachments] == ["1.png", "2.png", "spec.txt"]
    assert [x.name for x in first.case.records] == ["note", "spec.txt", "all"]
    assert [x.name for x in second.case.records] == ["all"]


def test_documents_alone_open_nothing() -> None:
    opened, unused = account(FILES.domain, CaseSource(files=(FILES.document("manual.pdf"),)))
    assert opened == []
    assert "no picture" in unused[0].reason


def test_the_same_bytes_are_one_part() -> None:
    picture = FILES.picture("a.png")
    copy = replace(picture, source="copy/a.png")
    opened, unused = account(FILES.domain, CaseSource(files=(picture, copy)))
    assert len(opened) == 1
    assert unused[0].reason == "the same bytes as a.png"


@given(st.lists(FILES.any_file(rows=3), max_size=12))
def test_every_file_is_accounted_for_once(files: list[tuple[str, int | None, str]]) -> None:
    source = CaseSource(
        files=tuple(FILES.build(*x) for x in files),
        rows=(ManifestRow(case="A"), ManifestRow(case="A"), ManifestRow(case=None)),
    )
    account(FILES.domain, source)


def test_a_flagged_part_is_held_with_its_evidence() -> None:
    domain = DefectInspector()
    manual = note("Scratches over 2 mm: reject.", kind="manual", name="m.txt")
    case = case_of(domain, [FILES.attachment("a.png", width=80, height=20)], [manual])
    image = case.attachments[0].sha256
    outputs = ModelOutputs(
        images=(output(image, 3.0),),
        matches=(match(QUERIES[1], manual, 0.6), match(QUERIES[2], manual, 0.5)),
        maps={image: stored(image)},
    )
    verdict = domain.assess(case, outputs)
    (finding,) = verdict.findings
    assert (finding.label, finding.score, finding.threshold) == ("anomaly", 3.0, 2.0)
    assert finding.probability is None
    region = Region(attachment=image, left=20, top=5, width=20, height=5, score=3.0, name="1")
    nearest = PriorCase(reference="e" * 64, similarity=0.4)
    assert finding.evidence[:3] == (stored(image), nearest, region)
    (cited,) = [x for x in finding.evidence if isinstance(x, CitedPassage)]
    assert (cited.text, cited.similarity, cited.query) == (manual.text, 0.6, QUERIES[1].text)
    assert (verdict.score, verdict.priority, domain.recommend(case, verdict)) == (1.5, 1, "hold")


def test_a_clean_part_is_accepted_and_cites_nothing() -> None:
    domain = DefectInspector()
    manual = note("Scratches over 2 mm: reject.", kind="manual", name="m.txt")
    case = case_of(domain, [FILES.attachment("a.png")], [manual])
    image = case.attachments[0].sha256
    outputs = ModelOutputs(images=(output(image, 2.0),), matches=(match(QUERIES[1], manual, 0.9),))
    verdict = domain.assess(case, outputs)
    assert verdict.findings == ()
    assert verdict.score == 1.0
    assert verdict.priority == 0
    assert domain.recommend(case, verdict) == "accept"


def test_the_worst_of_several_images_decides() -> None:
    domain = DefectInspector()
    case = case_of(domain, [FILES.attachment("a.png"), FILES.attachment("b.png")])
    good, bad = (x.sha256 for x in case.attachments)
    verdict = domain.assess(case, ModelOutputs(images=(output(good, 1.0), output(bad, 5.0))))
    assert verdict.findings[0].score == 5.0
    regions = [x for x in verdict.findings[0].evidence if isinstance(x, Region)]
    assert [x.attachment for x in regions] == []  # no facts about the size, so no pixels


def test_regions_join_at_corners_and_are_bounded_by_the_settings() -> None:
    domain = DefectInspector()
    domain.configure(InspectorSettings(max_regions=1))
    case = case_of(domain, [FILES.attachment("a.png", rows=40, columns=40)])
    image = case.attachments[0].sha256
    scores = np.zeros((4, 4), dtype=np.float32)
    scores[0, 0] = scores[1, 1] = 3
    scores[3, 3] = 4
    outputs = ModelOutputs(images=(replace(output(image, 4.0), anomaly_map=scores),))
    regions = [x for x in domain.assess(case, outputs).findings[0].evidence]
    assert [x for x in regions if isinstance(x, Region)] == [
        Region(attachment=image, left=30, top=30, width=10, height=10, score=4.0, name="1")
    ]


def test_without_an_adapter_it_abstains_and_names_the_command() -> None:
    domain = DefectInspector()
    case = replace(case_of(domain, [FILES.attachment("a.png")]), product="tile")
    verdict = domain.assess(case, ModelOutputs())
    assert verdict.abstention is not None
    assert (verdict.abstention.part, verdict.abstention.reason) == ("image", "no_adapter")
    assert "secondlook learn defect-inspector --goods DIR --product tile" in (
        verdict.abstention.message
    )
    assert domain.recommend(case, verdict) is None


def test_a_part_without_a_picture_is_not_judged() -> None:
    domain = DefectInspector()
    verdict = domain.assess(case_of(domain, []), ModelOutputs())
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "no_image"


def test_only_pictures_are_prepared() -> None:
    domain = DefectInspector()
    manual = note("Text.", kind="manual", name="m")
    case = case_of(domain, [FILES.attachment("a.png")], [manual])
    pixels = {case.attachments[0].sha256: np.zeros((4, 4, 3), dtype=np.uint8)}
    inputs = domain.prepare(case, pixels)
    assert [x.attachment for x in inputs.images] == [case.attachments[0].sha256]
    assert inputs.records == (manual,)
    assert {x.label for x in inputs.queries} == {x.code for x in domain.taxonomy.labels}


def test_the_models_read_the_clauses_of_a_manual_and_not_its_other_pages() -> None:
    domain = DefectInspector()
    text = "Keep the machine clean and dry.\n\nCracks are not permitted.\n"
    manual = note(text, kind="manual", name="m")
    inputs = domain.prepare(case_of(domain, [FILES.attachment("a.png")], [manual]), {})
    (read,) = inputs.records
    assert [x.text for x in read.passages] == ["Cracks are not permitted."]
    assert read.text == manual.text  # what a passage cites stays where it was


def test_a_flagged_part_without_a_clause_is_cautioned() -> None:
    domain = DefectInspector()
    case = case_of(domain, [FILES.attachment("a.png")])
    image = case.attachments[0].sha256
    flagged = FILES.assessment(domain.assess(case, ModelOutputs(images=(output(image, 3.0),))))
    clean = FILES.assessment(Verdict())
    far = replace(case, records=(note("Delivery.", kind="manual", name="m"),))
    assert [x.code for x in flag_assessment(case, flagged)] == ["no_manual"]
    assert [x.code for x in flag_assessment(far, flagged)] == ["no_passage"]
    assert list(flag_assessment(case, clean)) == []
    assert list[Flag](flag_assessment(replace(case, domain="other"), flagged)) == []


def test_every_disposition_it_recommends_is_its_own() -> None:
    assert {"hold", "accept"} <= {x.code for x in DefectInspector.dispositions}


def answers(unfamiliar: bool = False, **probabilities: float) -> Answers:
    return Answers(
        probabilities=probabilities,
        possible=tuple(x for x, p in probabilities.items() if p > 0.1),
        coverage=0.9,
        several=False,
        unfamiliar=unfamiliar,
        contributions={"image": {x: 0.1 for x in probabilities}},
    )


def judged(unusual: float | None, said: Answers | None) -> Verdict:
    """What is said of one picture; `unusual` is its score in units of the threshold."""
    case = case_of(FILES.domain, [FILES.attachment("a.png")])
    image = case.attachments[0].sha256
    images = () if unusual is None else (output(image, 2 * unusual),)
    return FILES.domain.assess(case, ModelOutputs(images=images, answers=said))


def test_labels_name_what_the_comparison_with_goods_flags() -> None:
    verdict = judged(1.5, answers(pore=0.7, scratch=0.2, nothing=0.1))
    (finding,) = verdict.findings
    assert (finding.label, finding.probability, finding.score) == ("pore", 0.7, 3.0)
    assert any(isinstance(x, ModalityContribution) for x in finding.evidence)


def test_a_grade_that_was_learned_says_how_severe_and_is_no_kind_of_defect() -> None:
    said = replace(answers(pore=0.6, major=0.8, critical=0.3), several=True, possible=())
    (finding,) = judged(1.5, said).findings
    assert (finding.label, finding.probability, finding.severity) == ("pore", 0.6, "major")
    (finding,) = judged(1.5, replace(said, probabilities={"major": 0.8})).findings
    assert (finding.label, finding.severity) == ("anomaly", "major")
    (finding,) = judged(1.5, replace(said, probabilities={"pore": 0.6, "major": 0.4})).findings
    assert finding.severity == "borderline"


def test_goods_and_labels_together_order_parts_where_an_adapter_has_learned_how() -> None:
    said = answers(pore=0.2, nothing=0.8)
    assert judged(1.5, said).score == 1.5
    assert judged(1.5, replace(said, blended=0.45)).score == 0.9
    assert judged(1.5, replace(said, blended=0.45)).findings  # it orders, and clears nothing


def test_labels_never_clear_what_the_comparison_with_goods_flags() -> None:
    verdict = judged(1.5, answers(pore=0.01, scratch=0.01, nothing=0.98))
    (finding,) = verdict.findings
    assert (finding.label, finding.probability) == ("anomaly", None)
    assert (
        FILES.domain.recommend(case_of(FILES.domain, [FILES.attachment("a.png")]), verdict)
        == "hold"
    )


def test_the_comparison_with_goods_never_clears_what_the_labels_find() -> None:
    verdict = judged(0.5, answers(pore=0.4, scratch=0.3, nothing=0.3))
    (finding,) = verdict.findings
    assert (finding.label, finding.probability) == ("pore", 0.4)
    assert verdict.score == 1.4


def test_labels_that_were_learned_without_good_parts_flag_nothing_by_themselves() -> None:
    only_kinds = answers(pore=0.9, scratch=0.1)
    assert judged(0.5, only_kinds).findings == ()
    assert judged(1.5, only_kinds).findings[0].label == "pore"


def test_a_part_like_none_that_was_learned_from_is_judged_by_goods_alone() -> None:
    odd = answers(unfamiliar=True, pore=0.9, nothing=0.1)
    assert judged(0.5, odd).findings == ()
    assert judged(1.5, odd).findings[0].label == "anomaly"
    abstention = judged(None, odd).abstention
    assert abstention is not None
    assert abstention.reason == "unfamiliar"


@given(st.floats(0, 5), st.floats(0.001, 1), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_worse_look_never_ranks_or_decides_lower(
    unusual: float, pore: float, scratch: float, good: float
) -> None:
    total = pore + scratch + good
    said = answers(pore=pore / total, scratch=scratch / total, nothing=good / total)
    alone, both = judged(unusual, None), judged(unusual, said)
    assert both.score >= alone.score
    assert len(both.findings) >= len(alone.findings)
    assert (both.score > 1) == bool(both.findings) or both.score == 1


def test_a_site_adds_kinds_of_defect_of_its_own() -> None:
    domain = DefectInspector()
    domain.configure(InspectorSettings(labels={"weld_spatter": "drops of weld metal"}))
    assert domain.taxonomy["weld_spatter"].title == "weld spatter"
    assert DefectInspector.taxonomy is not domain.taxonomy
    with pytest.raises(ValidationError, match="stands for a part without a defect"):
        InspectorSettings(labels={NOTHING: "x"})
    with pytest.raises(ValidationError, match="pattern"):
        InspectorSettings(labels={"Weld spatter": "x"})


@pytest.mark.parametrize(
    ("disposition", "acts", "labels"),
    [
        ("accept", {}, set()),
        ("accept", {"anomaly": "reject"}, set()),
        ("scrap", {"anomaly": "reject", "crack": "add"}, {"crack"}),
        ("rework", {"pore": "agree"}, {"pore"}),
        ("scrap", {}, {"anomaly"}),
        ("hold", {}, None),
    ],
)
def test_what_a_decision_teaches(
    disposition: str, acts: dict[str, str], labels: set[str] | None
) -> None:
    decision = Decision(
        id="d",
        case_id="c",
        reviewer="ada",
        disposition=disposition,
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        acts=tuple(FindingAct(label=x, act=Act(y)) for x, y in acts.items()),
    )
    assert FILES.domain.decided_labels(None, decision) == labels


@pytest.mark.parametrize(
    ("unusual", "severity", "priority"), [(0.9, None, 0), (1.5, "borderline", 1), (2.5, "clear", 2)]
)
def test_what_hardly_any_good_part_reaches_comes_first(
    unusual: float, severity: str | None, priority: int
) -> None:
    verdict = judged(unusual, None)
    assert [x.severity for x in verdict.findings] == ([severity] if severity else [])
    assert verdict.priority == priority


@pytest.mark.parametrize("unusual", [4.5, 0.5])
def test_a_picture_of_something_else_is_said_to_be_one_and_never_passes(
    unusual: float,
) -> None:
    case = case_of(FILES.domain, [FILES.attachment("a.png"), FILES.attachment("b.png")])
    one, two = (x.sha256 for x in case.attachments)
    strange = output(one, 2 * unusual, unfamiliar=True)
    verdict = FILES.domain.assess(case, ModelOutputs(images=(strange, output(two, 1.0))))
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "unfamiliar"
    assert "1 of 2 pictures" in verdict.abstention.message
    assert verdict.priority >= 1
    assert bool(verdict.findings) == (unusual > 1)
    assert FILES.domain.recommend(case, verdict) is None


def test_a_picture_that_was_taken_badly_never_passes_and_says_why() -> None:
    case = case_of(FILES.domain, [FILES.attachment("a.png")])
    told = ("the picture is much darker than the good ones were", "it is out of focus")
    image = replace(output(case.attachments[0].sha256, 0.5), condition=told, unfamiliar=True)
    verdict = FILES.domain.assess(case, ModelOutputs(images=(image,)))
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "condition"
    assert verdict.abstention.message == (
        "The picture is much darker than the good ones were; it is out of focus. Take it again, or "
        "look at the part itself."
    )
    assert FILES.domain.recommend(case, verdict) is None


@pytest.mark.parametrize(
    ("said", "label"),
    [
        (answers(pore=0.34, scratch=0.13, nothing=0.53), "pore"),
        (answers(pore=0.25, scratch=0.24, nothing=0.51), "pore"),
        (answers(pore=0.22, scratch=0.21, crack=0.06, nothing=0.51), "anomaly"),
        (answers(pore=0.04, scratch=0.01, nothing=0.95), "anomaly"),
    ],
)
def test_a_flagged_part_gets_the_kind_that_beats_all_others_together(
    said: Answers, label: str
) -> None:
    assert judged(1.5, said).findings[0].label == label
