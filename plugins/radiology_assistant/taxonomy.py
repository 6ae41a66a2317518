"""What notes are searched for, and the outcomes a reader chooses from.

The descriptions are written in the words of notes and referrals: passages are compared with them.
They name the finding and leave its symptoms out: with "cough and fever" in the description of
pneumonia, every cough would pass for a mention of it.
"""

from secondlook import Disposition, Label, Taxonomy

CRITICAL = "critical"
URGENT = "urgent"
ROUTINE = "routine"

SEVERITIES = (
    Label(code=ROUTINE, title="routine", description="can wait its turn"),
    Label(code=URGENT, title="urgent", description="to be seen within hours"),
    Label(code=CRITICAL, title="critical", description="to be seen at once"),
)
"""How pressing a finding is, the mildest first."""

TAXONOMY = Taxonomy(
    labels=(
        Label(
            code="pneumothorax",
            title="pneumothorax",
            description="pneumothorax, collapsed lung",
            severity=CRITICAL,
        ),
        Label(
            code="pulmonary_embolism",
            title="pulmonary embolism",
            description="pulmonary embolism",
            severity=CRITICAL,
        ),
        Label(
            code="intracranial_haemorrhage",
            title="intracranial haemorrhage",
            description="intracranial hemorrhage, subdural hematoma",
            severity=CRITICAL,
        ),
        Label(
            code="stroke",
            title="stroke",
            description="stroke, brain infarct",
            severity=CRITICAL,
        ),
        Label(
            code="aortic_dissection",
            title="aortic dissection",
            description="aortic dissection",
            severity=CRITICAL,
        ),
        Label(
            code="free_air",
            title="free air in the abdomen",
            description="free air under the diaphragm, pneumoperitoneum",
            severity=CRITICAL,
        ),
        Label(
            code="device_malposition",
            title="device malposition",
            description="malpositioned tube or catheter",
            severity=URGENT,
        ),
        Label(
            code="pneumonia",
            title="pneumonia or consolidation",
            description="pneumonia, lung consolidation",
            severity=URGENT,
        ),
        Label(
            code="pleural_effusion",
            title="pleural effusion",
            description="pleural effusion",
            severity=URGENT,
        ),
        Label(
            code="pulmonary_oedema",
            title="pulmonary oedema",
            description="pulmonary edema, congestive heart failure",
            severity=URGENT,
        ),
        Label(
            code="fracture",
            title="fracture",
            description="bone fracture",
            severity=URGENT,
        ),
        Label(
            code="nodule_or_mass",
            title="nodule or mass",
            description="lung nodule or mass, cancer",
            severity=ROUTINE,
        ),
    )
)

DISPOSITIONS = (
    Disposition(code="routine", title="Routine", tone="good"),
    Disposition(code="urgent", title="Urgent", tone="caution"),
    Disposition(code="critical", title="Critical", tone="bad"),
    Disposition(code="not_assessed", title="Not assessed", tone="neutral"),
)
