"""File names made safe for logs, terminals and pages."""

import unicodedata
from pathlib import PurePath

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that move a cursor, turn the writing direction or cannot be encoded."""


def safe_name(name: str | PurePath) -> str:
    """The name with every unsafe character replaced by U+FFFD; folders are kept."""
    return "".join("\ufffd" if unicodedata.category(c) in UNSAFE else c for c in str(name))
