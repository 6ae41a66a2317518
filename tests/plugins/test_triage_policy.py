"""Which band an exam belongs in: by thresholds that are its model's own, never below routine."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from radiology_assistant.policy import MESSAGES, Policy, Thresholds, refusal
from radiology_assistant.policy_settings import TriageSettings
from radiology_assistant.taxonomy import TAXONOMY
from secondlook import NOTHING, Abstention, Answers, Finding

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = "a" * 64
LABELS = ("pneumothorax", "pneumonia", "nodule_or_mass")
POLICY = Policy()
BANDS = {"critical": 3, "urgent": 2, "not_assessed": 2, "routine": 1}
SHARES = st.floats(0, 1)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""


def answers(*values: float, **more: float) -> Answers:
    """Probabilities of the labels in their order."""
    said = dict(zip(LABELS, values, strict=False)) | more
    return Answers(probabilities=said, possible=(), coverage=0.9, several=True, unfamiliar=False)


def thresholds(value: float = 0.5, **changes: object) -> Thresholds:
    """One threshold for all labels."""
    made = {"values": dict.fromkeys(LABELS, value), "fingerprint": MODEL} | changes
    return Thresholds(**made)  # type: ignore[arg-type]  # any of its fields


def mention(label: str, *, named: bool = True) -> Finding:
    """A passage of a note that names the label, or only comes close."""
    severity = TAXONOMY[label].severity if named else None
    return Finding(label=label, title=label, score=0.7, severity=severity)


@pytest.mark.parametrize(
    ("values", "band", "reason"),
    [
        ((0.6, 0.9, 0.9), "critical", "pneumothorax"),
        ((0.4, 0.5, 0.9), "urgent", "pneumonia"),
        ((0.4, 0.4, 0.9), "routine", "nodule_or_mass"),
        ((0.4, 0.4, 0.1), "routine", "nothing_found"),
    ],
)
def test_what_reaches_its_threshold_decides(
    values: tuple[float, ...], band: str, reason: str
) -> None:
    placed = POLICY.band((), answers(*values), None, thresholds(), model=MODEL, at=NOW)
    assert (placed.code, placed.priority, placed.reason) == (band, BANDS[band], reason)
    assert refusal(placed) is None


@pytest.mark.parametrize(
    ("given_thresholds", "model", "reason"),
    [
        (None, MODEL, "threshold_missing"),
        (thresholds(values={"pneumothorax": 0.5}), MODEL, "threshold_missing"),
        (thresholds(), "b" * 64, "threshold_mismatch"),
        (thresholds(), None, "threshold_mismatch"),
        (thresholds(fingerprint=""), "", "threshold_mismatch"),
        (thresholds(expires=NOW), MODEL, "threshold_expired"),
        (thresholds(math.nan), MODEL, "threshold_invalid"),
        (thresholds(1.5), MODEL, "threshold_invalid"),
    ],
)
def test_a_threshold_that_does_not_fit_judges_nothing(
    given_thresholds: Thresholds | None, model: str | None, reason: str
) -> None:
    placed = POLICY.band((), answers(0.9, 0.9, 0.9), None, given_thresholds, model=model, at=NOW)
    assert (placed.code, placed.priority, placed.reason) == ("not_assessed", 2, reason)
    said = refusal(placed)
    assert said is not None and said.reason == reason
    assert "says nothing about whether it is normal" in said.message


def test_numbers_that_are_none_judge_nothing() -> None:
    placed = POLICY.band((), answers(math.nan, 0.1, 0.1), None, thresholds(), model=MODEL, at=NOW)
    assert placed.reason == "answers_invalid"


@pytest.mark.parametrize("more", [{}, {NOTHING: 1.0}])
def test_answers_about_no_finding_are_none(more: dict[str, float]) -> None:
    """Else an adapter that answers for no label would say of every exam that nothing was found."""
    placed = POLICY.band((), answers(**more), None, thresholds(), model=MODEL, at=NOW)
    assert (placed.code, placed.reason) == ("not_assessed", "answers_invalid")


@QUIET
@given(
    values=st.tuples(SHARES, SHARES, SHARES),
    wrong=st.sampled_from(["model", "expired", "missing"]),
    age=st.timedeltas(timedelta(0), timedelta(days=3000)),
)
def test_no_answer_outweighs_a_threshold_that_does_not_fit(
    values: tuple[float, ...], wrong: str, age: timedelta
) -> None:
    bad = {
        "model": thresholds(fingerprint="b" * 64),
        "expired": thresholds(expires=NOW - age),
        "missing": None,
    }[wrong]
    placed = POLICY.band((), answers(*values), None, bad, model=MODEL, at=NOW)
    assert placed.code == "not_assessed" and placed.reason in MESSAGES


@QUIET
@given(
    values=st.tuples(SHARES, SHARES, SHARES),
    more=st.tuples(SHARES, SHARES, SHARES),
    limit=SHARES,
    said=st.sets(st.sampled_from(LABELS)),
)
def test_more_is_never_less(
    values: tuple[float, ...], more: tuple[float, ...], limit: float, said: set[str]
) -> None:
    """Higher probabilities or another mention never put an exam lower."""
    higher = tuple(max(x, y) for x, y in zip(values, more, strict=True))
    mentions = tuple(mention(x) for x in sorted(said))
    low = POLICY.band((), answers(*values), None, thresholds(limit), model=MODEL, at=NOW)
    high = POLICY.band(mentions, answers(*higher), None, thresholds(limit), model=MODEL, at=NOW)
    assert high.priority >= low.priority >= 1


@QUIET
@given(st.sampled_from(["critical", "urgent", "routine"]))
def test_not_assessed_is_never_below_routine(where: str) -> None:
    policy = Policy(settings=TriageSettings(not_assessed=where))  # type: ignore[arg-type]
    declined = Abstention(part="case", reason="unfamiliar", message="It is like none.")
    placed = policy.band((), None, declined, None, at=NOW)
    assert (placed.code, placed.reason) == ("not_assessed", "unfamiliar")
    routine = policy.queue.band("routine").priority
    assert placed.priority == policy.queue.floor >= routine


def test_a_mention_raises_and_changes_no_band() -> None:
    mentions = (mention("stroke"), mention("fracture", named=False))
    placed = POLICY.band(mentions, None, None, None, at=NOW)
    assert (placed.code, placed.priority, placed.reason) == ("not_assessed", 3, "no_adapter")
    near = POLICY.band((mention("stroke", named=False),), None, None, None, at=NOW)
    assert near.priority == 2


def test_the_site_chooses_where_a_finding_belongs() -> None:
    policy = Policy(settings=TriageSettings(findings={"nodule_or_mass": "critical"}))
    placed = policy.band((), answers(0.1, 0.1, 0.9), None, thresholds(), model=MODEL, at=NOW)
    assert (placed.code, placed.reason) == ("critical", "nodule_or_mass")
    assert policy.queue.findings["nodule_or_mass"] == "critical"


def test_nothing_to_be_found_is_no_finding() -> None:
    said = answers(0.1, 0.1, 0.1, **{NOTHING: 0.99})
    assert POLICY.band((), said, None, thresholds(), model=MODEL, at=NOW).code == "routine"


def test_the_limits_of_the_site_are_those_of_the_queue() -> None:
    queue = TriageSettings(routine_minutes=60, urgent_minutes=0, not_assessed_minutes=0).queue()
    assert (queue.longest(1), queue.longest(2), queue.longest(3)) == (
        timedelta(minutes=60),
        None,
        None,
    )
    assert queue.order == "waiting"


@pytest.mark.parametrize(
    "wrong",
    [
        {"findings": {"flu": "urgent"}},
        {"findings": {"stroke": "soon"}},
        {"not_assessed": "last"},
        {"routine_minutes": -1},
    ],
)
def test_words_that_name_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TriageSettings.model_validate(wrong)


def test_thresholds_grow_too_old_for_the_site() -> None:
    policy = Policy(settings=TriageSettings(threshold_days=5))
    assert policy.expires(NOW) == NOW + timedelta(days=5)
    assert (POLICY.expires(None), POLICY.expires(NOW)) == (None, None)
    unknown = policy.expires(None)
    assert unknown is not None and unknown < NOW  # nobody knows its age: too old


def test_a_mention_recommends_nothing() -> None:
    found = Finding(label="pneumonia", title="Pneumonia", probability=0.9, severity="urgent")
    assert POLICY.recommended((mention("stroke"), found)) == "urgent"
    assert POLICY.recommended((mention("stroke"),)) == "routine"
