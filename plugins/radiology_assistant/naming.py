"""Whether a text names a finding: whole words, whatever their case, and nothing of the sense.

Similarity alone is no mention: swollen legs come close to every finding of the chest. A word is on
a list only if it names the finding itself; "heart failure" does not name pulmonary oedema.
"""

import re
from collections.abc import Mapping, Sequence

WORDS: Mapping[str, Sequence[str]] = {
    "pneumothorax": (
        "pneumothorax",
        "pneumothoraces",
        "hydropneumothorax",
        "haemopneumothorax",
        "hemopneumothorax",
        "collapsed lung",
        "ptx",
    ),
    "pulmonary_embolism": (
        "pulmonary embolism",
        "pulmonary emboli",
        "pulmonary embolus",
        "lung embolism",
    ),
    "intracranial_haemorrhage": (
        "intracranial haemorrhage",
        "intracranial hemorrhage",
        "intracerebral haemorrhage",
        "intracerebral hemorrhage",
        "subarachnoid haemorrhage",
        "subarachnoid hemorrhage",
        "intracranial bleed",
        "brain bleed",
        "subdural",
        "subdurals",
        "epidural haematoma",
        "epidural hematoma",
    ),
    "stroke": (
        "stroke",
        "strokes",
        "brain infarct",
        "brain infarction",
        "cerebral infarct",
        "cerebral infarction",
        "cerebrovascular accident",
        "cva",
    ),
    "aortic_dissection": ("aortic dissection", "dissection of the aorta", "dissecting aorta"),
    "free_air": (
        "pneumoperitoneum",
        "free air",
        "free intraperitoneal air",
        "free abdominal air",
        "free subdiaphragmatic air",
    ),
    "device_malposition": (
        "malposition",
        "malpositioned",
        "misplaced",
        "misplacement",
        "dislodged",
        "displaced tube",
        "displaced catheter",
    ),
    "pneumonia": (
        "pneumonia",
        "pneumonias",
        "bronchopneumonia",
        "pneumonic",
        "consolidation",
        "consolidations",
    ),
    "pleural_effusion": ("pleural effusion", "pleural effusions", "effusion", "effusions"),
    "pulmonary_oedema": (
        "pulmonary oedema",
        "pulmonary edema",
        "lung oedema",
        "lung edema",
        "interstitial oedema",
        "interstitial edema",
        "alveolar oedema",
        "alveolar edema",
    ),
    "fracture": ("fracture", "fractures", "fractured", "broken bone", "broken rib"),
    "nodule_or_mass": (
        "nodule",
        "nodules",
        "nodular",
        "mass",
        "masses",
        "tumor",
        "tumour",
        "tumors",
        "tumours",
    ),
}
"""By the code of the label; British and American spelling."""


def names(text: str, label: str) -> bool:
    """Whether `text` holds a word for the label; KeyError for a label without words."""
    return _PATTERNS[label].search(text) is not None


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    either = "|".join(r"[\s-]+".join(map(re.escape, x.split())) for x in words)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)


_PATTERNS = {label: _pattern(words) for label, words in WORDS.items()}
