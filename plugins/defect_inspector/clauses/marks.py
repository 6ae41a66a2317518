"""A sentence as a list of marks: phrases with their senses, numbers, and plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses.numbers import Style, read_number
from defect_inspector.clauses.vocabulary import Token, tokens, vocabulary

IDS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
ROMAN = frozenset({"I", "II", "III", "IV", "V", "VI"})


@dataclass(frozen=True)
class Mark:
    """A phrase, number or other token of a folded text, with what it may mean."""

    text: str
    start: int
    end: int
    senses: Mapping[str, str]
    kind: str
    """`word`, `ideograph`, `number` or `symbol`: its first token's."""
    value: float | None = None

    def get(self, sense: str) -> str | None:
        """Its value in a sense; None where it cannot mean that."""
        return self.senses.get(sense)

    def only(self, sense: str, value: str) -> "Mark":
        """The same mark with one sense left."""
        return replace(self, senses={sense: value}, value=None)


def read_marks(text: str, style: Style) -> list[Mark]:
    """The marks of a folded text, with names of zones and of other things resolved."""
    words = tokens(text)
    found: list[Mark] = []
    i = 0
    while i < len(words):
        length, senses = vocabulary().longest(words, i)
        if length > 1 and set(senses) == {"after"} and not (found and _quantity(found[-1])):
            length, senses = vocabulary().longest(words[: i + 1], i)  # `and above that`
        found.append(_mark(text, words[i : i + max(length, 1)], senses, style))
        i += max(length, 1)
    return _resolve(found)


def _quantity(mark: Mark) -> bool:
    """Whether a comparison may stand behind this: `5 mm or more`, `three pores or more`."""
    named = {"unit", "number", "measure", "term", "counter", "per_noun", "modal"}
    return mark.value is not None or bool(named & set(mark.senses))


def _mark(text: str, words: Sequence[Token], senses: Mapping[str, str], style: Style) -> Mark:
    first, last = words[0], words[-1]
    phrase = text[first.start : last.end]
    value = None
    if first.kind == "number" and len(words) == 1:
        value = read_number(phrase, style)
        senses = {} if value is not None else {"unreadable": phrase}
    return Mark(phrase, first.start, last.end, senses, first.kind, value)


def _resolve(marks: list[Mark]) -> list[Mark]:
    """Names of zones are zones, names of tables and standards are no numbers."""
    done: list[Mark] = []
    i = 0
    while i < len(marks):
        taken, mark = _zone(marks, i) or _suffixed(marks, i) or _named(marks, i) or (1, marks[i])
        done.append(mark)
        i += taken
    return done


def _zone(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`zones A and B`, `Zone 2`, `区域A`."""
    if marks[i].get("zone") != "word":
        return None
    names, j = _identifiers(marks, i + 1)
    return (j - i, _join(marks[i:j]).only("at", "\n".join(names))) if names else None


def _suffixed(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`A区`, `B 面`."""
    names, j = _identifiers(marks, i)
    if not names or j >= len(marks):
        return None
    behind = marks[j]
    if behind.get("zone") in ("suffix", "word") and behind.kind == "ideograph":
        return j + 1 - i, _join(marks[i : j + 1]).only("at", "\n".join(names))
    return None


def _identifiers(marks: Sequence[Mark], i: int) -> tuple[list[str], int]:
    """Letters or small numbers that name zones, and the position behind them."""
    names: list[str] = []
    end = i
    while i < len(marks) and len(names) < 12:
        name, i = _identifier(marks, i)
        if name is None:
            break
        names.append(name)
        end = i
        if i < len(marks) and marks[i].text in ("-", "–") and len(name) == 1:
            name, after = _identifier(marks, i + 1)
            if name is not None and len(name) == 1 and names[-1] < name:
                names += [chr(x) for x in range(ord(names[-1]) + 1, ord(name) + 1)]
                end = i = after
        if i >= len(marks) or not ({"joiner"} & set(marks[i].senses)):
            break
        i += 1
    return names, end


def _identifier(marks: Sequence[Mark], i: int) -> tuple[str | None, int]:
    if i >= len(marks):
        return None, i
    mark = marks[i]
    if mark.text in IDS or mark.text in ROMAN:
        number = i + 1 < len(marks) and marks[i + 1].start == mark.end and marks[i + 1].text
        if number and number.isdigit() and len(number) <= 2:
            return mark.text + number, i + 2
        return mark.text, i + 1
    following = marks[i + 1].get("unit") if i + 1 < len(marks) else None
    small = mark.text.isdigit() and len(mark.text) <= 2 and following is None
    return (mark.text, i + 1) if small else (None, i)


def _named(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`table 3`, `ISO 2768-1`, `表 2`: no number to read."""
    if marks[i].get("reference") is None:
        return None
    j = i + 1
    while j < len(marks) and j < i + 8 and _names(marks[j]):
        j += 1
    if not any(x.kind == "number" for x in marks[i:j]):
        return None
    while marks[j - 1].kind != "number":
        j -= 1
    if j < len(marks) and marks[j].get("unit") not in (None, "in"):
        return None
    return j - i, _join(marks[i:j]).only("named", "")


def _names(mark: Mark) -> bool:
    return mark.kind == "number" or mark.text in "-./:#°" or mark.get("reference") is not None


def _join(marks: Sequence[Mark]) -> Mark:
    text = " ".join(x.text for x in marks)
    return replace(marks[0], text=text, end=marks[-1].end, value=None)
