"""Every key of the UI in one place: two buttons with one key would fire silently, both.

C and R belong to Streamlit and are refused by it, with modifiers too. No key fires while typing.
"""

NEXT = "N"
SKIP = "S"
FIRST_LOOK = "M"
WORKLIST = "W"
BACK = "U"
"""Back to the case just decided, to change the decision."""
ALL = (NEXT, SKIP, FIRST_LOOK, WORKLIST, BACK)


def for_dispositions(count: int) -> tuple[str | None, ...]:
    """1 to 9 in the order the domain offers them; a tenth has no key."""
    return tuple(str(x) if x <= 9 else None for x in range(1, count + 1))
