"""One case as a document: what `show --json` and `run --json` print."""

from typing import Any

from secondlook.codec import to_plain
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.withholding import Withholding
from secondlook_workflows import cautions
from secondlook_workflows.similar import similar_decided


def case_document(case_id: str, unit: UnitOfWork, withholding: Withholding) -> dict[str, Any]:
    """The case, its cautions, its latest assessment, all decisions, and cases that look like it.

    Records are named with the number of their passages; the passages that matter stand with their
    text and offsets in the evidence. What is withheld from people is not in it.
    """
    case = unit.cases.get(case_id)
    assessment = unit.assessments.latest(case_id)
    document: dict[str, Any] = to_plain(case)
    for record, source in zip(document["records"], case.records, strict=True):
        del record["text"]
        record["passages"] = len(source.passages)
    withheld = withholding.applies(case.domain)
    similar = () if withheld else similar_decided(case, assessment, unit)
    shown = assessment and withholding.assessment(case.domain, assessment)
    return {
        "case": document,
        "cautions": [to_plain(x) for x in cautions.of_case(case, unit)],
        "assessment": to_plain(shown) if shown else None,
        "decisions": [to_plain(x) for x in unit.decisions.of(case_id)],
        "priorities": [to_plain(x) for x in unit.priorities.of(case.id)],
        "similar": [to_plain(x) for x in similar],
    }
