"""Values as a report says them."""

import math
import re
from datetime import UTC, datetime

from secondlook import Act, CitedPassage, Domain, Finding, Measurement, Ruling

ACTS = {Act.AGREE: "agreed with", Act.REJECT: "rejected", Act.EDIT: "changed", Act.ADD: "added"}
LONGEST, SHORT = 1200, 240
"""Characters of a quoted clause, and of any other text in a table: what is longer is cut off, and
says so."""
SMALLEST = 12
"""Digits after the point at most: what needs more of them is written as a power of ten."""
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the order of a line around."""


def plain(text: str) -> str:
    """Text from outside without characters that are no writing; spaces as single ones."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def quoted(text: str) -> str:
    """A clause as it stands in the record, unless it is very long."""
    return _cut(plain(text), LONGEST)


def short(text: str) -> str:
    """A text that finds room in a table."""
    return _cut(plain(text), SHORT)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} … (cut off here)"


def moment(at: datetime) -> str:
    """A time that means the same everywhere."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def number(value: float) -> str:
    """Four digits, more where there are more before the point."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}" if decimals <= SMALLEST else f"{value:.4g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit(text: str) -> str:
    """`mm^2` as mm²."""
    return short(re.sub(r"(?:\^|\*\*)([23])", lambda x: "²³"[int(x[1]) - 2], text))


def measured(item: Measurement) -> str:
    """`length 6.2 mm`."""
    return f"{short(item.name)} {number(item.value)} {unit(item.unit)}".rstrip()


def strength(finding: Finding) -> str:
    """Score and threshold; the word probability only for what was calibrated."""
    said = []
    if finding.probability is not None:
        said.append(f"calibrated probability {finding.probability:.2f}")
    if finding.score is not None:
        raised = f", raised from {number(finding.threshold)} on" if finding.threshold else ""
        said.append(f"score {number(finding.score)}{raised}")
    return "; ".join(said)


def place(cited: Ruling | CitedPassage) -> str:
    """`manual.pdf, page 3, line 120`."""
    page = f", page {cited.page}" if cited.page is not None else ""
    return f"{short(cited.record_name)}{page}, line {cited.line}"


def disposition(domain: Domain, code: str) -> str:
    """Its title; its code where the domain no longer knows it."""
    return {x.code: x.title for x in domain.dispositions}.get(code, plain(code))


def tone(domain: Domain, code: str | None) -> str:
    """How good an outcome is: good, caution, bad, neutral."""
    return {x.code: x.tone for x in domain.dispositions}.get(code or "", "neutral")


def label(domain: Domain, code: str) -> str:
    """A label's title; its code where the domain no longer knows it."""
    title = {x.code: x.title for x in domain.taxonomy.labels}.get(code, plain(code))
    return title[:1].upper() + title[1:]
