"""Merged cells of HTML tables, written into every place that they cover."""

from copy import deepcopy

from lxml import html as lxml_html

WIDEST = 40  # columns that one cell is spread over
TALLEST = 200
MOST = 20_000  # cells of a document that are written anew


def spread_spans(root: lxml_html.HtmlElement) -> None:
    """Copies each cell with `rowspan` or `colspan` into the places beside and below it."""
    left = MOST
    for table in root.iter("table"):
        waiting: dict[int, tuple[lxml_html.HtmlElement, int]] = {}
        for row in table.iter("tr"):
            if next(row.iterancestors("table"), None) is table:
                left -= _spread(row, waiting, left)


def _spread(
    row: lxml_html.HtmlElement, waiting: dict[int, tuple[lxml_html.HtmlElement, int]], left: int
) -> int:
    """Writes the cells of one row; waiting: by column, what reaches down and for how many rows."""
    cells = [x for x in row if x.tag in ("td", "th")]
    column = copies = 0
    while (cells or column in waiting) and copies < left:
        if column in waiting:
            cell, rows = waiting.pop(column)
            copies += 1
            row.insert(_place(row, cells), deepcopy(cell))
            if rows > 1:
                waiting[column] = cell, rows - 1
            column += 1
            continue
        cell = cells.pop(0)
        for _ in range(_span(cell, "colspan", WIDEST) - 1):
            cell.addnext(_alone(cell))
            copies += 1
        wide, tall = _span(cell, "colspan", WIDEST), _span(cell, "rowspan", TALLEST)
        waiting |= {column + i: (_alone(cell), tall - 1) for i in range(wide) if tall > 1}
        column += wide
    return copies


def _place(row: lxml_html.HtmlElement, cells: list[lxml_html.HtmlElement]) -> int:
    """Where in the row the next cell goes: before those that are still to come."""
    return row.index(cells[0]) if cells else len(row)


def _alone(cell: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
    copied = deepcopy(cell)
    copied.tail = None
    return copied


def _span(cell: lxml_html.HtmlElement, name: str, most: int) -> int:
    """How many columns or rows a cell covers; 1 where it is not a number."""
    text = (cell.get(name) or "1").strip()
    return (
        min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    )
