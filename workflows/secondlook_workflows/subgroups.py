"""The same figures for parts of the patients: by sex, age, view and modality.

A part of few patients is named and shown as too few: a figure on it would say nothing, or tell of
single persons.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from secondlook.cases import Case, Facts, Scalar
from secondlook_workflows.answered import operating, ranked
from secondlook_workflows.evaluating import Cells
from secondlook_workflows.manifest_facts import SEVERAL, SEXES, UNKNOWN, years
from secondlook_workflows.measuring import Measured
from secondlook_workflows.questions import Question

LEAST_PATIENTS = 20
LEAST_EACH = 10
"""Patients with, and patients without what is asked for."""
UNSAID = "not stated"
FACTS = ("sex", "age", "view", "modality")
NAMES = {"sex": ("sex",), "age": ("age", "age_years"), "view": ("view",), "modality": ("modality",)}
"""What each is called in manifests, and in the facts of attachments."""
BANDS = ((18, "under 18"), (40, "18 to 39"), (65, "40 to 64"), (80, "65 to 79"))
OLDEST = "80 and over"


def told(case: Case, said: Facts) -> dict[str, str]:
    """Sex, age band, view and modality of a case: what its manifest says, else its own facts, else
    those of its files; UNSAID where nobody says, SEVERAL where its files differ."""
    files = [x.facts for x in case.images()]
    return {x: _part(x, (said, case.facts, *files)) for x in FACTS}


def subgroups(
    questions: Mapping[str, Question], seed: int
) -> dict[str, dict[str, dict[str, Cells]]]:
    """By fact, by its value, by question; facts that no case states are left out."""
    table: dict[str, dict[str, dict[str, Cells]]] = {}
    for fact in FACTS:
        parts = {name: _rows(x.cases, fact) for name, x in questions.items()}
        silent = {name: _rows(x.declined, fact) for name, x in questions.items()}
        values = sorted({value for x in parts.values() for value in x})
        if set(values) - {UNSAID}:
            table[fact] = {
                value: {
                    name: _figures(
                        x.of(
                            parts[name].get(value, []),
                            [x.declined[i] for i in silent[name].get(value, ())],
                        ),
                        seed,
                    )
                    for name, x in questions.items()
                }
                for value in values
            }
    return table


def too_few(question: Question) -> str | None:
    """Why no figure is given; None where there are enough patients."""
    groups = question.groups
    counts = (
        (len(set(groups)), LEAST_PATIENTS, ""),
        (_different(groups, question.truth), LEAST_EACH, " with it"),
        (_different(groups, ~question.truth), LEAST_EACH, " without it"),
    )
    lacking = [f"{n} patients{what} of {least}" for n, least, what in counts if n < least]
    return f"too few: {', '.join(lacking)}" if lacking else None


def _figures(question: Question, seed: int) -> Cells:
    reason = too_few(question)
    if reason is None:
        return {**operating(question), **ranked(question, seed), "too_few": None}
    counts: Cells = {"n": len(question.cases), "groups": len(set(question.groups))}
    return {**counts, "too_few": reason}


def _rows(cases: Sequence[Measured], fact: str) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for i, x in enumerate(cases):
        rows.setdefault(told(x.labelled.case, x.labelled.facts)[fact], []).append(i)
    return rows


def _different(groups: Sequence[str], which: Iterable[bool]) -> int:
    return len({x for x, y in zip(groups, which, strict=True) if y})


def _part(fact: str, sources: Sequence[Facts]) -> str:
    """The first that says it decides, files together: those of one exam may differ."""
    for one in (sources[:1], sources[1:2], sources[2:]):
        values = {x if x == SEVERAL else _READ[fact](x) for x in _values(fact, one)} - {UNSAID}
        if values:
            return str(values.pop()) if len(values) == 1 else SEVERAL
    return UNSAID


def _values(fact: str, sources: Iterable[Facts]) -> Iterator[Scalar]:
    return (source[name] for source in sources for name in NAMES[fact] if name in source)


def _word(value: Scalar) -> str:
    text = str(value).strip()
    return UNSAID if value is None or text.lower() in UNKNOWN else text.upper()


def _sex(value: Scalar) -> str:
    return SEXES.get(str(value).strip().lower(), UNSAID)


def _band(value: Scalar) -> str:
    age = years(value)
    return UNSAID if age is None else next((name for end, name in BANDS if age < end), OLDEST)


_READ = {"sex": _sex, "age": _band, "view": _word, "modality": _word}
