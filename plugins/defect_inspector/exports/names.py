"""File names that every system takes."""

import re

from secondlook import CaseExport

LONGEST = 60
ID = 12
"""Characters of a case id that tell cases apart."""


def report_name(item: CaseExport, suffix: str) -> str:
    """`plate-7-3f2a….pdf`: the title as far as it is plain letters, then the case."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", item.case.title).strip("-")[:LONGEST].strip("-")
    return f"{words or 'case'}-{item.case.id[:ID]}{suffix}"
