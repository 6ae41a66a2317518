"""What a first look found, apart from what a record only mentions."""

from secondlook.assessments import Assessment, Finding
from secondlook.evidence import Quote


def found(assessment: Assessment, label: str | None = None) -> list[Finding]:
    """The findings, of one label or of any.

    What rests on a record's words alone (passages, sentences that name it, even to deny it) is a
    mention of a label: nothing was seen.
    """
    own = [x for x in assessment.findings if not _mention(x)]
    return own if label is None else [x for x in own if x.label == label]


def _mention(finding: Finding) -> bool:
    cited = [isinstance(x, Quote) for x in finding.evidence]
    return finding.probability is None and bool(cited) and all(cited)
