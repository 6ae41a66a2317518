"""The closed lists of reasons and severities that the built-in domains bring."""

import pytest

from secondlook.discovery import load_plugins
from secondlook.domain import Domain

DOMAINS = tuple(load_plugins().domains.values())


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda x: x.name)
def test_reasons_have_codes_of_their_own_and_go_with_outcomes_there_are(domain: Domain) -> None:
    outcomes = {x.code for x in domain.dispositions}
    codes = [x.code for x in domain.reasons]
    assert len(codes) == len(set(codes)) > 5
    assert {y for x in domain.reasons for y in x.dispositions} <= outcomes
    for outcome in outcomes:
        fitting = [x for x in domain.reasons if not x.dispositions or outcome in x.dispositions]
        assert any(not x.comment for x in fitting), outcome


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda x: x.name)
def test_severities_are_a_scale(domain: Domain) -> None:
    codes = [x.code for x in domain.severities]
    assert len(codes) == len(set(codes)) == 3
    said = {x.severity for x in domain.taxonomy.labels if x.severity}
    assert said <= set(codes)
