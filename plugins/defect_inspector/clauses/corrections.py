"""What a person corrected of how a manual is read, line by line behind its text.

    line 41: Pores are not permitted in the rim.
    3.2: Scratches longer than 4 mm are scrapped.
    line 57: no rule
    new: Dents deeper than 0.2 mm are reworked.

`line 41` and `3.2` are where and how `secondlook manual check` lists what it read. The rule is
read by itself: no heading of the manual holds for it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from defect_inspector.clauses.model import Clause, Place

LINE = re.compile(
    r"(?:(?P<new>new|neu|新增)|(?:line|zeile|行)\s*(?P<line>\d{1,7})|(?P<number>[\w.()-]{1,12}))"
    r"\s*[:：]\s*(?P<rule>\S.*)",
    re.IGNORECASE,
)
NONE = ("no rule", "keine regel", "无规则")


@dataclass(frozen=True)
class Correction:
    """One line; its rule is `record.text[start:end]`."""

    text: str
    start: int
    end: int
    line: int | None = None
    """Line of the manual whose rules it stands for."""
    number: str | None = None
    """Number of the clause that it stands for."""
    read: bool = True
    """False for a line that is no correction."""

    @property
    def withdraws(self) -> bool:
        """Whether what stands there is no rule at all."""
        return self.text.rstrip(" .。").lower() in NONE

    @property
    def target(self) -> str | None:
        """What it corrects, in words; None for a rule that is new."""
        return f"line {self.line}" if self.line is not None else self.number

    def meets(self, place: Place) -> bool:
        """Whether it stands for what was read there."""
        if self.line is not None:
            return place.line == self.line
        number = place.number if isinstance(place, Clause) else None
        return self.number is not None and number == self.number


def find_corrections(text: str, start: int) -> Iterator[Correction]:
    """The corrections in `text[start:]`, in order."""
    for whole in text[start:].splitlines(keepends=True):
        words = whole.strip()
        if words:
            yield _correction(words, start + whole.index(words))
        start += len(whole)


def _correction(words: str, start: int) -> Correction:
    found = LINE.fullmatch(words)
    if found is None:
        return Correction(words, start, start + len(words), read=False)
    return Correction(
        text=found["rule"],
        start=start + found.start("rule"),
        end=start + found.end("rule"),
        line=int(found["line"]) if found["line"] else None,
        number=found["number"],
    )
