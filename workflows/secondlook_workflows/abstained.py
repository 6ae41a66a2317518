"""What was abstained on: how often, for which reasons, and what was there to be found."""

from collections import Counter

from secondlook.cases import NOTHING
from secondlook_workflows.answered import wilson
from secondlook_workflows.evaluating import Cells
from secondlook_workflows.measuring import Measurement


def abstained(measurement: Measurement) -> Cells:
    """n and rate with its Wilson interval; by reason, and by what is true of those cases."""
    declined = [x for x in measurement.cases if x.assessment.abstention is not None]
    reasons = Counter(x.assessment.abstention.reason for x in declined if x.assessment.abstention)
    labels = Counter(y for x in declined for y in (x.labelled.labels or {NOTHING}))
    return {
        "n": len(declined),
        "rate": len(declined) / len(measurement.cases),
        "rate_interval": wilson(len(declined), len(measurement.cases)),
        "reasons": dict(sorted(reasons.items())),
        "labels": dict(sorted(labels.items())),
    }
