"""Tables without drawn lines: rows of short texts with wide gaps, below each other."""

from collections.abc import Sequence

from secondlook.intake.places import Area, Word, joined, lines_of

GAP = 0.9  # heights between the words of two cells, at least
FAR = 3.2  # heights between two rows, at most
CLOSE = 1.6  # heights between the lines of one cell, at most
LOOSE = 2.2  # the same, where only one cell goes on
LEAST = 3  # columns
LONGEST = 45  # characters of a header cell; columns of prose have longer ones
Bands = list[tuple[float, float]]


def aligned_tables(words: Sequence[Word]) -> list[tuple[Area, list[list[str]]]]:
    """Each table with its place and rows: a first row of three cells or more, and rows under it."""
    lines = [_cells(x) for x in lines_of(words)]
    found, i = [], 0
    while i < len(lines):
        rows, end = _table(lines, i)
        if len(rows) > 1:
            words = [word for line in lines[i:end] for cell in line for word in cell]
            found.append((_around(words), [[joined(x) for x in row] for row in rows]))
        i = max(end, i + 1)
    return found


def _cells(line: Sequence[Word]) -> list[list[Word]]:
    """The words of a line, those without a gap between them as one cell."""
    cells: list[list[Word]] = []
    for word in line:
        if cells and word.left - cells[-1][-1].right < GAP * word.height:
            cells[-1].append(word)
        else:
            cells.append([word])
    return cells


def _table(lines: Sequence[list[list[Word]]], i: int) -> tuple[list[list[list[Word]]], int]:
    """The rows of the table that begins with line i, and the line behind it."""
    head = lines[i]
    if len(head) < LEAST or any(len(joined(x)) > LONGEST for x in head):
        return [], i + 1
    bands = [_band(x) for x in head]
    rows, full = [head], 1
    while i + full < len(lines):
        line, above = lines[i + full], lines[i + full - 1]
        drop, height = above[0][0].y - line[0][0].y, max(line[0][0].height, 1)
        at = _columns(line, bands)
        if at is None or drop > FAR * height:
            break
        row = [line[at.index(j)] if j in at else [] for j in range(len(bands))]
        if 0 not in at and drop < (LOOSE if len(at) == 1 else CLOSE) * height:
            rows[-1] = [a + b for a, b in zip(rows[-1], row, strict=True)]
        elif len(at) > 1:
            rows.append(row)
        else:
            break
        full += 1
    return rows, i + full


def _band(cell: Sequence[Word]) -> tuple[float, float]:
    return cell[0].left, cell[-1].right


def _columns(line: Sequence[list[Word]], bands: Bands) -> list[int] | None:
    """The column of each cell; None where the line does not stand under the header."""
    found: list[int] = []
    for cell in line:
        at = _column(_band(cell), bands)
        if at is None or at in found:
            return None
        found.append(at)
    return found


def _column(band: tuple[float, float], bands: Bands) -> int | None:
    """The column that a cell stands under: it begins or ends with it, or lies around its middle."""
    left, right = band
    over = [i for i, (a, b) in enumerate(bands) if left < b and right > a]
    if len(over) == 1:
        return over[0]
    same = [i for i, (a, b) in enumerate(bands) if abs(left - a) < 4 or abs(right - b) < 4]
    return same[0] if len(same) == 1 else None


def _around(words: Sequence[Word]) -> Area:
    return Area(
        min(x.left for x in words), min(x.y for x in words),
        max(x.right for x in words), max(x.y + x.height for x in words),
    )  # fmt: skip
