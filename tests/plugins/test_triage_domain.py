"""The radiology assistant keeps to its policy: bands, thresholds of the model, triage only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from radiology_assistant.domain import RadiologyAssistant
from radiology_assistant.settings import RadiologySettings
from secondlook import NOTHING, Answers, Attachment, Case, ModelOutputs, Role

NOW = datetime.now(UTC)
EXAM = Case(
    id="c" * 64,
    domain="radiology-assistant",
    title="chest",
    product=None,
    attachments=(
        Attachment(sha256="a" * 64, name="a.png", media_type="image/png", size=1, role=Role.IMAGE),
    ),
    records=(),
    opened_at=NOW,
)
SAID = Answers(
    probabilities={"pneumothorax": 0.4, "pneumonia": 0.9},
    possible=(),
    coverage=0.9,
    several=True,
    unfamiliar=False,
    contributions={"image": {"pneumothorax": 0.1, "pneumonia": 0.2}},
    thresholds={"pneumothorax": 0.3, "pneumonia": 0.95},
    fingerprint="f" * 64,
    thresholds_for="f" * 64,
    learned=NOW - timedelta(days=100),
)


def assistant(**triage: Any) -> RadiologyAssistant:
    """The domain as a site sets it."""
    domain = RadiologyAssistant()
    domain.configure(RadiologySettings.model_validate({"triage": triage}))
    return domain


def look(domain: RadiologyAssistant, answers: Answers | None) -> tuple[str, int, str | None]:
    """Recommendation, priority and why nothing was assessed."""
    verdict = domain.assess(EXAM, ModelOutputs(answers=answers))
    reason = verdict.abstention.reason if verdict.abstention else None
    return domain.recommend(EXAM, verdict), verdict.priority, reason


def test_the_thresholds_of_the_adapter_decide() -> None:
    assert look(assistant(), SAID) == ("critical", 3, None)
    higher = replace(SAID, thresholds={"pneumothorax": 0.5, "pneumonia": 0.95})
    assert look(assistant(), higher) == ("routine", 1, None)


def test_without_thresholds_even_odds_hold() -> None:
    assert look(assistant(), replace(SAID, thresholds={}, thresholds_for="")) == ("urgent", 2, None)


def test_thresholds_of_another_model_judge_nothing() -> None:
    other = replace(SAID, thresholds_for="e" * 64)
    assert look(assistant(), other) == ("not_assessed", 2, "threshold_mismatch")


def test_thresholds_that_are_too_old_judge_nothing_and_raise_nothing() -> None:
    domain = assistant(threshold_days=99)
    assert look(domain, SAID) == ("not_assessed", 2, "threshold_expired")
    assert domain.assess(EXAM, ModelOutputs(answers=SAID)).findings == ()
    assert look(assistant(threshold_days=101), SAID)[0] == "critical"


def test_thresholds_of_an_unknown_age_are_too_old_where_age_counts() -> None:
    said = replace(SAID, learned=None)
    assert look(assistant(threshold_days=9), said)[2] == "threshold_expired"
    assert look(assistant(), said)[0] == "critical"


def test_a_label_without_a_threshold_judges_nothing() -> None:
    said = replace(SAID, thresholds={"pneumonia": 0.95})
    assert look(assistant(), said) == ("not_assessed", 2, "threshold_missing")


def test_what_is_recommended_never_stands_above_the_priority() -> None:
    """Of one label that holds, the most probable is reported below even odds."""
    said = replace(
        SAID,
        several=False,
        probabilities={"pneumothorax": 0.35, "pneumonia": 0.25, NOTHING: 0.40},
        thresholds={},
        thresholds_for="",
    )
    assert look(assistant(), said) == ("critical", 3, None)


def test_without_an_adapter_an_exam_stands_where_the_site_says() -> None:
    assert look(assistant(not_assessed="critical"), None) == ("not_assessed", 3, "no_adapter")
    assert look(assistant(), None) == ("not_assessed", 2, "no_adapter")


def test_a_site_moves_a_finding() -> None:
    assert look(assistant(findings={"pneumothorax": "routine"}), SAID) == ("routine", 1, None)


@pytest.mark.parametrize("wanted", [True, False])
def test_triage_only_is_a_setting(wanted: bool) -> None:
    domain = RadiologyAssistant()
    domain.configure(RadiologySettings(triage_only=wanted))
    assert domain.triage_only is wanted
    assert (domain.queue().order, domain.queue().unassessed) == ("waiting", "not_assessed")


def test_nothing_is_said_of_an_exam_with_a_document_that_was_not_read() -> None:
    unread = replace(EXAM.attachments[0], sha256="b" * 64, facts={"attachments_unread": 1})
    exam = replace(EXAM, attachments=(*EXAM.attachments, unread))
    quiet = replace(SAID, thresholds={"pneumothorax": 0.99, "pneumonia": 0.99})
    domain = assistant()
    verdict = domain.assess(exam, ModelOutputs(answers=quiet))
    assert verdict.abstention is not None and verdict.abstention.reason == "document_unread"
    assert (domain.recommend(exam, verdict), verdict.priority) == ("not_assessed", 2)
    found = domain.assess(exam, ModelOutputs(answers=SAID))
    assert found.abstention is None and found.priority == 3
    assert look(domain, quiet) == ("routine", 1, None)
