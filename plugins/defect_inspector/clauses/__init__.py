"""The clauses of a manual: from the text of a record to typed rules with their places.

    >>> from defect_inspector.clauses import read_clauses
    >>> read = read_clauses(record)
    >>> read.clauses, read.unread, read.synonyms, read.contradictions

`statements` cuts the text, `context` keeps the headings, `sentences` and `tables` read what they
say; the words of the three languages are in the TOML files beside these modules.
"""

from defect_inspector.clauses.model import (
    STRICTNESS,
    Bounds,
    Clause,
    Contradiction,
    Place,
    ReadManual,
    Synonym,
    Unread,
)
from defect_inspector.clauses.reader import read_clauses

__all__ = [
    "STRICTNESS",
    "Bounds",
    "Clause",
    "Contradiction",
    "Place",
    "ReadManual",
    "Synonym",
    "Unread",
    "read_clauses",
]
