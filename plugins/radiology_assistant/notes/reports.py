"""Whether a text without headings says what somebody saw on an exam.

By phrases of reports, which are data in `headings.toml`.
"""

from functools import cache

from radiology_assistant.notes.phrases import Phrases
from radiology_assistant.notes.tokens import sentences_of, tokens_of
from radiology_assistant.notes.vocabulary import data

REPORT = "report"
LEAST = 2
"""Phrases that make a report of a text; of telling ones one does."""


def reads_like_report(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether `text[start:end]` reads like a report."""
    tokens = tokens_of(text, start, end)
    phrases = _phrases()
    found: dict[str, int] = {}
    for at in range(len(tokens)):
        found |= (x.value for x in phrases.at(tokens, at))
        if sum(found.values()) >= LEAST:
            return True
    return False


def report_in(text: str, start: int, end: int) -> int:
    """Where a report begins in `text[start:end]`: at the first sentence that reads like one."""
    sentences = sentences_of(text, start, end)
    return next((x.start for x in sentences if reads_like_report(text, x.start, x.end)), end)


@cache
def _phrases() -> Phrases[tuple[str, int]]:
    lists = data("headings.toml")[REPORT]
    weights = (("phrases", 1), ("telling", LEAST))
    return Phrases((x, (x, weight)) for name, weight in weights for x in lists[name])
