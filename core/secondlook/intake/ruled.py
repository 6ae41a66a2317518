"""Tables between drawn lines: their cells, merged ones included, by the lines around them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from secondlook.intake.places import Area, Segment, Word, joined

NEAR = 2.5  # points between lines that are meant to be one, or to touch
SHORT = 4  # shorter lines are ticks and letters
MOST = 1500  # lines of a page; drawings have more
MOST_CELLS = 5000


@dataclass
class _Rules:
    """Horizontal lines (y, left, right) and vertical ones (x, bottom, top) that touch."""

    across: list[tuple[float, float, float]]
    down: list[tuple[float, float, float]]

    def touch(self, other: "_Rules") -> bool:
        """Whether lines of one cross or reach lines of the other."""
        return _meet(self.across, other.down) or _meet(other.across, self.down)


def ruled_tables(
    segments: Sequence[Segment], words: Sequence[Word]
) -> list[tuple[Area, list[list[str]]]]:
    """Each table with its place and rows; a merged cell stands in every place it covers."""
    found = []
    for rules in _groups(segments):
        xs = _levels(x for x, _, _ in rules.down)
        ys = _levels(y for y, _, _ in rules.across)[::-1]
        if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > MOST_CELLS:
            continue
        area = Area(xs[0], ys[-1], xs[-1], ys[0])
        inside = [x for x in words if area.holds(x.middle, x.y)]
        rows = _rows(rules, xs, ys, inside)
        if sum(any(row) for row in rows) > 1:
            found.append((area, rows))
    return found


def _groups(segments: Sequence[Segment]) -> list[_Rules]:
    """Lines that touch each other, directly or through others."""
    if len(segments) > MOST:
        return []
    groups: list[_Rules] = []
    for one in filter(None, map(_rule, segments)):
        near = [x for x in groups if x.touch(one)]
        groups = [x for x in groups if not any(x is y for y in near)]
        for other in near:
            one.across += other.across
            one.down += other.down
        groups.append(one)
    return groups


def _rule(segment: Segment) -> _Rules | None:
    x, y, u, v = segment
    if abs(y - v) < NEAR and abs(x - u) > SHORT:
        return _Rules([((y + v) / 2, min(x, u), max(x, u))], [])
    if abs(x - u) < NEAR and abs(y - v) > SHORT:
        return _Rules([], [((x + u) / 2, min(y, v), max(y, v))])
    return None


def _meet(
    across: Sequence[tuple[float, float, float]], down: Sequence[tuple[float, float, float]]
) -> bool:
    return any(
        left - NEAR <= x <= right + NEAR and bottom - NEAR <= y <= top + NEAR
        for y, left, right in across
        for x, bottom, top in down
    )


def _levels(values: Iterable[float]) -> list[float]:
    """Values from the least, those that are meant to be one only once."""
    levels: list[float] = []
    for value in sorted(values):
        if not levels or value - levels[-1] > NEAR:
            levels.append(value)
    return levels


def _rows(
    rules: _Rules, xs: Sequence[float], ys: Sequence[float], words: Sequence[Word]
) -> list[list[str]]:
    across, down = len(xs) - 1, len(ys) - 1
    whole = _regions(rules, xs, ys)
    inside: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        spot = (_index([-y for y in ys], -(word.y + 0.3 * word.height)), _index(xs, word.middle))
        inside.setdefault(whole.get(spot, spot), []).append(word)
    return [[joined(inside.get(whole[i, j], ())) for j in range(across)] for i in range(down)]


def _index(levels: Sequence[float], value: float) -> int:
    """Between which two levels a value lies."""
    below = sum(x <= value for x in levels) - 1
    return max(0, min(below, len(levels) - 2))


def _regions(
    rules: _Rules, xs: Sequence[float], ys: Sequence[float]
) -> dict[tuple[int, int], tuple[int, int]]:
    """For each place the first place of its cell: cells without a line between them are one."""
    first = {(i, j): (i, j) for i in range(len(ys) - 1) for j in range(len(xs) - 1)}
    for i, j in list(first):
        for other in _open(rules, xs, ys, i, j):
            if other in first and first[other] != first[i, j]:
                old, new = max(first[other], first[i, j]), min(first[other], first[i, j])
                first.update({spot: new for spot, x in first.items() if x == old})
    return first


def _open(
    rules: _Rules, xs: Sequence[float], ys: Sequence[float], i: int, j: int
) -> Iterator[tuple[int, int]]:
    """The neighbours on the right and below with no line between."""
    x, y = (xs[j] + xs[j + 1]) / 2, (ys[i] + ys[i + 1]) / 2
    if j + 2 < len(xs) and not _drawn(rules.down, xs[j + 1], y):
        yield i, j + 1
    if i + 2 < len(ys) and not _drawn(rules.across, ys[i + 1], x):
        yield i + 1, j


def _drawn(lines: Sequence[tuple[float, float, float]], at: float, along: float) -> bool:
    return any(abs(x - at) <= NEAR and low - 1 <= along <= high + 1 for x, low, high in lines)
