"""Every question's figures beside those with one modality taken away, and by parts of the patients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from secondlook_workflows.answered import gained, operating, ranked
from secondlook_workflows.evaluating import Cells, Table
from secondlook_workflows.measuring import Measurement
from secondlook_workflows.questions import Question, questions
from secondlook_workflows.subgroups import subgroups


@dataclass(frozen=True, kw_only=True)
class Detailed:
    """Fields of the report, as `evaluating.EvaluateReport` explains them."""

    intervals: dict[str, Cells]
    operating_point: dict[str, Cells]
    subgroups: dict[str, dict[str, dict[str, Cells]]]
    per_label: dict[str, Table]
    """Each label against the others, by its own probability."""


def detailed(whole: Measurement, ablated: Mapping[str, Measurement], seed: int) -> Detailed:
    """`ablated` holds the same cases with one modality taken away; `seed` is of the resamples."""
    asked = questions(whole)
    less = {name: questions(x) for name, x in ablated.items()}

    def beside(name: str, figures: Callable[[Question], Cells]) -> dict[str, Cells]:
        return {x: figures(less[x][name]) for x in less if name in less[x]}

    def interval(name: str, whole: Question) -> Cells:
        alone = beside(name, lambda x: {**ranked(x, seed), **gained(whole, x, seed)})
        return {**ranked(whole, seed), "ablations": alone}

    intervals = {name: interval(name, x) for name, x in asked.items()}
    return Detailed(
        intervals=intervals,
        operating_point={
            name: {**operating(x), "ablations": beside(name, operating)}
            for name, x in asked.items()
        },
        subgroups=subgroups(asked, seed),
        per_label={name: _own(x) for name, x in intervals.items()},
    )


def _own(cells: Cells) -> Table:
    return {f"label_{x}": cells[x] for x in ("auroc", "average_precision")}
