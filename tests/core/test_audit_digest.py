"""Digests that earlier versions wrote into the audit trail still hold."""

from dataclasses import replace

from secondlook.cases import ProductSpec
from secondlook.evidence import Measurement, Region
from secondlook.store.audit_digest import assessment_digest
from store_values import assessment

CASE = "c" * 64
BEFORE = "b8558f77de254b2f0884897f25f8afec529b81e184785a2a00bec25ae9d15ebd"
"""Of `assessment(CASE)`, by the version whose regions had no name and measurements no region."""
MEASURED = "5a711b246515ee72fbe6da31c7005a546b0a38959b9f588ecace78fa0a7f5261"
"""The same with this evidence, by that version."""
REGION = Region(attachment="a" * 64, left=1, top=2, width=3, height=4, score=-0.0)
AREA = Measurement(name="area", value=2, unit="mm")


def test_an_assessment_of_an_earlier_version_still_verifies() -> None:
    assert assessment_digest(assessment(CASE)) == BEFORE
    assert assessment_digest(assessment(CASE, evidence=(AREA, REGION))) == MEASURED


def test_what_came_later_is_part_of_the_digest_once_it_says_something() -> None:
    for evidence in (
        (replace(AREA, region="1"), REGION),
        (AREA, replace(REGION, name="1")),
        (replace(AREA, region="1"), replace(REGION, name="1")),
        (AREA, replace(REGION, name="")),
    ):
        found = assessment_digest(assessment(CASE, evidence=evidence))
        assert found != MEASURED


def test_what_came_later_to_the_provenance_is_part_of_the_digest_too() -> None:
    plain = assessment(CASE)
    made_by = plain.provenance
    digests = {
        assessment_digest(replace(plain, provenance=x))
        for x in (
            made_by,
            replace(made_by, rejudged="1" * 32),
            replace(made_by, spec=ProductSpec()),
            replace(made_by, spec=ProductSpec(revision="A")),
        )
    }
    assert len(digests) == 4
    assert BEFORE in digests
