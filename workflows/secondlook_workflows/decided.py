"""The decided cases of a workspace as labelled cases: what people said is learned from."""

from secondlook.cases import CaseStatus
from secondlook.domain import Domain
from secondlook.errors import NotFound
from secondlook.store.worklist import CaseExport
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Dataset, Labelled
from secondlook_workflows.groups import keyed


def from_decided(
    domain: Domain, product: str | None, context: Context, *, labelled: bool = True
) -> Dataset:
    """Every decided case of a product (of all, where it is None) that says what is to be found.

    With `labelled` False those that do not say it are there too, without a label.
    """
    cases: list[Labelled] = []
    unsaid = gone = 0
    with context.workspace.database.read() as unit:
        for entry in unit.worklist.export(domain.name):
            if product not in (None, entry.case.product) or not _stands(entry):
                continue
            labels = _labels(entry, domain, context)
            if labels is None and labelled:
                unsaid += 1
                continue
            try:
                cases.append(_labelled(entry, labels or frozenset(), context))
            except NotFound:
                gone += 1
    notes = []
    if unsaid:
        notes.append(f"{unsaid} decisions do not say what is to be found and were left out")
    if gone:
        notes.append(f"{gone} decided cases lack files and were left out")
    return Dataset(cases=tuple(cases), notes=tuple(notes))


def _stands(entry: CaseExport) -> bool:
    return bool(entry.decisions) and entry.case.status is CaseStatus.DECIDED


def _labels(entry: CaseExport, domain: Domain, context: Context) -> frozenset[str] | None:
    decision = entry.decisions[-1]
    if entry.assessment is not None and entry.assessment.id == decision.assessment_id:
        return domain.decided_labels(entry.assessment, decision)
    return domain.decided_labels(None, decision)


def _labelled(entry: CaseExport, labels: frozenset[str], context: Context) -> Labelled:
    blobs = context.workspace.blobs
    paths = {x.sha256: blobs.path(x.sha256) for x in entry.case.attachments}
    case = keyed(entry.case, context.workspace.database.groups)
    return Labelled(case=case, labels=labels, paths=paths)
