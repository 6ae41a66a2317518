"""The words of a decision against those of its domain, and what stands in the case."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from secondlook.assessments import Assessment
from secondlook.cases import Attachment, Case
from secondlook.decisions import Act, Area, Decision, FindingAct
from secondlook.domain import Domain, Reason
from secondlook.errors import PluginError, UsageError
from secondlook.second_reads import differs


class Said(Protocol):
    """What a reviewer decided, as it is asked for."""

    @property
    def disposition(self) -> str: ...
    @property
    def acts(self) -> tuple[FindingAct, ...]: ...
    @property
    def reason(self) -> str: ...
    @property
    def reason_codes(self) -> tuple[str, ...]: ...
    @property
    def severity(self) -> str | None: ...


def check_words(said: Said, domain: Domain, case: Case) -> None:
    """Raises PluginError for a word that the domain does not have, UsageError where what is said
    makes no sense: an edit that changes nothing, a place that is not in the case."""
    _known(domain, "disposition", said.disposition, (x.code for x in domain.dispositions))
    _check_severity(domain, said.severity)
    _check_reasons(said, domain)
    labels = [x.code for x in domain.taxonomy.labels]
    for act in said.acts:
        for label in filter(None, (act.label, act.becomes)):
            _known(domain, "finding", label, labels)
        _check_severity(domain, act.severity)
        _check_act(act)
        if act.area is not None:
            _check_area(act.area, case)


def check_explained(decision: Decision, look: Assessment | None, domain: Domain) -> None:
    """Raises UsageError for a discrepancy without a reason, where the domain wants one."""
    if domain.discrepancy_unexplained or decision.reason.strip() or decision.reason_codes:
        return
    if differs(look, decision):
        codes = ", ".join(x.code for x in _fitting(domain, decision.disposition)) or "none"
        raise UsageError(
            f"{domain.title} wants a reason for deciding otherwise than the machine: give one with "
            f"--reason-code ({codes}) or --reason"
        )


def _known(domain: Domain, what: str, word: str, words: Iterable[str]) -> None:
    there = list(words)
    if word not in there:
        some = ", ".join(there) or "none"
        article = "knows no" if what == "finding" else "has no"
        raise PluginError(f"{domain.title} {article} {what} {word!r}; there is: {some}")


def _check_severity(domain: Domain, severity: str | None) -> None:
    if severity is not None:
        _known(domain, "severity", severity, (x.code for x in domain.severities))


def _check_reasons(said: Said, domain: Domain) -> None:
    by_code = {x.code: x for x in domain.reasons}
    if len(set(said.reason_codes)) != len(said.reason_codes):
        raise UsageError(f"a reason stands twice: {', '.join(said.reason_codes)}")
    for code in said.reason_codes:
        _known(domain, "reason", code, by_code)
        reason = by_code[code]
        if reason not in _fitting(domain, said.disposition):
            fits = ", ".join(reason.dispositions)
            raise UsageError(f"the reason {code!r} does not go with {said.disposition!r}: {fits}")
        if reason.comment and not said.reason.strip():
            raise UsageError(f"the reason {code!r} says too little alone: add words with --reason")


def _fitting(domain: Domain, disposition: str) -> Sequence[Reason]:
    return [x for x in domain.reasons if not x.dispositions or disposition in x.dispositions]


def _check_act(act: FindingAct) -> None:
    changes = any((act.becomes, act.severity, act.site, act.area, act.comment.strip()))
    if act.act is Act.EDIT and not changes:
        raise UsageError(
            f"the edit of {act.label!r} changes nothing: say what it becomes, as in "
            f"{act.label}=edit:NEW, or its severity, site or region"
        )
    if act.becomes is not None and act.act is not Act.EDIT:
        raise UsageError(f"only an edited finding becomes another: {act.label}=edit:{act.becomes}")
    if act.act in (Act.AGREE, Act.REJECT) and any((act.severity, act.site, act.area)):
        raise UsageError(
            f"{act.label!r} is {act.act}ed as it stands: to change its severity, site or region, "
            "edit it"
        )


def _check_area(area: Area, case: Case) -> None:
    found = next((x for x in case.images() if x.sha256 == area.attachment), None)
    if found is None:
        raise UsageError(f"case {case.id[:12]} has no picture {area.attachment[:12]}")
    if area.left < 0 or area.top < 0 or area.width < 1 or area.height < 1:
        raise UsageError(f"no such rectangle: {area.left}/{area.top}/{area.width}/{area.height}")
    for what, ends, size in _sizes(area, found):
        if ends > size:
            raise UsageError(f"the region ends at {what} {ends}, and the picture at {size}")
    if area.frame is not None and not 0 <= area.frame < _fact(found, "frames", default=1):
        raise UsageError(f"the picture has no frame {area.frame}; they are numbered from 0")


def _sizes(area: Area, picture: Attachment) -> Iterator[tuple[str, int, int]]:
    """Ends of the region and of the picture, where the picture's size is known."""
    names = (("column", "width", "columns"), ("row", "height", "rows"))
    ends = (area.left + area.width, area.top + area.height)
    for (what, *facts), end in zip(names, ends, strict=True):
        if size := max(_fact(picture, x) for x in facts):
            yield what, end, size


def _fact(picture: Attachment, name: str, default: int = 0) -> int:
    value = picture.facts.get(name)
    return value if isinstance(value, int) else default
