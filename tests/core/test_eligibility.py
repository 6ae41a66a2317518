"""What an adapter may look at: learned from facts, narrowed by people, never widened."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scan_files import picture, slices
from secondlook import scans_of
from secondlook.eligibility import Eligibility
from secondlook.errors import UsageError
from secondlook.scans import Scan

NAMES = ("modality", "body_part", "view", "age_years")


def scan(**facts: str | int) -> Scan:
    return scans_of([picture(**facts)])[0]


def test_it_is_what_was_learned_with() -> None:
    learned = [
        scan(modality="CR", view="PA", age_years=30),
        scan(modality="DX", view="AP", age_years=71),
    ]
    rule = Eligibility.of(learned, NAMES)
    assert rule.values == {"kind": ("picture",), "modality": ("CR", "DX"), "view": ("AP", "PA")}
    assert rule.ranges == {"age_years": (30, 71)}
    assert all(rule.refusal(x) is None for x in learned)
    assert rule.refusal(scan(modality="CR", view="PA", age_years=71, body_part="HAND")) is None


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"modality": "CT", "view": "PA", "age_years": 40}, "its modality is CT"),
        ({"modality": "CR", "view": "LATERAL", "age_years": 40}, "its view is LATERAL"),
        ({"modality": "CR", "view": "PA", "age_years": 7}, "its age lies outside of 30 to 71"),
        ({"modality": "CR", "view": "PA"}, "its age is not stated"),
        ({"view": "PA", "age_years": 40}, "its modality is not stated"),
    ],
)
def test_what_is_unlike_is_refused_with_the_reason(facts: dict[str, str | int], said: str) -> None:
    learned = [
        scan(modality="CR", view="PA", age_years=30),
        scan(modality="CR", view="AP", age_years=71),
    ]
    assert said in (Eligibility.of(learned, NAMES).refusal(scan(**facts)) or "")


def test_what_was_not_always_stated_need_not_be() -> None:
    rule = Eligibility.of([scan(modality="CR", view="PA"), scan(modality="CR")], NAMES)
    assert rule.unstated == ("view",)
    assert rule.refusal(scan(modality="CR")) is None
    assert rule.refusal(scan(modality="CR", view="LATERAL")) is not None


def test_a_volume_is_no_picture() -> None:
    rule = Eligibility.of([scan(modality="CT")], NAMES)
    (volume,) = scans_of(slices(5, modality="CT"))
    assert rule.refusal(volume) == "its kind is volume, and the adapter is for picture"


def test_people_narrow_it_or_state_what_no_file_did() -> None:
    rule = Eligibility.of([scan(view="PA"), scan(view="AP")], NAMES)
    narrow = rule.narrowed_to({"view": "PA", "age_years": "18-80"}, NAMES)
    assert narrow.narrowed == ("age_years", "view")
    assert narrow.refusal(scan(view="PA", age_years=40)) is None
    assert "view is AP" in (narrow.refusal(scan(view="AP", age_years=40)) or "")
    assert "age lies outside of 18 to 80" in (narrow.refusal(scan(view="PA", age_years=9)) or "")
    assert "age is not stated" in (narrow.refusal(scan(view="PA")) or "")


def test_cases_that_a_person_chose_need_not_state_what_that_person_says() -> None:
    rule = Eligibility.of([scan(view="PA")], NAMES).narrowed_to({"age_years": "18-80"}, NAMES)
    assert rule.refusal(scan(view="PA")) is not None
    assert rule.trusting().refusal(scan(view="PA")) is None
    assert rule.trusting().refusal(scan(view="PA", age_years=7)) is not None


@pytest.mark.parametrize(
    "asked",
    [
        {"view": "LATERAL"},
        {"view": ""},
        {"age_years": "80-90"},
        {"age_years": "old"},
        {"age_years": "60-40"},
        {"weight": "1-2"},
        {"kind": "volume"},
    ],
)
def test_nobody_widens_it(asked: dict[str, str]) -> None:
    rule = Eligibility.of([scan(view="PA", age_years=20), scan(view="AP", age_years=60)], NAMES)
    with pytest.raises(UsageError, match="--eligible"):
        rule.narrowed_to(asked, NAMES)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(st.integers(0, 120), st.integers(0, 120), st.integers(0, 120), st.integers(0, 120))
def test_narrowing_never_lets_more_in(low: int, high: int, least: int, age: int) -> None:
    rule = Eligibility.of([scan(age_years=low), scan(age_years=high)], NAMES)
    one = scan(age_years=age)
    try:
        narrow = rule.narrowed_to({"age_years": f"{least}-200"}, NAMES)
    except UsageError:
        return
    assert rule.refusal(one) is None or narrow.refusal(one) is not None
