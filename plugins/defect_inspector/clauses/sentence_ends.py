"""Where sentences end: not behind `max.`, `z. B.` or `Nr.`."""

import re
from collections.abc import Iterator

from defect_inspector.clauses.statements import trim

END = re.compile(r"[.!?][\"'”’»)\]]{0,3}(?=\s)|[。！？]|[.!?][\"'”’»)\]]{0,3}\Z")
ABBREVIATION = re.compile(
    r"(?:(?<!\w)(?:max|min|approx|ca|no|nr|fig|abb|e\.g|i\.e|z\.\s?B|bzw|incl|inkl|einschl|dia|tab|sec|pos|lfd"
    r"|resp|vgl|vs|usw|etc|evtl|ggf|sog|stk|d\.\s?h|sq|cf|art|mind|zul|i\.o|n\.i\.o|[a-zäöü]|\d{1,2}))\.$",
    re.IGNORECASE,
)
ZONE_END = re.compile(r"(?:zones?|zonen|bereich|and|und|or|oder|,)\s+[A-Z0-9]\.$", re.IGNORECASE)


def split_sentences(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """The spans of the sentences of a block from `begin` on."""
    for match in END.finditer(text, begin):
        if _goes_on(text, match):
            continue
        yield from trim(text, begin, match.end())
        begin = match.end()
    yield from trim(text, begin, len(text))


def _goes_on(text: str, match: re.Match[str]) -> bool:
    tail = text[max(0, match.end() - 24) : match.end()]
    rest = text[match.end() : match.end() + 8].lstrip()
    shortened = ABBREVIATION.search(tail) or rest[:1].islower()
    return bool(match[0][0] == "." and rest and shortened and not ZONE_END.search(tail))
