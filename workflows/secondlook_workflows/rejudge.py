"""rejudge: judge open cases again by what they have now, without asking any model.

Each case is one transaction, and one whose standing assessment was made from all that it has now
is passed over: so running again after Ctrl-C or a kill goes on. A decided case is never judged
again. A case of which the assessment does not hold enough keeps it, and waits for a new look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secondlook.errors import UsageError
from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded
from secondlook_workflows.rejudged import RejudgeReport
from secondlook_workflows.rejudger import Rejudger

PAGE = 200


@dataclass(frozen=True, kw_only=True)
class RejudgeConfig:
    """Which open cases; by default all that have a first look."""

    domain: str | None = None
    product: str | None = None
    cases: tuple[str, ...] = ()
    """Ids, or beginnings of ids that are unique."""


def run(config: RejudgeConfig, context: Context) -> RejudgeReport:
    """Judge the cases again and store what is said of each as it is made.

    Raises UsageError or NotFound for words that name nothing.
    """
    with recorded("rejudge", config, context) as metrics:
        _check(config, context)
        report = Rejudger(context).all(_chosen(config, context))
        metrics |= {
            "rejudged": report.rejudged,
            "changed": report.changed,
            "up_to_date": report.up_to_date,
            "waiting": report.waiting,
            "failed": len(report.failed),
            "interrupted": report.interrupted,
        }
    return report


def open_pages(
    domain: str | None, product: str | None, context: Context
) -> Iterator[Sequence[str]]:
    """Ids of the open cases that have a first look, page by page."""
    with context.workspace.database.read() as unit:
        total = unit.cases.count_assessed(domain, product)
    context.progress.start("judging again", total)
    after: str | None = None
    while True:
        with context.workspace.database.read() as unit:
            page = unit.cases.assessed(domain, product, limit=PAGE, after=after)
        if not page:
            return
        yield page
        after = page[-1]


def _chosen(config: RejudgeConfig, context: Context) -> Iterator[Sequence[str]]:
    if not config.cases:
        return open_pages(config.domain, config.product, context)
    with context.workspace.database.read() as unit:
        cases = list(dict.fromkeys(unit.cases.resolve(x) for x in config.cases))
    context.progress.start("judging again", len(cases))
    return (cases[i : i + PAGE] for i in range(0, len(cases), PAGE))


def _check(config: RejudgeConfig, context: Context) -> None:
    if config.cases and (config.domain or config.product):
        raise UsageError("give either cases, or a domain or product whose cases are meant")
    if config.domain is not None:
        context.plugins.domain(config.domain)
    if config.product is None:
        return
    with context.workspace.database.read() as unit:
        known = {product for _, product, _ in unit.cases.groups(config.domain)}
        known |= {x.name for x in unit.products.all(config.domain)}
    if config.product not in known:
        names = ", ".join(sorted(x for x in known if x)) or "none"
        raise UsageError(f"no product is called {config.product!r}; there is: {names}")
