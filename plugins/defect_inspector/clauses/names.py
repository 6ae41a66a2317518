"""Names in a list of marks: of zones by letter, of tables and standards; and asides about them."""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.clauses.mark import Mark

IDS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


SURFACES = frozenset(
    {"surface", "surfaces", "area", "areas", "face", "faces", "side", "sides", "flächen", "fläche"}
)


SORTS = frozenset(
    {
        "face",
        "surface",
        "side",
        "area",
        "section",
        "field",
        "sector",
        "fläche",
        "flächen",
        "seite",
        "feld",
        "sektor",
    }
    | {"faces", "surfaces", "sides", "areas", "sections", "fields", "seiten", "felder"}
)
"""Words that are names of zones with a letter behind them: `Fläche A`."""
ROMAN = frozenset({"I", "II", "III", "IV", "V", "VI", *"ⅠⅡⅢⅣⅤⅥⅦⅧⅨ"})


def without_asides(marks: list[Mark]) -> list[Mark]:
    """`Zone 1 (30 mm from the edge)`: what explains a place is no limit."""
    for i, mark in enumerate(marks[:-1]):
        if mark.get("at") is not None and marks[i + 1].text == "(":
            end = next((j for j in range(i + 2, len(marks)) if marks[j].text == ")"), None)
            inner = marks[i + 2 : end]
            if end and any(x.value is not None for x in inner) and not any(map(_says, inner)):
                return without_asides(marks[: i + 1] + marks[end + 1 :])
    return marks


def _says(mark: Mark) -> bool:
    return bool({"compare", "disposition", "term", "after"} & set(mark.senses))


def _adjective(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`three filled knots`: says which knots, and nothing of what happens to them."""
    mark = marks[i]
    named = mark.get("disposition") == "rework" and mark.text.lower().endswith("ed")
    behind = i + 1 < len(marks) and (marks[i + 1].get("term") or not marks[i + 1].senses)
    noun = behind and marks[i + 1].kind == "word"
    others = any(x.get("disposition") for j, x in enumerate(marks) if j > i)
    alone = len(mark.text.split()) == 1
    return (1, replace(mark, senses={})) if named and noun and others and alone else None


def resolved(marks: list[Mark]) -> list[Mark]:
    """Names of zones are zones, names of tables and standards are no numbers."""
    done: list[Mark] = []
    i = 0
    while i < len(marks):
        taken, mark = (
            _adjective(marks, i)
            or _zone(marks, i)
            or _classed(marks, i)
            or _lettered(marks, i)
            or _suffixed(marks, i)
            or _named(marks, i)
        ) or (1, marks[i])
        done.append(mark)
        i += taken
    return done


def _zone(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`zones A and B`, `Zone 2`, `区域A`."""
    kind = marks[i].get("zone") == "word" or marks[i].text.lower() in SORTS
    lettered = i + 1 < len(marks) and marks[i + 1].text in IDS | ROMAN
    if not kind or not (lettered or marks[i].get("zone") == "word"):
        return None
    names, j = _identifiers(marks, i + 1)
    return (j - i, _join(marks[i:j]).only("at", "\n".join(names))) if names else None


def _classed(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`class A surfaces`: a kind of place."""
    if marks[i].text.lower() not in ("class", "klasse", "category"):
        return None
    names, j = _identifiers(marks, i + 1)
    if not names or j >= len(marks) or marks[j].text.lower() not in SURFACES:
        return None
    return j + 1 - i, _join(marks[i : j + 1]).only("at", "\n".join(names))


def _lettered(marks: Sequence[Mark], i: int) -> tuple[int, Mark] | None:
    """`on V surfaces`, `the B-side`; but `A surface crack` at the start has an article."""
    if marks[i].text not in IDS or (marks[i].text in "AI" and i == 0):
        return None
    j = i + 2 if i + 1 < len(marks) and marks[i + 1].text == "-" else i + 1
    if j >= len(marks) or marks[j].text.lower() not in SURFACES:
        return None
    return j + 1 - i, _join(marks[i : j + 1]).only("at", marks[i].text)


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
