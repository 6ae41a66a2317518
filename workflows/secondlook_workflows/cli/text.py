"""Reports as people read them in a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.panel import Panel
from rich.text import Text

from secondlook.cases import CaseStatus
from secondlook.store.worklist import CaseSummary, Counts
from secondlook_workflows.assess import AssessReport
from secondlook_workflows.cli.console import out, print_table, say
from secondlook_workflows.ingest import IngestReport, Outcome
from secondlook_workflows.rejudged import RejudgeReport
from secondlook_workflows.standing import Line

SHORT = 8
"""Characters of a case id that are shown."""


def ingested(report: IngestReport, given: Mapping[str, str] | None = None) -> None:
    """What was read; every file that was not gets a line with its reason.

    `given`: what the person at the terminal calls the files, where they were taken in without their
    names. Without it, as in a log, they go by their pseudonyms.
    """
    called = {x: f"{y} (kept as {x})" for x, y in (given or {}).items()}
    counts = Counter(x.outcome for x in report.files)
    parts = [f"{counts[x]} {x}" for x in Outcome if counts[x]]
    read = f"{len(report.files)} files: {', '.join(parts)}; " if parts else ""
    say(f"{read}{report.added} new cases, {len(report.cases)} in all")
    for file in report.files:
        why = file.detail or file.reason
        if file.outcome in (Outcome.QUARANTINED, Outcome.KEPT):
            say(f"  {called.get(file.source, file.source)}: {file.outcome} ({why})")
        elif file.reason:
            say(f"  {called.get(file.source, file.source)}: {file.outcome}, not assessed ({why})")
    for note in report.notes:
        name, mark, rest = note.partition(": ")
        say(f"{called.get(name, name)}{mark}{rest}")


def rejudged(report: RejudgeReport) -> None:
    """How many open cases were judged again, and what changed for them."""
    verb = "would be" if report.dry_run else "were"
    kept = report.rejudged - report.changed
    if report.rejudged:
        say(f"{report.rejudged} open cases {verb} judged again; {kept} of them stay as they were")
    for change in report.changes:
        before, after = change.before or "no recommendation", change.after or "no recommendation"
        say(f"  {before} -> {after}: {change.cases}")
    if report.waiting:
        say(
            f"{report.waiting} {'would' if report.dry_run else 'now'} wait for a new look, as "
            "their first look does not tell enough: secondlook assess"
        )
    if report.up_to_date:
        say(f"{report.up_to_date} were up to date")
    for case, reason in report.failed.items():
        say(f"  {case[:SHORT]} failed: {reason}")
    for case, reason in report.left.items():
        say(f"  {case[:SHORT]} was left as it is: {reason}")
    for domain, reason in report.skipped.items():
        say(f"  cases of {domain} stay as they are: {reason}")


def assessed(report: AssessReport) -> None:
    """How many were looked at, and which could not be."""
    say(f"{report.assessed} cases assessed, {report.abstained} of them with an abstention")
    for case, reason in report.failed.items():
        say(f"  {case[:SHORT]} failed: {reason}")
    for group, reason in report.skipped.items():
        say(f"  cases of {group} wait: {reason}")


def worklist(lines: Sequence[Line], counts: Counts) -> None:
    """A page as a table, then how many there are in all."""
    columns = (
        "case",
        "title",
        "band",
        "why",
        "first look",
        "score",
        "recommended",
        "product or domain",
        "held by",
    )
    print_table(columns, [_worklist_row(x) for x in lines])
    waiting = sum(n for status, n in counts.by_status.items() if status is not CaseStatus.DECIDED)
    decided = counts.by_status.get(CaseStatus.DECIDED, 0)
    leads = sum(n for stage, n in counts.by_stage.items() if stage.for_leads)
    with_leads = f", {leads} of them wait for a lead" if leads else ""
    say(f"{waiting} open{with_leads}, {counts.held} held, {decided} decided")


def case(document: dict[str, Any], domain: str) -> None:
    """One case from top to bottom."""
    about, look = document["case"], document["assessment"]
    out.print(Text(f"{about['title']}  ({domain}, {about['status']})", style="bold"))
    out.print(Text(f"case {about['id']}, opened {about['opened_at']}", style="dim"))
    for caution in document["cautions"]:
        out.print(Text(f"! {caution['message']}", style="yellow"))
    for attachment in about["attachments"]:
        out.print(Text(f"  {attachment['role']}: {attachment['name']}"))
    if look is None:
        out.print("no first look yet: secondlook assess --case " + about["id"][:SHORT])
    else:
        _look(look)
    _history(document)
    for prior in document["similar"]:
        said = ", ".join([prior["decided"], *prior["labels"]])
        likeness = f"{prior['similarity']:.2f}"
        out.print(Text(f"like {prior['case'][:SHORT]} {prior['title']} ({likeness}): {said}"))


WAITING = {
    "adjudication": "two reads differ: waits for a lead",
    "escalated": "escalated: waits for a lead",
}
ACTED = {
    "escalated": "escalated by {reviewer}",
    "handed_over": "handed over to {to} by {reviewer}",
    "put_back": "put back by {reviewer}",
    "undone": "a decision was taken back by {reviewer}",
}


def _history(document: dict[str, Any]) -> None:
    """What the case waits for, and what was done, as far as whoever looks may know it."""
    if waiting := WAITING.get(document["stage"] or "", ""):
        out.print(Text(waiting, style="yellow"))
    if document["handed_to"]:
        out.print(Text(f"handed over to {document['handed_to']}", style="yellow"))
    done = [
        *((x["decided_at"], _decided(x, document["undone"])) for x in document["decisions"]),
        *((x["decided_at"], _decided(x, document["undone"])) for x in document["reads"]),
        *((x["at"], _acted(x)) for x in document["acts"]),
    ]
    for _, line in sorted(done, key=lambda x: x[0]):
        out.print(line)


def _decided(decision: dict[str, Any], undone: Sequence[str]) -> Text:
    closes = decision["how"] not in ("first", "second")
    verb = "decided" if closes else f"{decision['how']} read:"
    said = f"{verb} {decision['disposition']} by {decision['reviewer']}"
    how = "" if not closes or decision["how"] == "alone" else f" ({decision['how']})"
    back = decision["id"] in undone
    return Text(said + how + (", taken back" if back else ""), "dim" if back else "bold green")


def _acted(act: dict[str, Any]) -> Text:
    reason = f": {act['reason']}" if act["reason"] else ""
    return Text(ACTED[act["deed"]].format(**act) + reason, "dim")


def _look(look: dict[str, Any]) -> None:
    if look["abstention"]:
        out.print(Text(f"not assessed: {look['abstention']['message']}", style="yellow"))
    for item in look["evidence"]:
        if item["kind"] == "measurement":
            out.print(Text(f"  {item['name']}: {item['value']:.3g} {item['unit'] or ''}".rstrip()))
    for finding in look["findings"]:
        score = "" if finding["score"] is None else f"  score {finding['score']:.3f}"
        limit = "" if finding["threshold"] is None else f" (raised from {finding['threshold']:.3f})"
        out.print(Text(f"- {finding['title']}{score}{limit}", style="bold"))
        deciding = [x for x in finding["evidence"] if x["kind"] == "ruling" and x["decides"]]
        for item in deciding:
            _ruling(item)
        for item in finding["evidence"]:
            if item["kind"] == "statement":
                _passage(item, f"{item['assertion']}, ")
            if item["kind"] == "passage" and not deciding:
                _passage(item)
    if look["disposition"]:
        out.print(Text(f"recommended: {look['disposition']}"))
    for flag in look["flags"]:
        out.print(Text(f"! {flag['message']}", style="yellow"))


def _ruling(item: dict[str, Any]) -> None:
    """The clause that decides, or leaves it open, with what was held against it."""
    page = f", page {item['page']}" if item["page"] else ""
    number = f"clause {item['number']}, " if item["number"] else ""
    how = "leaves it open" if item["applies"] is None else "decides"
    place = f"place {item['region']}" if item["region"] else ""
    measured = f"measured {item['measured']}" if item["measured"] else ""
    limit = f"limit: {item['limit']}" if item["limit"] else ""
    said = "; ".join(x for x in (place, measured, limit, item["note"]) if x)
    title = (
        f"{how}: {item['disposition']}, {number}{item['record_name']}{page}, line {item['line']}"
    )
    text = Text("\n".join(x for x in (" ".join(item["text"].split()), said) if x))
    out.print(Panel(text, title=Text(title), title_align="left", width=100))


def _passage(item: dict[str, Any], how: str = "") -> None:
    page = f", page {item['page']}" if item["page"] else ""
    title = f"{how}{item['record_name']}{page}, line {item['line']}"
    text = Text(" ".join(item["text"].split()))
    out.print(Panel(text, title=Text(title), title_align="left", width=100))


def _worklist_row(line: Line) -> tuple[object, ...]:
    row = line.row
    return (
        row.id[:SHORT],
        row.title,
        line.band or "",
        line.why,
        _in_words(row),
        "" if line.score is None else f"{line.score:.2f}",
        row.recommended or "",
        row.product or row.domain,
        row.held_by,
    )


def _in_words(row: CaseSummary) -> str:
    """What the machine says, or why it says nothing."""
    if row.failure:
        return f"failed: {row.failure}"
    if row.status is CaseStatus.NEW:
        return "no first look yet"
    if row.headline:
        return row.headline
    return f"not assessed ({row.abstained})" if row.abstained else "nothing found"
