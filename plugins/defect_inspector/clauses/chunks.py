"""Cuts a sentence with several dispositions into stretches that have one each."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from defect_inspector.clauses.dispositions import Said
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.ranges import Limit

Span = tuple[int, int]


def cut(marks: Sequence[Mark], limits: Sequence[Limit], said: Sequence[Said]) -> list[Span]:
    """Spans of marks, in order and without gaps."""
    spans: list[Span] = []
    for span in _at(marks, limits, 0, len(marks), (";",)):
        spans += _one_each(marks, limits, said, span)
    return spans


def inside(span: Span, at: int) -> bool:
    """Whether a mark lies in a span."""
    return span[0] <= at < span[1]


def _one_each(
    marks: Sequence[Mark], limits: Sequence[Limit], said: Sequence[Said], span: Span
) -> list[Span]:
    own = [x.at for x in said if inside(span, x.at)]
    if len(own) < 2:
        return _else(marks, limits, own, span)
    chunks: list[Span] = []
    open_at = span[0]
    for piece in _at(
        marks, limits, *span, (",", "，", "and", "but", "while", "whereas", "und", "aber", "|", "/")
    ):
        whole = (open_at, piece[1])
        if not any(inside(whole, x.at) for x in said):
            continue
        if chunks and not _says(marks, limits, whole):
            chunks[-1] = (chunks[-1][0], piece[1])
        else:
            chunks += _ordered(limits, said, whole, marks)
        open_at = piece[1]
    if chunks and open_at < span[1]:
        chunks[-1] = (chunks[-1][0], span[1])
    return chunks or [span]


def _else(
    marks: Sequence[Mark], limits: Sequence[Limit], said: Sequence[int], span: Span
) -> list[Span]:
    """`at most 4 mm², else rework`: what is said is said of what lies beyond."""
    for i in range(*span):
        before = any(inside(span, x.first) and x.last < i and x.bounds for x in limits)
        if (
            marks[i].get("beyond")
            and before
            and said
            and (said[0] > i or _comma(marks, said[0], i))
        ):
            return [(span[0], i), (i, span[1])]
    return [span]


def _comma(marks: Sequence[Mark], said: int, i: int) -> bool:
    """Whether a comma parts what is said from the word for what lies beyond."""
    return any(x.text in ",，" for x in marks[said:i])


def _at(
    marks: Sequence[Mark], limits: Sequence[Limit], start: int, end: int, signs: tuple[str, ...]
) -> Iterator[Span]:
    """Pieces between signs that stand in no limit."""
    inner = {i for x in limits for i in range(x.first, x.last)}
    begin = start
    for i in range(start, end):
        if marks[i].text.lower() in signs and i not in inner:
            yield begin, i + 1
            begin = i + 1
    if begin < end:
        yield begin, end


def _says(marks: Sequence[Mark], limits: Sequence[Limit], span: Span) -> bool:
    """Whether a stretch names a defect or a limit of its own."""
    kinds = ("term", "beyond", "at", "zone", "severity")
    named = any(x.get(kind) for x in marks[slice(*span)] for kind in kinds)
    return named or any(inside(span, x.first) for x in limits)


def _ordered(
    limits: Sequence[Limit], said: Sequence[Said], span: Span, marks: Sequence[Mark]
) -> list[Span]:
    """`accept to 2 mm rework to 5 mm` or `to 2 mm accept to 5 mm rework`, without commas."""
    own = [x.at for x in said if inside(span, x.at)]
    spots = [x.first for x in limits if inside(span, x.first)]
    spots += [i for i in range(*span) if marks[i].get("beyond")]
    if (
        len(own) < 2
        or not any(own[0] < x < own[-1] for x in spots)
        and not (min(spots, default=span[0]) < own[0] and max(spots, default=span[0]) > own[-1])
    ):
        return [span]
    first = min(spots, default=span[0]) > own[0] and max(spots, default=0) > own[-1]
    cuts = own[1:] if first else [x + 1 for x in own[:-1]]
    edges = [span[0], *cuts, span[1]]
    return list(pairwise(edges))
