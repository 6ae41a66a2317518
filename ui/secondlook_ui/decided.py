"""What a reviewer said with a decision: of each finding, and why."""

from collections.abc import Iterator

from secondlook.decisions import Decision, FindingAct
from secondlook.domain import Domain
from secondlook_ui import words


def lines(item: Decision, domain: Domain | None) -> Iterator[str]:
    """Each act on a finding, then severity and reasons. For `st.text`: reviewers' own words."""
    for said in item.acts:
        yield act(said, domain)
    if item.severity:
        yield f"Severity: {_severity(domain, item.severity)}"
    titles = {x.code: x.title for x in domain.reasons} if domain else {}
    for code in item.reason_codes:
        yield f"Reason: {titles.get(code, code)}"
    if item.reason:
        yield f"Reason: {item.reason}"


def act(act: FindingAct, domain: Domain | None) -> str:
    """What was said of one finding, in a line."""
    said = f"{words.finding(domain, act.label)}: {words.ACTS[act.act]}"
    area = act.area
    parts = [
        f"to {words.finding(domain, act.becomes)}" if act.becomes else "",
        f"severity {_severity(domain, act.severity)}" if act.severity else "",
        f"site {act.site}" if act.site else "",
        f"at {area.left},{area.top} size {area.width}x{area.height}" if area else "",
        act.comment,
    ]
    details = "; ".join(x for x in parts if x)
    return f"{said} {details}" if details else said


def _severity(domain: Domain | None, code: str) -> str:
    titles = {x.code: x.title for x in domain.severities} if domain else {}
    return titles.get(code, code)
