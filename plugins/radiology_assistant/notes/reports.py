"""Whether a text without headings says what somebody saw on an exam.

By phrases of reports, which are data in `headings.toml`.
"""

from collections.abc import Sequence
from functools import cache

from radiology_assistant.notes.phrases import Phrases
from radiology_assistant.notes.tokens import Token, sentences_of, tokens_of
from radiology_assistant.notes.vocabulary import data

REPORT = "report"
LEAST = 2
"""Phrases that make a report of a text; of telling ones one does."""
SEEN, TOLD = "seen", "told"
KINDS = {
    REPORT: (("phrases", 1), ("telling", LEAST)),
    SEEN: (("phrases", 1), ("seen", 1)),
    TOLD: (("told", LEAST),),
}
"""The lists of each kind, and how much one of their phrases counts."""


def reads_like_report(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether `text[start:end]` says what only a report says."""
    return _holds(tokens_of(text, start, end), REPORT)


def may_be_report(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether it reads like a report, or names things that are seen on an exam and nothing in it
    tells of a person or asks: a referral may do so as well."""
    tokens = tokens_of(text, start, end)
    return _holds(tokens, REPORT) or (_holds(tokens, SEEN) and not _holds(tokens, TOLD))


def report_in(text: str, start: int, end: int) -> int:
    """Where a report begins in `text[start:end]`: at the first sentence that reads like one."""
    sentences = sentences_of(text, start, end)
    return next((x.start for x in sentences if reads_like_report(text, x.start, x.end)), end)


def _holds(tokens: Sequence[Token], kind: str) -> bool:
    """Whether these words hold enough phrases of a kind; each counts once."""
    phrases = _phrases(kind)
    seen: set[tuple[str, int]] = set()
    for at in range(len(tokens)):
        found = phrases.at(tokens, at)
        seen.update(x.value for x in found)
        if found and sum(weight for _, weight in seen) >= LEAST:
            return True
    return False


@cache
def _phrases(kind: str) -> Phrases[tuple[str, int]]:
    lists = data("headings.toml")[REPORT]
    return Phrases((x, (x, weight)) for name, weight in KINDS[kind] for x in lists[name])
