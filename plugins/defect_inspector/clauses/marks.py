"""A sentence as a list of marks: phrases with their senses, numbers, and plain words."""

from collections.abc import Mapping, Sequence

from defect_inspector.clauses.mark import HINTS, Mark
from defect_inspector.clauses.names import resolved, without_asides
from defect_inspector.clauses.numbers import Style, read_number
from defect_inspector.clauses.vocabulary import Phrases, Token, tokens, vocabulary

__all__ = ["Mark", "read_marks"]
NONE = Phrases(iter(()))


def read_marks(text: str, style: Style, own: Phrases = NONE) -> list[Mark]:
    """The marks of a folded text, with names of zones and of other things resolved.

    own: words that only this manual has; they stand back where the vocabulary knows a word.
    """
    words = tokens(text)
    found: list[Mark] = []
    i = 0
    while i < len(words):
        length, senses = vocabulary().longest(words, i)
        if length > 1 and set(senses) == {"after"} and not _behind(words, i + length, found):
            length, senses = vocabulary().longest(words[: i + 1], i)  # `and above that`
        known, mine = own.longest(words, i)
        if known and (not senses or (known > length and "zone" in mine)):
            length, senses = known, mine
        found.append(_mark(text, words[i : i + max(length, 1)], senses, style))
        i += max(length, 1)
    return without_asides(resolved(found))


def _behind(words: Sequence[Token], next_one: int, found: Sequence[Mark]) -> bool:
    """Whether a comparison that may stand behind a number does: not `or wider than 5 mm`."""
    goes_on = next_one < len(words) and words[next_one].key in ("than", "als")
    return bool(found) and _quantity(found[-1]) and not goes_on


def _quantity(mark: Mark) -> bool:
    """Whether a comparison may stand behind this: `5 mm or more`, `three pores or more`."""
    named = {"unit", "number", "measure", "term", "counter", "per_noun", "modal"}
    return mark.value is not None or bool(named & set(mark.senses))


def _mark(text: str, words: Sequence[Token], senses: Mapping[str, str], style: Style) -> Mark:
    first, last = words[0], words[-1]
    phrase = text[first.start : last.end]
    value = None
    if first.kind == "date":
        return Mark(phrase, first.start, last.end, {"named": ""}, "date")
    if first.kind == "number" and len(words) == 1:
        value = read_number(phrase, style)
        senses = {} if value is not None else {"unreadable": phrase}
    hints = {kind: x for kind, x in senses.items() if kind in HINTS}
    senses = {kind: x for kind, x in senses.items() if kind not in HINTS}
    return Mark(phrase, first.start, last.end, senses, first.kind, value, hints)
