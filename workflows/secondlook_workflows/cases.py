"""One case as a document: what `show --json` and `run --json` print."""

from dataclasses import dataclass
from typing import Any

from secondlook.codec import to_plain
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.withholding import Withholding
from secondlook_workflows import cautions
from secondlook_workflows.similar import similar_decided


@dataclass(frozen=True, kw_only=True)
class Onlooker:
    """Who a document is for."""

    name: str
    lead: bool = False
    """They may adjudicate the case, so that they see every read of it."""


NOBODY = Onlooker(name="")


def case_document(
    case_id: str, unit: UnitOfWork, withholding: Withholding, looks: Onlooker | None = None
) -> dict[str, Any]:
    """The case, its cautions, latest assessment, decisions, and cases that look like it.

    Of decisions and acts only what `looks` (None: anybody) may see: nothing of a read that a second
    reader is not to know, see `Views`.

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
    view = unit.views.of(case_id, (looks or NOBODY).name, lead=(looks or NOBODY).lead)
    shown = assessment and withholding.assessment(case.domain, assessment)
    return {
        "case": document,
        "cautions": [to_plain(x) for x in cautions.of_case(case, unit)],
        "assessment": to_plain(shown) if shown else None,
        "stage": view.stage,
        "handed_to": view.handed_to,
        "decisions": [to_plain(x) for x in view.decisions],
        "reads": [to_plain(x) for x in view.reads],
        "undone": sorted(view.undone),
        "acts": [to_plain(x) for x in view.acts],
        "priorities": [to_plain(x) for x in view.priorities],
        "similar": [to_plain(x) for x in similar],
    }
