"""Words that name nobody: those of imaging, and those that hold any sentence together.

Descriptions are cut down to them, and a name that is one of them is redacted only beside another
part of the same name: a patient called "No" must not turn "no effusion" into its opposite.
"""

import re
from functools import cache
from importlib.resources import files

TOKEN = re.compile(r"[^\W_]+")
MEASURE = re.compile(r"\d{1,3}|[a-z]{1,2}\d{1,2}|\d{1,3}[a-z]{1,2}", re.IGNORECASE)
"""`120`, `T2`, `5mm`."""


FINDINGS = (
    "pneumo", "hydropneumo", "haemopneumo", "hemopneumo", "haemothora", "hemothora", "hydrothora",
    "embol", "thromb", "haemorrhag", "hemorrhag", "haematom", "hematom", "bleeding", "subdural",
    "subarachnoid", "epidural", "extradural", "intracerebral", "intracranial", "intraparenchym",
    "infarct", "dissect", "aneurysm", "malposition", "misplac", "dislodg", "bronchopneumon",
    "consolidat", "effusion", "oedema", "edema", "fractur", "nodul", "tumor", "tumour",
    "carcinoma", "neoplas", "metasta", "malignan", "spannungspneumo", "lungenembol", "hirnblut",
    "hirninfarkt", "schlaganfall", "aortendissek", "pleuraerg", "erguss", "fraktur",
)  # fmt: skip
"""How words begin that name an urgent finding, whatever their ending."""


@cache
def words() -> frozenset[str]:
    """The closed list, in lower case."""
    text = (files("secondlook.deid") / "words.txt").read_text(encoding="ascii")
    return frozenset(x for line in text.splitlines() if line[:1] != "#" for x in line.split())


def is_word(token: str) -> bool:
    """Whether a token is on the list, or names a finding."""
    return token.lower() in words() or names_finding(token)


def names_finding(token: str) -> bool:
    """Whether a token is what an urgent finding is called: redacting it would hide the finding."""
    return token.lower().startswith(FINDINGS)


@cache
def _meant() -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    text = (files("secondlook.deid") / "meant.txt").read_text(encoding="utf-8")
    listed = [x for line in text.splitlines() if line[:1] != "#" for x in line.split()]
    beginnings = tuple(x[:-1] for x in listed if x.endswith("*"))
    endings = tuple(x[1:] for x in listed if x.startswith("*"))
    return frozenset(x for x in listed if "*" not in x), beginnings, endings


def is_meant(token: str, *, endings: bool = True) -> bool:
    """Whether a token is no name that anybody may guess: a listed word, or one that turns or
    carries what a note says (`denied`, `syncope`): taking it out would turn the sentence.

    endings: whether what only ends like such a word counts; `Luria` and `Politis` do.
    """
    whole, beginnings, ends = _meant()
    lower = token.lower()
    listed = lower in whole or lower.startswith(beginnings)
    return listed or (endings and lower.endswith(ends)) or is_word(token)


def only_words(text: str) -> str:
    """What is left of a description: its words and measures, a space between them."""
    found = TOKEN.findall(text)
    return " ".join(x for x in found if is_word(x) or MEASURE.fullmatch(x))
