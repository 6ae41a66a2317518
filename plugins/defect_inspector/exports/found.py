"""The findings of a report: what was seen, and which clause it was held against."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from defect_inspector.exports.words import (
    ACTS,
    disposition,
    label,
    measured,
    place,
    plain,
    quoted,
    short,
    strength,
)
from secondlook import (
    Act,
    Assessment,
    CaseExport,
    CitedPassage,
    Domain,
    Evidence,
    Finding,
    FindingAct,
    Measurement,
    Region,
    Ruling,
)

Kind = TypeVar("Kind", bound=Evidence)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A clause beside what was found."""

    text: str
    number: str
    """Empty where the text begins with it."""
    place: str
    region: str
    measured: str
    limit: str
    verdict: str
    asks_for: str
    decides: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """One finding, or the part as a whole."""

    title: str
    told: tuple[str, ...]
    measured: tuple[tuple[str, str], ...]
    """Name of a region, and what was measured on it."""
    clauses: tuple[Clause, ...]
    passages: tuple[tuple[str, str], ...]
    """Place and text of passages that were found, where no clause was held against it."""
    silent: str
    """What is said where there is neither."""


def found(item: CaseExport, domain: Domain) -> tuple[Found, ...]:
    """The machine's findings, what a person added, and what is said of the part as a whole."""
    look = item.assessment
    decision = item.decisions[-1] if item.decisions else None
    acts = {x.label: x for x in decision.acts if x.act is not Act.ADD} if decision else {}
    machine = look.findings if look else ()
    return (
        *(_finding(x, acts, domain) for x in machine),
        *_added(decision.acts if decision else (), machine, domain),
        *_whole(look.evidence if look else (), machine, domain),
    )


def rulings(look: Assessment) -> list[Ruling]:
    """Every clause that a first look held against something."""
    return each((*(x for y in look.findings for x in y.evidence), *look.evidence), Ruling)


def why(ruling: Ruling) -> str:
    """`By clause 2.3: length 6.2 mm, and the limit is length above 5 mm.`"""
    clause = f"clause {short(ruling.number)}" if ruling.number else place(ruling)
    if not ruling.limit:
        return f"By {clause}."
    return f"By {clause}: {short(ruling.measured)}; the limit is {short(ruling.limit)}."


def each(evidence: Iterable[Evidence], kind: type[Kind]) -> list[Kind]:
    """The pieces of evidence of one kind, each once."""
    return list(dict.fromkeys(x for x in evidence if isinstance(x, kind)))


def _finding(finding: Finding, acts: dict[str, FindingAct], domain: Domain) -> Found:
    act = acts.get(finding.label)
    told = (
        strength(finding),
        f"Severity: {plain(finding.severity)}" if finding.severity else "",
        f"Site: {plain(finding.site)}" if finding.site else "",
        *(_said(act, f"The person {ACTS[act.act]} this finding", domain) if act else ()),
    )
    title = plain(finding.title)
    regions = ", ".join(x.name for x in each(finding.evidence, Region) if x.name)
    title = f"{title} (marked {plain(regions)})" if regions else title
    return _found(title, told, finding.evidence, domain, "No clause was found for it.")


def _added(
    acts: Iterable[FindingAct], machine: Iterable[Finding], domain: Domain
) -> Iterable[Found]:
    known = {x.label for x in machine}
    for act in acts:
        if act.act is Act.ADD or act.label not in known:
            new = "" if act.label in known else "; the machine had not raised it"
            told = _said(act, f"The person {ACTS[act.act]} this finding{new}", domain)
            yield _found(label(domain, act.label), told, (), domain, "")


def _said(act: FindingAct, what: str, domain: Domain) -> Iterable[str]:
    """What the person did with a finding, and what they said of it."""
    yield f"{what}: it is {label(domain, act.becomes)}." if act.becomes else f"{what}."
    if act.severity:
        yield f"Severity by the person: {plain(act.severity)}"
    if act.site:
        yield f"Site by the person: {plain(act.site)}"
    if act.area is not None:
        area = act.area
        yield f"Marked by the person: {area.width} x {area.height} at {area.left}, {area.top}"
    if act.comment.strip():
        yield f"Comment: {plain(act.comment)}"


def _whole(
    evidence: tuple[Evidence, ...], machine: tuple[Finding, ...], domain: Domain
) -> Iterable[Found]:
    said = {x for y in machine for x in each(y.evidence, Ruling) + each(y.evidence, Measurement)}
    rest = tuple(x for x in evidence if isinstance(x, (Ruling, Measurement)) and x not in said)
    if rest:
        yield _found("The part as a whole", (), rest, domain, "")
    elif not machine:
        yield _found("The machine raised no finding", (), (), domain, "")


def _found(
    title: str, told: Iterable[str], evidence: tuple[Evidence, ...], domain: Domain, silent: str
) -> Found:
    rulings = sorted(each(evidence, Ruling), key=_weight)
    passages = [] if rulings else each(evidence, CitedPassage)
    return Found(
        title=title,
        told=tuple(x for x in told if x),
        measured=_measured(each(evidence, Measurement)),
        clauses=tuple(_clause(x, domain) for x in rulings),
        passages=tuple((place(x), quoted(x.text)) for x in passages),
        silent="" if rulings or passages else silent,
    )


def _measured(items: Iterable[Measurement]) -> tuple[tuple[str, str], ...]:
    by_region: dict[str, list[str]] = {}
    for item in items:
        by_region.setdefault(short(item.region or "whole part"), []).append(measured(item))
    return tuple((region, quoted(", ".join(said))) for region, said in by_region.items())


def _weight(ruling: Ruling) -> tuple[bool, int]:
    """What decides first, then what applies, what cannot be told, what does not apply."""
    return not ruling.decides, {True: 0, None: 1, False: 2}[ruling.applies]


def _clause(ruling: Ruling, domain: Domain) -> Clause:
    text, number = quoted(ruling.text), short(ruling.number or "")
    return Clause(
        text=text,
        number="" if text.startswith(number) else number,
        place=place(ruling),
        region=short(ruling.region or "whole part"),
        measured=short(ruling.measured) or "not measured",
        limit=short(ruling.limit) or "no limit",
        verdict={True: "applies", False: "does not apply", None: "cannot be told"}[ruling.applies],
        asks_for=disposition(domain, ruling.disposition),
        decides=ruling.decides,
        note=short(ruling.note),
    )
