"""Noun phrases of a sentence: stretches of words that mean nothing else to a manual."""

from collections.abc import Iterator, Sequence

from defect_inspector.clauses.marks import Mark

Run = tuple[int, int]
"""First mark of a noun phrase, and the one behind its last."""


NOT = frozenset({"不", "未", "非"})
WORDS = 4


IDEOGRAPHS = 8


THE = frozenset({"the", "this", "that", "der", "die", "das", "dieser", "diese", "dieses", "该"})


PLACED = frozenset(
    {
        "in",
        "on",
        "at",
        "by",
        "for",
        "to",
        "from",
        "within",
        "as",
        "im",
        "auf",
        "an",
        "am",
        "bei",
        "zur",
        "zum",
        "als",
        "在",
    }
)


SOFT = frozenset(
    {"plain", "function", "article", "per", "counter", "depth", "number", "negation", "per_noun"}
)
"""Senses of an ideograph that may stand inside of a longer word."""


def runs(marks: Sequence[Mark]) -> Iterator[Run]:
    """Stretches of words that mean nothing else."""
    i = 0
    while i < len(marks):
        j = i
        while j < len(marks) and _part(marks, i, j):
            j += 1
        if j > i:
            yield from _trimmed(marks, i, j)
        i = max(j, i + 1)


def phrase(marks: Sequence[Mark], run: Run) -> str:
    """The words of a noun phrase in lower case, written as they stand."""
    text = ""
    for i in range(*run):
        gap = i > run[0] and marks[i].start > marks[i - 1].end
        text += " " * gap + marks[i].text
    return text.lower()


def _content(mark: Mark) -> bool:
    return mark.kind in ("word", "ideograph") and not mark.senses


def _surface(marks: Sequence[Mark], i: int, j: int) -> bool:
    """Whether a phrase goes on with the word for a kind of place: `uneven surfaces`."""
    placed = i > 0 and marks[i - 1].text.lower() in (*THE, *PLACED, "a", "an", "any")
    return j > i and not placed and marks[j].get("zone") == "head" and len(marks[j].senses) == 1


def _part(marks: Sequence[Mark], i: int, j: int) -> bool:
    """Whether mark j belongs to the phrase that begins with mark i; `left by` ends one."""
    done = j > i and j + 1 < len(marks) and marks[j + 1].text.lower() in ("by", "durch", "von")
    if j > i and marks[j].kind == "ideograph" and marks[j].start > marks[j - 1].end:
        return False  # a space between ideographs parts words
    product = j > i and marks[j].get("plain") in ("part", "product") and _content(marks[i])
    if (_content(marks[j]) or product) and not done:
        return True
    if j == i and marks[j].text in NOT and _ideograph(marks[j + 1 : j + 2]):
        return j == 0 or marks[j - 1].kind == "symbol"  # `不平整`
    return _hyphened(marks, j) or _inner(marks, i, j) or _surface(marks, i, j)


def _hyphened(marks: Sequence[Mark], j: int) -> bool:
    """Whether a known word, or the hyphen, is part of a compound: `out-of-round`."""
    tight = [
        marks[k].text == "-"
        and marks[k - 1].end == marks[k].start
        and marks[k].end == marks[k + 1].start
        for k in (j - 1, j, j + 1)
        if 0 < k < len(marks) - 1
    ]
    return any(tight) and (marks[j].kind == "word" or marks[j].text == "-")


def _inner(marks: Sequence[Mark], i: int, j: int) -> bool:
    """Whether a mark joins two words of one phrase: a hyphen, a small word between ideographs."""
    if j == i or j >= len(marks):
        return False
    if marks[j].get("counter") or marks[j].get("per_noun"):
        places = marks[j].kind == "word" and _content(marks[j - 1])  # `klebrige Stellen`
        if places or (j == i + 1 and _two(marks, j)):
            return True
    after = marks[j + 1 : j + 3]
    if marks[j].text == "-":
        tight = marks[j - 1].end == marks[j].start and after and marks[j].end == after[0].start
        return bool(tight and _content(after[0]))
    if marks[j].text in NOT and _small(marks[j]):
        after = [x for x in after if not (x.senses and _small(x))]  # `不均匀`
    return _small(marks[j]) and (_ideograph(after[:1]) or _denying(marks, j))


def _small(mark: Mark) -> bool:
    soft = mark.kind == "ideograph" and set(mark.senses) <= SOFT
    return soft and mark.text not in "的时则"


def _ideograph(marks: Sequence[Mark]) -> bool:
    return any(x.kind == "ideograph" and _content(x) for x in marks)


def _denying(marks: Sequence[Mark], j: int) -> bool:
    """`孔内无铜，报废`: what is missing is the defect, where a comma and a disposition follow."""
    at = j if marks[j].text == "无" else j + 1
    if at >= len(marks) or marks[at].text != "无" or not _ideograph(marks[at + 1 : at + 2]):
        return False
    return any(x.get("disposition") in ("scrap", "rework", "hold") for x in marks[at:])


def _two(marks: Sequence[Mark], j: int) -> bool:
    """Whether an ideograph that may count is the end of a word of two: `滚道`."""
    counted = j > 1 and (marks[j - 2].value is not None or marks[j - 2].get("number"))
    return marks[j - 1].kind == marks[j].kind == "ideograph" and not counted


def _trimmed(marks: Sequence[Mark], i: int, j: int) -> Iterator[Run]:
    """The phrase without what is too long for one; German ones end with a noun."""
    if marks[i].kind == "ideograph":
        if 1 < j - i <= IDEOGRAPHS:
            yield i, j
        return
    nouns = [k for k in range(i, j) if marks[k].text[0].isupper() and marks[k].text[1:].islower()]
    if nouns and nouns[0] > 0 and nouns[-1] < j - 1 and _german(marks):
        j = nouns[-1] + 1
    words = 1 + sum(marks[k].start > marks[k - 1].end for k in range(i + 1, j))
    if words <= WORDS and (j - i > 1 or len(marks[i].text) > 2):
        yield i, j


def _german(marks: Sequence[Mark]) -> bool:
    return any(
        x.text.lower() in {"sind", "ist", "und", "der", "die", "das", "nicht", "bis", "mit", "zu"}
        for x in marks
    )
