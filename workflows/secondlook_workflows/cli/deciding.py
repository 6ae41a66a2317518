"""Commands by which people decide, and pass cases on: decide, adjudicate, escalate, undo."""

from dataclasses import replace
from typing import Annotated, NoReturn

import typer

from secondlook.codec import to_plain
from secondlook.decisions import Decision, FindingAct
from secondlook.reviewing import CaseAct
from secondlook_workflows import case_acts as verbs
from secondlook_workflows import decide as decide_verb
from secondlook_workflows.cli.common import Json, session, this_user
from secondlook_workflows.cli.console import print_json, print_table, say
from secondlook_workflows.context import Context

SHORT = 8
Case = Annotated[str, typer.Argument(help="A case id, or the beginning of one.")]
Outcome = Annotated[str, typer.Argument(help="One of the domain's outcomes.")]
Reviewer = Annotated[str, typer.Option("--reviewer", help="Who does it.")]
Findings = Annotated[
    list[str] | None,
    typer.Option(
        "--finding",
        help="LABEL=agree|reject|add|edit:NEW[,severity=S][,site=TEXT][,region=LEFT/TOP/WIDTH/"
        "HEIGHT][,picture=N][,frame=N][,comment=TEXT]. Repeatable.",
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words.")]
Codes = Annotated[
    list[str] | None,
    typer.Option("--reason-code", help="Why, from the domain's list. Repeatable."),
]
Severity = Annotated[str | None, typer.Option("--severity", help="How severe the whole case is.")]
Amend = Annotated[bool, typer.Option("--amend", help="Replace the present decision.")]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Even on a first look under an earlier description.")
]
Lead = Annotated[bool, typer.Option("--lead", help="Act as a lead, on a case that waits for one.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Names this act: the same key again does nothing more.")
]


def decide(
    case: Case,
    disposition: Outcome,
    reviewer: Reviewer = "",
    finding: Findings = None,
    reason: Reason = "",
    reason_code: Codes = None,
    severity: Severity = None,
    amend: Amend = False,
    anyway: Anyway = False,
    key: Key = None,
    json: Json = False,
) -> None:
    """Record a person's decision about a case."""
    config = decide_verb.DecideConfig(
        case=case,
        disposition=disposition,
        reviewer=_name(reviewer),
        reason=reason,
        reason_codes=tuple(reason_code or ()),
        severity=severity,
        amend=amend,
        anyway=anyway,
        key=key,
    )
    _decide(config, finding, json)


def adjudicate(
    case: Case,
    disposition: Outcome,
    reviewer: Reviewer = "",
    finding: Findings = None,
    reason: Reason = "",
    reason_code: Codes = None,
    severity: Severity = None,
    amend: Amend = False,
    anyway: Anyway = False,
    key: Key = None,
    json: Json = False,
) -> None:
    """Decide, as a lead, a case whose reads differ or that was escalated."""
    config = decide_verb.DecideConfig(
        case=case,
        disposition=disposition,
        reviewer=_name(reviewer),
        reason=reason,
        reason_codes=tuple(reason_code or ()),
        severity=severity,
        amend=amend,
        anyway=anyway,
        lead=True,
        key=key,
    )
    _decide(config, finding, json)


def escalate(
    case: Case,
    reason: Annotated[str, typer.Option("--reason", help="Why a lead should decide.")],
    reviewer: Reviewer = "",
    key: Key = None,
    json: Json = False,
) -> None:
    """Leave a case to the leads: it goes out of the ordinary queue, and its waiting still counts."""
    with session() as context:
        config = verbs.ActConfig(case=case, reviewer=_name(reviewer), reason=reason, key=key)
        act = verbs.escalate(config, context)
    _tell(act, "is with the leads now", json)


def hand_over(
    case: Case,
    to: Annotated[str, typer.Argument(help="Who is offered it first.")],
    reviewer: Reviewer = "",
    reason: Reason = "",
    lead: Lead = False,
    key: Key = None,
    json: Json = False,
) -> None:
    """Give a case to another reviewer; after `hand_over_minutes` without them it is anybody's."""
    with session() as context:
        config = verbs.HandOverConfig(
            case=case, to=to, reviewer=_name(reviewer), reason=reason, lead=lead, key=key
        )
        act = verbs.hand_over(config, context)
        minutes = context.workspace.settings.hand_over_minutes
    _tell(act, f"waits for {to} alone, for {minutes} minutes", json)


def put_back(
    case: Case,
    reviewer: Reviewer = "",
    reason: Reason = "",
    lead: Lead = False,
    key: Key = None,
    json: Json = False,
) -> None:
    """Give a held case back; with --lead, an escalated one back to the ordinary queue."""
    with session() as context:
        config = verbs.ActConfig(
            case=case, reviewer=_name(reviewer), reason=reason, lead=lead, key=key
        )
        act = verbs.put_back(config, context)
    _tell(act, "is anybody's again", json)


def undo(
    case: Annotated[
        str | None, typer.Argument(help="Whose last decision; without it, the last of all.")
    ] = None,
    decision: Annotated[str | None, typer.Option("--decision", help="The id of one.")] = None,
    reviewer: Reviewer = "",
    reason: Reason = "",
    others: Annotated[
        bool, typer.Option("--others", help="Even what somebody else decided, or long ago.")
    ] = False,
    key: Key = None,
    json: Json = False,
) -> None:
    """Take a decision back: the case is open again, held by you, with what was decided as draft."""
    with session() as context:
        config = verbs.UndoConfig(
            reviewer=_name(reviewer),
            decision=decision,
            case=case,
            reason=reason,
            others=others,
            key=key,
        )
        done = verbs.undo(config, context)
    if json:
        print_json(done)
    else:
        until = f"{done.lease.until:%H:%M} UTC"
        say(f"case {done.act.case_id[:SHORT]} is open again and yours until {until}")


def decisions(reviewer: Reviewer = "", json: Json = False) -> None:
    """What a reviewer decided last, and whether it can be taken back."""
    with session() as context:
        found = verbs.recent(_name(reviewer), context)
    if json:
        print_json([to_plain(x) for x in found])
        return
    rows = [
        (x.decision.case_id[:SHORT], x.title, f"{x.at:%Y-%m-%d %H:%M}", x.decision.disposition)
        + (x.decision.how.value, x.refusal or "can be taken back")
        for x in found
    ]
    print_table(("case", "title", "decided", "outcome", "how", "undo"), rows)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    for command in (decide, adjudicate, escalate, put_back, undo, decisions):
        cli.command()(command)
    cli.command("hand-over")(hand_over)


def _decide(config: decide_verb.DecideConfig, findings: list[str] | None, json: bool) -> None:
    with session() as context:
        acts = _acts(config.case, findings or [], context)
        decision = decide_verb.run(replace(config, acts=acts), context)
    if json:
        print_json(decision)
    else:
        say(_told(decision))


def _acts(case: str, findings: list[str], context: Context) -> tuple[FindingAct, ...]:
    if not findings:
        return ()
    with context.workspace.database.read() as unit:
        found = unit.cases.get(unit.cases.resolve(case))
    return tuple(decide_verb.parse_act(x, found) for x in findings)


def _told(decision: Decision) -> str:
    said = f"case {decision.case_id[:SHORT]}: {decision.disposition}, by {decision.reviewer}"
    return said + decide_verb.WAITS.get(decision.how, "")


def _tell(act: CaseAct, what: str, json: bool) -> None:
    if json:
        print_json(act)
    else:
        say(f"case {act.case_id[:SHORT]} {what}")


def _name(reviewer: str) -> str:
    return reviewer or this_user() or _unnamed()


def _unnamed() -> NoReturn:
    raise typer.BadParameter("say who does it: --reviewer NAME")
