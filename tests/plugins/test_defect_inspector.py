"""The defect inspector: which files make a part, and what is said about it."""

from dataclasses import replace

import numpy as np
from case_files import CaseFiles, account, case_of, match
from hypothesis import given
from hypothesis import strategies as st

from defect_inspector.domain import QUERIES, DefectInspector
from defect_inspector.plugin import flag_assessment
from defect_inspector.settings import InspectorSettings
from secondlook import (
    AnomalyMap,
    CaseSource,
    CitedPassage,
    Flag,
    ImageOutputs,
    ManifestRow,
    ModelOutputs,
    PriorCase,
    Region,
    Verdict,
)
from secondlook.intake.passages import note

FILES = CaseFiles(DefectInspector())


def output(image: str, score: float, threshold: float = 2.0) -> ImageOutputs:
    scores = np.zeros((4, 8), dtype=np.float32)
    scores[1, 2:4] = score
    return ImageOutputs(
        attachment=image,
        score=score,
        threshold=threshold,
        anomaly_map=scores,
        nearest="e" * 64,
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
    region = Region(attachment=image, left=20, top=5, width=20, height=5, score=3.0)
    assert finding.evidence[:2] == (stored(image), region)
    assert finding.evidence[2] == PriorCase(reference="e" * 64, similarity=0.4)
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
        Region(attachment=image, left=30, top=30, width=10, height=10, score=4.0)
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
