"""Why a reader decides as they do, as a closed list: what is counted must be named alike."""

from secondlook import Reason

REASONS = (
    Reason(code="known_finding", title="Known finding, unchanged"),
    Reason(code="prior_compared", title="Compared with a prior exam"),
    Reason(code="clinical_context", title="Clinical context says otherwise", comment=True),
    Reason(
        code="artefact", title="Artefact, device or overlap", dispositions=("routine", "urgent")
    ),
    Reason(code="normal_variant", title="Variant without meaning", dispositions=("routine",)),
    Reason(code="missed_by_machine", title="Finding that the machine did not raise"),
    Reason(code="note_misread", title="The note was misread"),
    Reason(
        code="quality",
        title="Picture quality or positioning",
        dispositions=("not_assessed",),
    ),
    Reason(code="incomplete", title="Views or slices are missing", dispositions=("not_assessed",)),
    Reason(code="other", title="Another reason", comment=True),
)
