"""A manual with what a person corrected of how it is read.

The corrections stand behind the manual's own text, under a mark, so that they are cited, stored,
compared and exported like any other part of it, and no offset of the manual changes.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from secondlook.cases import Passage, Record
from secondlook.errors import UsageError

MARK = "=== Corrections by hand ==="
COMMENT = "#"


def amend(manual: Record, corrections: Record) -> Record:
    """The manual with the lines of another text behind it; lines that begin with # are left out.

    Raises UsageError where no line is left, or the manual has corrections already.
    """
    lines = [x.strip() for x in corrections.text.splitlines()]
    lines = [x for x in lines if x and not x.startswith(COMMENT)]
    if not lines:
        raise UsageError(
            f"{corrections.name} corrects nothing: every line is empty or begins with {COMMENT}"
        )
    if amended_at(manual.text) is not None:
        raise UsageError(f"{manual.name} has corrections already: give the manual itself")
    text = "\n".join([manual.text.rstrip("\n"), "", MARK, *lines, ""])
    return replace(
        manual,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        name=f"{manual.name} (corrected)",
        text=text,
        passages=(*manual.passages, *_behind(text, len(manual.passages))),
    )


def amended_at(text: str) -> int | None:
    """Where the corrections begin, behind their mark; None where there are none."""
    start = text.rfind(f"\n{MARK}\n")
    return None if start < 0 else start + len(MARK) + 2


def unamended(record: Record) -> Record:
    """The manual alone, all offsets as they are."""
    start = amended_at(record.text)
    if start is None:
        return record
    passages = tuple(x for x in record.passages if x.start < start)
    return replace(record, text=record.text[: start - len(MARK) - 1], passages=passages)


def _behind(text: str, ordinal: int) -> Iterator[Passage]:
    """One passage for each line of the corrections."""
    start = amended_at(text) or 0
    line = text.count("\n", 0, start) + 1
    for number, words in enumerate(text[start:].rstrip("\n").split("\n")):
        end = start + len(words)
        yield Passage(
            ordinal=ordinal + number, text=words, start=start, end=end, line=line + number
        )
        start = end + 1
