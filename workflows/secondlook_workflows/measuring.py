"""Assessing labelled cases through the engine, whole and with one modality taken away."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from secondlook.assessments import Assessment
from secondlook.cases import Case
from secondlook.engine import Engine
from secondlook.errors import ModelError, SecondlookError, StoreError
from secondlook.plugins import describe
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Labelled
from secondlook_workflows.found import found

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter


@dataclass(frozen=True)
class Measured:
    """One labelled case and its assessment."""

    labelled: Labelled
    assessment: Assessment


@dataclass
class Measurement:
    """All cases that could be assessed, and why the others could not."""

    cases: list[Measured]
    failed: dict[str, str] = field(default_factory=dict)
    """Reason by the case's title; with its number, where several have the same."""

    @property
    def truth(self) -> NDArray[np.bool_]:
        """(n,) whether anything is to be found."""
        return np.array([bool(x.labelled.labels) for x in self.cases])

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,) what orders the worklist."""
        return np.array([x.assessment.score for x in self.cases], dtype=np.float64)

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """(n,) whether anything was found; a mention in a record is nothing that was seen."""
        return np.array([bool(found(x.assessment)) for x in self.cases])

    @property
    def abstained(self) -> str:
        """Why most cases that were abstained on were."""
        said = Counter(
            x.assessment.abstention.message for x in self.cases if x.assessment.abstention
        )
        why = said.most_common(1)[0][0] if said else "nobody said why"
        return why[:1].lower() + why[1:]

    @property
    def judged(self) -> bool:
        """Whether at least one case was not abstained on, or has a finding all the same."""
        return any(x.assessment.findings or not x.assessment.abstention for x in self.cases)


class Measurer:
    """Assesses labelled cases; anomaly maps are kept in memory under `maps`."""

    def __init__(
        self,
        labelled: Sequence[Labelled],
        adapters: "Sequence[Adapter | None]",
        context: Context,
    ) -> None:
        """`adapters` are those that look at each of the cases."""
        self.maps: dict[str, bytes] = {}
        self._labelled = labelled
        self.adapters = adapters
        self._progress = context.progress
        paths = {sha: path for x in labelled for sha, path in x.paths.items()}
        self._engine = Engine(
            plugins=context.plugins,
            runtime=context.runtime,
            settings=context.workspace.settings,
            locate=lambda attachment: paths[attachment.sha256],
            keep=self._keep,
        )

    def whole(self) -> Measurement:
        """Every case as it is. Raises SecondlookError if not one could be assessed."""
        measured = self._measure("measuring", lambda number, case: case)
        if not measured.cases:
            raise SecondlookError(f"none of {len(self._labelled)} cases could be assessed")
        return measured

    def ablations(self) -> dict[str, Measurement]:
        """The same cases with one modality taken away, or with the text of another group."""
        texts = [self._labelled[i].case.records for i in others(self._labelled)]
        return {
            "image": self._measure("image alone", lambda _, case: replace(case, records=())),
            "text": self._measure("text alone", lambda _, case: case, pictures=False),
            "shuffled_text": self._measure(
                "shuffled text", lambda i, case: replace(case, records=texts[i])
            ),
        }

    def _measure(
        self, title: str, change: Callable[[int, Case], Case], *, pictures: bool = True
    ) -> Measurement:
        measurement = Measurement([])
        self._progress.start(title, len(self._labelled))
        for number, item in enumerate(self._labelled):
            try:
                assessment = self._engine.assess(
                    change(number, item.case),
                    self.adapters[number],
                    pictures=pictures,
                    explain=False,
                )
                measurement.cases.append(Measured(item, assessment))
            except (ModelError, StoreError):
                raise  # every other case would fail alike
            except Exception as error:  # noqa: BLE001 - one bad case must not stop the others
                title = item.case.title
                again = f"{title} (case {number + 1})"
                measurement.failed[again if title in measurement.failed else title] = describe(
                    error
                )
            self._progress.advance()
        return measurement

    def _keep(self, data: bytes) -> str:
        name = f"map-{len(self.maps)}"
        self.maps[name] = data
        return name


def others(labelled: Sequence[Labelled], seed: int = 0) -> list[int]:
    """For each case the number of one whose text it is shown instead of its own.

    Cases without a text stay without. The groups of the others are put into random order, and each
    case takes the text that stands as many places further as the largest group has cases: that of
    another group, where no group is half of all.
    """
    given = list(range(len(labelled)))
    there = [i for i in given if labelled[i].case.records]
    if not there:
        return given
    groups = np.unique([labelled[i].group for i in there], return_inverse=True)[1]
    ranks = np.random.default_rng(seed).permutation(int(groups.max()) + 1)[groups]
    order = np.argsort(ranks, kind="stable")
    for mine, its in zip(order, np.roll(order, -int(np.bincount(groups).max())), strict=True):
        given[there[mine]] = there[its]
    return given
