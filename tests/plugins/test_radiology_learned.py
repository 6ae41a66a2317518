"""What the radiology assistant makes of answers: thresholds, slices, and what was not looked at."""

from dataclasses import replace

import numpy as np
import pytest
from case_files import CaseFiles, case_of, match

from radiology_assistant.domain import QUERIES, RadiologyAssistant
from radiology_assistant.settings import RadiologySettings
from scan_files import picture, slices
from secondlook import (
    Answers,
    Attachment,
    LabelProbabilities,
    Measurement,
    ModelOutputs,
    NotLookedAt,
    SliceShare,
    Verdict,
    scans_of,
)
from secondlook.intake.passages import note

FILES = CaseFiles(RadiologyAssistant())
NORMAL = "says nothing about whether it is normal"
LATERAL = NotLookedAt(
    key="a", reason="not_eligible", message="its view is LL, and the adapter is for PA"
)


def answers(**probabilities: float) -> Answers:
    return Answers(
        probabilities=probabilities,
        possible=tuple(probabilities),
        coverage=0.9,
        several=True,
        unfamiliar=False,
        contributions={"image": dict.fromkeys(probabilities, 0.2)},
        thresholds={"pneumothorax": 0.1, "fracture": 0.8},
        thresholds_for="f" * 64,
        fingerprint="f" * 64,
    )


def looked(outputs: ModelOutputs, *files: Attachment) -> Verdict:
    domain = RadiologyAssistant()
    attachments = files or (FILES.attachment("a.png"),)
    case = case_of(domain, attachments, [note("cough", kind="note", name="n")])
    verdict = domain.assess(case, outputs)
    advised = domain.recommend(case, verdict)
    assert (advised == "not_assessed") == (verdict.abstention is not None)
    return verdict


def test_a_finding_is_reported_from_its_own_threshold_on() -> None:
    verdict = looked(ModelOutputs(answers=answers(pneumothorax=0.15, fracture=0.7)))
    (finding,) = verdict.findings
    assert (finding.label, finding.probability, finding.threshold) == ("pneumothorax", 0.15, 0.1)
    assert verdict.abstention is None


def test_of_labels_of_which_one_holds_each_has_its_threshold_too() -> None:
    one = replace(answers(pneumothorax=0.15, fracture=0.25, nothing=0.6), several=False)
    assert [x.label for x in looked(ModelOutputs(answers=one)).findings] == ["pneumothorax"]


def test_thresholds_of_another_model_judge_nothing() -> None:
    other = replace(answers(pneumothorax=0.9), thresholds_for="e" * 64)
    verdict = looked(ModelOutputs(answers=other))
    assert verdict.findings == ()
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "threshold_mismatch"
    assert NORMAL in verdict.abstention.message


def test_an_exam_that_is_not_eligible_is_not_assessed_with_the_reason() -> None:
    blind = replace(answers(pneumothorax=0.9), contributions={"text": {"pneumothorax": 0.5}})
    for said in (None, blind):
        verdict = looked(ModelOutputs(answers=said, not_looked_at=(LATERAL,)))
        assert verdict.findings == ()  # what it makes of the note alone is for another exam
        assert verdict.abstention is not None
        assert verdict.abstention.reason == "not_eligible"
        assert "its view is LL" in verdict.abstention.message
        assert NORMAL in verdict.abstention.message
        assert not any(isinstance(x, LabelProbabilities) for x in verdict.evidence)


def test_what_was_left_out_of_an_exam_that_was_assessed_is_told() -> None:
    outputs = ModelOutputs(answers=answers(pneumothorax=0.9), not_looked_at=(LATERAL, LATERAL))
    verdict = looked(outputs)
    assert verdict.abstention is None
    (told,) = (x for x in verdict.evidence if isinstance(x, Measurement))
    assert told.name == f"not looked at, because {LATERAL.message}"
    assert told.value == 2


def test_the_slices_that_counted_most_are_evidence() -> None:
    shares = tuple(
        SliceShare(attachment="a", place=i, depth=9, share=x)
        for i, x in enumerate((0.5, 0.3, 0.1, 0.1))
    )
    outputs = ModelOutputs(answers=replace(answers(pneumothorax=0.9), slices=shares))
    kept = [x.place for x in looked(outputs).evidence if isinstance(x, SliceShare)]
    assert kept == [0, 1, 2]


def test_pictures_and_slices_are_given_to_the_models() -> None:
    files = [*slices(50), picture(modality="CR")]
    case = case_of(RadiologyAssistant(), files)
    volume, flat = scans_of(files)
    pixels = {
        volume.key: np.zeros((24, 2, 2, 3), np.uint8),
        flat.key: np.zeros((2, 2, 3), np.uint8),
    }
    images = RadiologyAssistant().prepare(case, pixels).images
    assert len(images) == 25
    assert [x.place for x in images][-2:] == [48, None]


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_the_share_that_thresholds_must_find_is_a_setting(share: float) -> None:
    domain = RadiologyAssistant()
    assert domain.sensitivity == 0.95
    domain.configure(RadiologySettings(sensitivity=share))
    assert domain.sensitivity == share


def test_a_mention_stays_a_mention_where_nothing_was_looked_at() -> None:
    domain = RadiologyAssistant()
    query = next(x for x in QUERIES if x.label == "pneumothorax")
    record = note("pneumothorax", kind="note", name="n")
    case = case_of(domain, [FILES.attachment("a.png")], [record])
    outputs = ModelOutputs(matches=(match(query, record, 0.9),), not_looked_at=(LATERAL,))
    verdict = domain.assess(case, outputs)
    assert [x.probability for x in verdict.findings] == [None]
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "not_eligible"


@pytest.mark.parametrize("share", [0.8, 0.4])
def test_what_an_image_is_like_is_told_in_order_and_is_no_finding(share: float) -> None:
    shares = {"stroke": 0.01, "fracture": 0.9 - share, "pneumothorax": share, "pneumonia": 0.09}
    verdict = looked(ModelOutputs(resembles=shares))
    assert verdict.findings == ()
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "only_likeness"
    assert NORMAL in verdict.abstention.message
    told = [x for x in verdict.evidence if isinstance(x, Measurement)]
    assert len(told) == len(verdict.evidence) == 3
    assert [x.value for x in told] == sorted(shares.values(), reverse=True)[:3]
    assert all("not calibrated" in x.name for x in told)
