"""Why an inspector decides as they do, as a closed list: what is counted must be named alike."""

from secondlook import Reason

REASONS = (
    Reason(code="clause_misread", title="The clause was misread"),
    Reason(code="other_clause", title="Another clause applies", comment=True),
    Reason(code="measured_wrong", title="The measurement is wrong"),
    Reason(code="reflection", title="Reflection or lighting"),
    Reason(code="dirt", title="Dirt or residue that comes off", dispositions=("accept", "rework")),
    Reason(code="acceptable", title="Acceptable variation", dispositions=("accept",)),
    Reason(
        code="concession", title="Accepted by concession", dispositions=("accept",), comment=True
    ),
    Reason(code="missed_by_machine", title="Defect that the machine did not raise"),
    Reason(code="beyond_rework", title="Cannot be reworked", dispositions=("scrap",)),
    Reason(code="picture_unfit", title="The picture does not show it", dispositions=("hold",)),
    Reason(code="other", title="Another reason", comment=True),
)
