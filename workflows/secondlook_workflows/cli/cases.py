"""Commands about cases: ingest, assess, run, worklist, show."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from secondlook.codec import to_plain
from secondlook.reviewing import Stage
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows import assess as assess_verb
from secondlook_workflows import ingest as ingest_verb
from secondlook_workflows import promote, standing
from secondlook_workflows import rejudge as rejudge_verb
from secondlook_workflows.cases import Onlooker, case_document
from secondlook_workflows.cli import text
from secondlook_workflows.cli.common import (
    DomainArgument,
    DomainOption,
    Json,
    Product,
    Records,
    Sources,
    finish,
    session,
    this_user,
)
from secondlook_workflows.cli.console import err, print_json, print_table, say
from secondlook_workflows.context import Context
from secondlook_workflows.durable import enqueue_assess
from secondlook_workflows.gather import names_given
from secondlook_workflows.guard import plan_for

WHICH = "names of files are not shown here; which is which: secondlook patients which NAME SOURCE"
Case = Annotated[str, typer.Argument(help="A case id, or the beginning of one.")]
Adapter = Annotated[
    str | None, typer.Option("--adapter", help="An adapter other than the champion.")
]
PixelsChecked = Annotated[
    bool,
    typer.Option("--pixels-checked", help="Somebody looked: no picture here shows a name."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most this many.")]


def ingest(
    domain: DomainArgument,
    sources: Sources,
    record: Records = None,
    product: Product = None,
    pixels_checked: PixelsChecked = False,
    json: Json = False,
) -> None:
    """Read files into cases. Doing it twice adds nothing."""
    with session(create=True) as context:
        config = _ingest_config(domain, sources, record, product, pixels_checked)
        report = ingest_verb.run(config, context)
    if json:
        print_json({**to_plain(report), "quarantined": len(report.quarantined)})
    else:
        _tell_ingested(report, config, context)
    finish(interrupted=report.interrupted, troubled=bool(report.quarantined))


def _tell_ingested(
    report: ingest_verb.IngestReport, config: ingest_verb.IngestConfig, context: Context
) -> None:
    """By the names that the files came with at a terminal, which keeps nothing; else without."""
    domain = context.plugins.domain(config.domain)
    if plan_for(domain, context.workspace) is None:
        text.ingested(report)
        return
    names = context.workspace.database.pseudonyms
    given = names_given(config.sources, config.records, names) if err.is_terminal else None
    text.ingested(report, given)
    if given is None and any(x.reason for x in report.files):
        say(WHICH)


def assess(
    domain: DomainOption = None,
    case: Annotated[list[str] | None, typer.Option("--case", help="Only this. Repeatable.")] = None,
    adapter: Adapter = None,
    limit: Limit = None,
    queue: Annotated[bool, typer.Option("--queue", help="Leave it to a worker.")] = False,
    json: Json = False,
) -> None:
    """Take the first look at every case that waits for one."""
    with session() as context:
        config = assess_verb.AssessConfig(
            domain=domain, cases=tuple(case or ()), adapter=adapter, limit=limit
        )
        if queue:
            job = _enqueue(config, context)
            print_json({"job": job}) if json else say(f"queued as {job}; run `secondlook work`")
            return
        report = assess_verb.run(config, context)
    if json:
        print_json(report)
    else:
        text.assessed(report)
    finish(interrupted=report.interrupted, troubled=bool(report.failed or report.skipped))


def run(
    domain: DomainArgument,
    sources: Sources,
    record: Records = None,
    product: Product = None,
    pixels_checked: PixelsChecked = False,
    json: Json = False,
) -> None:
    """Ingest and assess: files in, cases with a first look out."""
    with session(create=True) as context:
        config = _ingest_config(domain, sources, record, product, pixels_checked)
        ingested = ingest_verb.run(config, context)
        looked = assess_verb.AssessReport(interrupted=ingested.interrupted)
        waiting = _waiting(ingested.cases, context)
        if waiting and not ingested.interrupted:
            looked = assess_verb.run(assess_verb.AssessConfig(cases=waiting), context)
        documents = [_document(x, context) for x in ingested.cases] if json else []
    if json:
        print_json({**_run_summary(ingested, looked), "cases": documents})
    else:
        _tell_ingested(ingested, config, context)
        text.assessed(looked)
    troubled = bool(ingested.quarantined or looked.failed or looked.skipped)
    finish(interrupted=looked.interrupted, troubled=troubled)


def worklist(
    domain: DomainOption = None,
    product: Product = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    stage: Annotated[
        list[Stage] | None,
        typer.Option("--stage", help="Only what waits for this. Repeatable; for leads."),
    ] = None,
    lead: Annotated[
        bool, typer.Option("--lead", help="As a lead: tell what cases wait for.")
    ] = False,
    handed_to: Annotated[
        str | None, typer.Option("--handed-to", help="Only what was handed over to them.")
    ] = None,
    json: Json = False,
) -> None:
    """Open cases in the order in which they should be looked at; those for leads with --lead --stage."""
    if stage and not lead:
        raise typer.BadParameter("what cases wait for is told to leads alone: add --lead")
    with session() as context:
        if domain is not None:
            context.plugins.domain(domain)
        promote.attempt(context, batches=1)
        with context.workspace.database.read() as unit:
            stages = frozenset(stage) if stage else None
            wanted = WorklistFilter(
                domain=domain, product=product, stages=stages, handed_to=handed_to
            )
            page = unit.worklist.page(wanted, limit=limit)
            counts = unit.worklist.counts(domain)
            lines = standing.lines(page.rows, unit, context, lead=lead)
    if json:
        summary = {x.value: n for x, n in counts.by_status.items()}
        cases = [standing.document(x) for x in lines]
        document = {"cases": cases, "counts": summary, "held": counts.held}
        if lead:
            document["stages"] = {x.value: n for x, n in counts.by_stage.items()}
        print_json(document)
    else:
        text.worklist(lines, counts)


def show(
    case: Case,
    reviewer: Annotated[str, typer.Option("--reviewer", help="Who looks.")] = "",
    lead: Annotated[bool, typer.Option("--lead", help="Who looks adjudicates it.")] = False,
    json: Json = False,
) -> None:
    """One case with its first look, evidence, stage and history.

    What others read stays hidden as long as a second read, or a lead, is waited for.
    """
    with session() as context:
        with context.workspace.database.read() as unit:
            looks = Onlooker(name=reviewer or this_user() or "", lead=lead)
            document = _document(unit.cases.resolve(case), context, looks)
        name = document["case"]["domain"]
        domain = context.plugins.domains.get(name)
    if json:
        print_json(document)
    else:
        text.case(document, domain.title if domain else f"{name}, whose plugin is not loaded")


def quarantine(domain: DomainOption = None, json: Json = False) -> None:
    """Files that could not be read, each with its reason."""
    with session() as context, context.workspace.database.read() as unit:
        rows = unit.quarantine.all(domain)
    if json:
        print_json([to_plain(x) for x in rows])
    else:
        print_table(("file", "reason", "detail"), [(x.source, x.reason, x.detail) for x in rows])


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    for command in (ingest, assess, run, rejudge, worklist, show, quarantine):
        cli.command()(command)


def rejudge(
    domain: DomainOption = None,
    product: Product = None,
    case: Annotated[list[str] | None, typer.Option("--case", help="Only this. Repeatable.")] = None,
    json: Json = False,
) -> None:
    """Judge open cases again by what they have now, without looking at the pictures again."""
    with session() as context:
        config = rejudge_verb.RejudgeConfig(domain=domain, product=product, cases=tuple(case or ()))
        report = rejudge_verb.run(config, context)
    if json:
        print_json(report)
    else:
        text.rejudged(report)
    finish(interrupted=report.interrupted, troubled=bool(report.failed or report.skipped))


def _enqueue(config: assess_verb.AssessConfig, context: Context) -> str:
    config = assess_verb.resolved(config, context)
    return enqueue_assess(
        context.workspace,
        domain=config.domain,
        cases=config.cases,
        adapter=config.adapter,
        limit=config.limit,
    )


def _ingest_config(
    domain: str,
    sources: list[Path],
    records: list[Path] | None,
    product: str | None,
    pixels_checked: bool,
) -> ingest_verb.IngestConfig:
    return ingest_verb.IngestConfig(
        domain=domain,
        sources=tuple(sources),
        records=tuple(records or ()),
        product=product,
        pixels_checked=pixels_checked,
    )


def _waiting(cases: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """Those of the cases that nobody decided and that the present adapter has not looked at."""
    wanted = set(cases)
    waiting = assess_verb.waiting(assess_verb.AssessConfig(), context)
    return tuple(x for x in waiting if x in wanted)


def _document(case_id: str, context: Context, looks: Onlooker | None = None) -> dict[str, Any]:
    with context.workspace.database.read() as unit:
        return case_document(case_id, unit, context.withholding, looks)


def _run_summary(
    ingested: ingest_verb.IngestReport, looked: assess_verb.AssessReport
) -> dict[str, Any]:
    outcomes = Counter(x.outcome.value for x in ingested.files)
    return {
        "domain": ingested.domain,
        "added": ingested.added,
        "changed": ingested.changed,
        "outcomes": dict(outcomes),
        "files": [to_plain(x) for x in ingested.files],
        "assessed": looked.assessed,
        "abstained": looked.abstained,
        "failed": looked.failed,
        "skipped": looked.skipped,
        "interrupted": looked.interrupted,
    }
