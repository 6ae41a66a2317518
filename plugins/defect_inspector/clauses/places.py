"""Places that the grammar shows: `on the rear flange`, `an der Rippe`, `滚道上的压痕`."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.phrases import Run, phrase, runs

ON = frozenset({"on", "in", "at", "along", "near", "inside"})
AUF = frozenset({"auf", "an", "in", "entlang", "innerhalb"})
THE = frozenset({"the", "der", "die", "das", "den", "dem", "des"})
WHERE = frozenset({"am", "im"})
LOCATIVE = frozenset({"上", "处", "内", "中", "部位", "内侧", "外侧", "周边", "附近"})
LACKING = frozenset(
    {"不得有", "不允许有", "不应有", "不可有", "不能有", "不准有", "应无", "不得存在", "不得出现"}
)
LONGEST = 3  # words


def find_places(marks: Sequence[Mark]) -> list[tuple[int, str]]:
    """Last mark and name of each place that stands where only a place can."""
    found = [x for x in runs(marks) if _western(marks, x) or _eastern(marks, x)]
    return [(x[1] - 1, _written(marks, x)) for x in found]


def _western(marks: Sequence[Mark], run: Run) -> bool:
    """Behind a preposition of place and an article."""
    if marks[run[0]].kind != "word" or run[1] - run[0] > LONGEST or _thing(marks, run):
        return False
    if run[1] < len(marks) and marks[run[1]].get("zone"):
        return False  # part of the name of a known place
    before = [x.text.lower() for x in marks[max(0, run[0] - 2) : run[0]]]
    if before[-1:] and before[-1] in WHERE:
        return True
    return len(before) == 2 and before[0] in ON | AUF and before[1] in THE


def _eastern(marks: Sequence[Mark], run: Run) -> bool:
    """Before a word such as `上`, or as what must not have a defect."""
    if marks[run[0]].kind != "ideograph" or run[1] >= len(marks) or _thing(marks, run):
        return False
    if marks[run[1] - 1].get("zone"):
        return False  # `有效区` is found by its last sign
    behind = marks[run[1]].text
    lacking = behind in LACKING and any(x.get("term") for x in marks[run[1] + 1 :])
    counted = run[0] > 0 and bool(marks[run[0] - 1].get("per") or marks[run[0] - 1].get("counter"))
    begins = run[0] == 0 or marks[run[0] - 1].kind == "symbol" or bool(marks[run[0] - 1].senses)
    return begins and not counted and (behind in LOCATIVE or lacking)


def _thing(marks: Sequence[Mark], run: Run) -> bool:
    return any(marks[i].get("thing") for i in range(*run))


def _written(marks: Sequence[Mark], run: Run) -> str:
    """The name as it is written; `phrase` gives terms in lower case."""
    name = phrase(marks, run)
    text = " ".join(x.text for x in marks[slice(*run)])
    return text if text.lower() == name else name
