"""How the text of a record is laid out: in lines, and rows of tables as cells between bars."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

RULER = re.compile(r"[\s=\-_*~#.|+:]*")
SENTENCE_END = (".", "!", "?", ";", "。", "！", "？", "；", "…")


@dataclass(frozen=True)
class Line:
    """One line of a text: `text[start:end]`, without the line end."""

    start: int
    end: int
    text: str

    @property
    def blank(self) -> bool:
        """Whether it is empty, or a ruler."""
        return RULER.fullmatch(self.text) is not None


def lines_of(text: str, start: int = 0, end: int | None = None) -> Iterator[Line]:
    """The lines of `text[start:end]`; behind a last line end stands an empty one."""
    end = len(text) if end is None else end
    while start <= end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield Line(start, stop, text[start:stop])
        start = stop + 1


def ends_sentence(text: str) -> bool:
    """Whether a text ends like a sentence."""
    return text.rstrip().endswith(SENTENCE_END)


def join_cells(cells: Iterable[str]) -> str:
    """One row as a line. Empty cells keep their place; a row of empty cells is no text."""
    texts = list(cells)
    return " | ".join(texts) if any(texts) else ""


def cells_of(line: str, *, drawn: bool) -> tuple[str, ...]:
    """The cells of a row between bars, empty ones included; none where the line is no such row.

    drawn: the bars stand in the text itself, as in a text file. Those at its ends are a frame
    then; in a line of `join_cells` the cell before or behind them is empty.
    """
    text = line.strip() if drawn else line
    if " | " not in text and text.count("|") < 2:
        return ()
    return tuple(x.strip() for x in (text.strip("|") if drawn else text).split("|"))
