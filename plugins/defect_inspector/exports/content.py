"""What a report says, as plain values: HTML and PDF only lay them out."""

from collections.abc import Iterator
from dataclasses import dataclass

from defect_inspector.exports.found import Found, found, rulings, why
from defect_inspector.exports.pictures import Pictured, pictured
from defect_inspector.exports.words import disposition, moment, plain, tone
from secondlook import Assessment, CaseExport, Decision, ExportReader, How

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A disposition, and whose it is."""

    heading: str
    title: str
    tone: str
    told: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """One case."""

    kind: str
    title: str
    about: Pairs
    recommended: Outcome
    decided: Outcome
    differs: bool
    cautions: tuple[str, ...]
    pictures: tuple[Pictured, ...]
    pictures_left_out: int
    found: tuple[Found, ...]
    earlier: tuple[str, ...]
    """Decisions that a later one replaced."""
    provenance: Pairs
    audit: Pairs
    audit_line: str
    """What `db verify-audit --against` reads, to see that the decision stands as it is printed."""


def report(item: CaseExport, reader: ExportReader) -> Report:
    """Everything about a case that a report says."""
    case, look = item.case, item.assessment
    decision = item.decisions[-1] if item.decisions else None
    pictures, left_out = pictured(item, reader)
    audit, line = _audit(decision, reader)
    return Report(
        kind=_kind(item, reader),
        title=plain(case.title) or case.id[:12],
        about=_about(item, reader),
        recommended=_recommended(item, reader),
        decided=_decided(item, decision, reader),
        differs=_differs(look, decision),
        cautions=tuple(_cautions(look)),
        pictures=pictures,
        pictures_left_out=left_out,
        found=found(item, reader.domain),
        earlier=tuple(_said(x, reader) for x in item.decisions[:-1]),
        provenance=_provenance(look),
        audit=audit,
        audit_line=line,
    )


def _kind(item: CaseExport, reader: ExportReader) -> str:
    """A part that is fine has no nonconformance to report."""
    recommended = item.assessment.disposition if item.assessment else None
    code = item.decisions[-1].disposition if item.decisions else recommended
    fine = tone(reader.domain, code) == "good"
    draft = "" if _stands(item) else " (draft: not decided)"
    return ("Inspection report" if fine else "Nonconformance report") + draft


def _stands(item: CaseExport) -> bool:
    return item.case.status.value == "decided" and bool(item.decisions)


def _about(item: CaseExport, reader: ExportReader) -> Pairs:
    case, spec = item.case, item.case.spec
    records = {x.sha256: x for x in case.records}
    manual = records.get(spec.manual or "") if spec else None
    manuals = [manual] if manual else [x for x in case.records if x.kind == "manual"]
    names = ", ".join(plain(x.name) for x in manuals)
    pairs = {
        "Product": plain(case.product or "not given"),
        "Manual": names or "none came with this part",
        "Revision of the manual": plain(spec.revision) if spec and spec.revision else "",
        "Case": case.id,
        "Came in": moment(case.opened_at),
        "Report made": moment(reader.at),
    }
    return tuple((name, value) for name, value in pairs.items() if value)


def _recommended(item: CaseExport, reader: ExportReader) -> Outcome:
    look = item.assessment
    code = look.disposition if look else None
    if look is None:
        title = "Nothing" if _stands(item) else "Nothing yet"
    else:
        title = _named(code, reader)
    heading, told = "The machine recommends", (*_looked(item), *_later(item, reader))
    return Outcome(heading=heading, title=title, tone=tone(reader.domain, code), told=told)


def _named(code: str | None, reader: ExportReader) -> str:
    return disposition(reader.domain, code) if code else "Nothing"


def _looked(item: CaseExport) -> Iterator[str]:
    look = item.assessment
    if look is None:
        had, has = "It had not looked at this part", "It has not looked at this part."
        yield f"{had} when the person decided." if _stands(item) else has
        return
    yield f"First look: {moment(look.created_at)}"
    if item.outdated:
        yield f"Caution: this look was {plain(item.outdated)}."
    yield from (why(x) for x in rulings(look) if x.decides)
    if look.abstention is not None:
        yield f"Not judged: {plain(look.abstention.message)}"


def _later(item: CaseExport, reader: ExportReader) -> Iterator[str]:
    """The report shows what the person saw; what came later is only named."""
    if item.later is not None:
        code = item.later.disposition
        yield (
            f"A later look, of {moment(item.later.created_at)}, recommends: {_named(code, reader)}. "
            "The person did not see it when deciding."
        )


def _decided(item: CaseExport, decision: Decision | None, reader: ExportReader) -> Outcome:
    heading = "A person decided"
    if decision is None:
        told = ("Until a person has decided, this report is a draft.",)
        return Outcome(heading=heading, title="Not yet", tone="neutral", told=told)
    again = "The case has changed since, and waits for a new decision."
    told = (
        f"{plain(decision.reviewer)}, {moment(decision.decided_at)}",
        *_reasons(decision, reader),
        *_how(item, decision),
        *(() if _stands(item) else (again,)),
    )
    title = disposition(reader.domain, decision.disposition)
    shade = tone(reader.domain, decision.disposition)
    return Outcome(heading=heading, title=title, tone=shade, told=told)


def _reasons(decision: Decision, reader: ExportReader) -> Iterator[str]:
    titles = {x.code: x.title for x in reader.domain.reasons}
    for code in decision.reason_codes:
        yield f"Reason: {titles.get(code, plain(code))}"
    if decision.reason.strip():
        yield f"Reason: {plain(decision.reason)}"
    elif not decision.reason_codes:
        yield "No reason was given."
    if decision.severity:
        yield f"Severity: {plain(decision.severity)}"


def _how(item: CaseExport, decision: Decision) -> Iterator[str]:
    """Where more than one person had a part in it."""
    first = next((x.reviewer for x in item.reads if x.id == decision.second_to), None)
    if decision.how is How.AGREED and first:
        yield f"{plain(first)} read it before and came to the same; neither saw the other's read."
    if decision.how is How.ADJUDICATED:
        names = sorted({plain(x.reviewer) for x in item.reads} - {plain(decision.reviewer)})
        yield f"Decided as a lead{', after reads by ' + ', '.join(names) if names else ''}."


def _differs(look: Assessment | None, decision: Decision | None) -> bool:
    if decision is None or look is None or look.disposition is None:
        return False
    return look.disposition != decision.disposition


def _cautions(look: Assessment | None) -> Iterator[str]:
    if look is not None:
        yield from dict.fromkeys(plain(x.message) for x in look.flags)


def _said(decision: Decision, reader: ExportReader) -> str:
    reason = f": {plain(decision.reason)}" if decision.reason.strip() else ""
    title = disposition(reader.domain, decision.disposition)
    return f"{moment(decision.decided_at)}, {plain(decision.reviewer)}: {title}{reason}"


def _provenance(look: Assessment | None) -> Pairs:
    if look is None:
        return ()
    by = look.provenance
    backbones = tuple(
        (
            "Backbone",
            f"{plain(x.name)}, revision {plain(x.revision)}, fingerprint {x.fingerprint[:16]}"
            + ("" if x.trained else ", untrained: its scores say little"),
        )
        for x in by.backbones
    )
    return (
        ("Adapter", plain(by.adapter or "none")),
        *backbones,
        ("Program", plain(by.code_version)),
        ("First look", look.id),
        ("Digest of what it looked at", by.inputs),
    )


def _audit(decision: Decision | None, reader: ExportReader) -> tuple[Pairs, str]:
    if decision is None:
        return (), ""
    entry = reader.audited(decision)
    if entry is None:
        return (("Decision", f"{decision.id}: the audit trail holds it otherwise, or not"),), ""
    pairs = (
        ("Decision", decision.id),
        ("Chain", entry.chain),
        ("Event", str(entry.seq)),
        ("Hash", entry.hash),
    )
    return pairs, f'["{entry.chain}", {entry.seq}, "{entry.hash}"]'
