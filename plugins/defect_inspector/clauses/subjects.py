"""What a sentence without a known defect is about: a noun phrase of words that are nothing else.

Manuals name defects that no list has. Where the grammar shows what a rule is about, that is read:
behind `no`, before the limit or the disposition, behind `parts with`, behind a count.
"""

from collections.abc import Callable, Container, Sequence

from defect_inspector.clauses.dispositions import Said
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.phrases import PLACED, THE, Run, phrase, runs
from defect_inspector.clauses.ranges import Limit

WITH = frozenset(
    {"with", "having", "showing", "containing", "mit", "of", "von", "有", "带有", "含"}
)
IS = frozenset({"is", "ist", "wird", "darf", "muss"})


def find_subjects(
    marks: Sequence[Mark], limits: Sequence[Limit], said: Sequence[Said], taken: Container[int]
) -> list[tuple[int, str, bool]]:
    """The noun phrases that a sentence without a known defect states its rule about.

    taken: the last marks of phrases that name places.
    """
    found = [x for x in runs(marks) if not _thing(marks, x)]
    found = [x for x in found if x[1] - 1 not in taken and not _of_place(marks, x, taken)]
    first = min([x.first for x in limits if x.bounds] + [x.at for x in said], default=len(marks))
    chosen = (
        _next(marks, found, _denied)
        or _with(marks, found, first)
        or _limited(marks, found, limits)
        or _counted(found, [x for x in limits if x.odd])
        or _leading(marks, found, first, limits)
        or _counted(found, limits)
        or _next(marks, found, _disposed)
    )
    if chosen is None:
        return []
    return [(x[1] - 1, phrase(marks, x), False) for x in _and(marks, found, chosen)]


def _of_place(marks: Sequence[Mark], run: Run, taken: Container[int]) -> bool:
    """Whether the ideographs are the name of the place whose sign follows: `镀膜面`."""
    return run[1] in taken and marks[run[0]].kind == "ideograph"


def beside(marks: Sequence[Mark], terms: Sequence[int]) -> list[tuple[int, str, bool]]:
    """Unknown noun phrases that `and` or `or` joins to a known defect: `fly or foreign fibres`."""
    found: list[tuple[int, str, bool]] = []
    for run in runs(marks):
        around = marks[max(run[0] - 1, 0) : run[0]], marks[run[1] : run[1] + 1]
        after = bool(around[1]) and _joins(around[1][0]) and _is_term(marks, run[1] + 1, terms)
        before = run[0] > 1 and _joins(around[0][0]) and run[0] - 2 in terms
        if (after or before) and not _thing(marks, run) and _short(marks, run):
            found.append((run[1] - 1, phrase(marks, run), False))
    return found


def _joins(mark: Mark) -> bool:
    return mark.get("joiner") in ("and", "or") and mark.text not in ",，/"


def _is_term(marks: Sequence[Mark], i: int, terms: Sequence[int]) -> bool:
    """Whether a known defect begins here, with a word before it that says which."""
    return i in terms or (i + 1 in terms and i < len(marks) and not marks[i].senses)


def _short(marks: Sequence[Mark], run: Run) -> bool:
    """Whether a phrase is named like the others: what stands behind is no further unknown word."""
    return run[1] - run[0] <= 3 and (run[0] == 0 or marks[run[0] - 1].get("zone") is None)


def _thing(marks: Sequence[Mark], run: Run) -> bool:
    """Whether the last word says what it is, and that is no defect: `storage temperature`."""
    return marks[run[1] - 1].get("thing") is not None


def _denied(marks: Sequence[Mark], at: int) -> bool:
    """Whether `no` or `free of` stands right before."""
    before = marks[at - 1] if at else None
    return before is not None and before.get("negation") == "any"


def _disposed(marks: Sequence[Mark], at: int) -> bool:
    """Whether a disposition stands right before, with small words between."""
    for j in range(at - 1, max(-1, at - 4), -1):
        if marks[j].get("disposition"):
            return True
        small = marks[j].get("plain") or marks[j].get("modal") or marks[j].text == ":"
        if not small or marks[j].text.lower() in PLACED:
            return False
    return False


def _next(
    marks: Sequence[Mark], found: Sequence[Run], follows: Callable[[Sequence[Mark], int], bool]
) -> Run | None:
    return next((x for x in found if follows(marks, x[0])), None)


def _with(marks: Sequence[Mark], found: Sequence[Run], first: int) -> Run | None:
    """`parts with mixed shades are rejected`."""
    return next(
        (x for x in found if x[0] and marks[x[0] - 1].text.lower() in WITH and x[1] <= first), None
    )


def _leading(
    marks: Sequence[Mark], found: Sequence[Run], first: int, limits: Sequence[Limit]
) -> Run | None:
    """The first phrase before the rule; `the roll is rejected` is about no defect."""
    run = next((x for x in found if x[1] <= first), None)
    if run is None or limits or run[0] == 0:
        return run
    is_one = run[1] < len(marks) and marks[run[1]].text.lower() in IS
    return None if is_one and marks[run[0] - 1].text.lower() in THE else run


def _limited(marks: Sequence[Mark], found: Sequence[Run], limits: Sequence[Limit]) -> Run | None:
    """`深度不超过0.1mm的黑皮`: what a limit stands before."""
    ends = {x.last + 1 for x in limits}
    return next((x for x in found if x[0] - 1 in ends and marks[x[0] - 1].text == "的"), None)


def _counted(found: Sequence[Run], limits: Sequence[Limit]) -> Run | None:
    """`more than 4 knots`."""
    return next((x for limit in limits for x in found if x[0] == limit.last + 1), None)


def _and(marks: Sequence[Mark], found: Sequence[Run], chosen: Run) -> list[Run]:
    """With those that are listed beside it: `fly or foreign fibres`."""
    listed = [chosen]
    for run in found:
        between = marks[listed[-1][1] : run[0]]
        if (
            run[0] >= listed[-1][1]
            and len(between) == 1
            and between[0].get("joiner") in ("and", "or")
        ):
            listed.append(run)
    return listed
