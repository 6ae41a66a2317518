"""What is asked of every case: whether anything is to be found, and whether each label holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import GROUP, NOTHING
from secondlook_workflows.datasets import Labelled
from secondlook_workflows.found import found
from secondlook_workflows.label_figures import told_of, truth_of
from secondlook_workflows.measuring import Measured, Measurement
from secondlook_workflows.prepared import case_key

ANYTHING = "anything"


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """One thing that was asked of cases (n,), what is true, and what was said."""

    name: str
    """ANYTHING, or the code of a label."""
    cases: tuple[Measured, ...]
    truth: NDArray[np.bool_]
    scores: NDArray[np.float64]
    """Of ANYTHING what orders the worklist, of a label its calibrated probability."""
    raised: NDArray[np.bool_]
    """Whether it was found at the threshold that the adapter stores."""
    judged: NDArray[np.bool_]
    """Whether it was answered at all, and not abstained on."""
    declined: tuple[Measured, ...] = ()
    """Further cases that were abstained on without a number for it; in none of the above."""

    @property
    def groups(self) -> list[str]:
        """(n,) what each case is never to be parted from (its patient, its lot)."""
        return [group(x.labelled) for x in self.cases]

    @property
    def threshold(self) -> float | None:
        """The stored threshold, where every finding names the same."""
        label = None if self.name == ANYTHING else self.name
        said = {x.threshold for y in self.cases for x in found(y.assessment, label)}
        return said.pop() if len(said) == 1 else None

    @property
    def passed_over(self) -> int:
        """How many of the declined cases have what is asked for."""
        return sum(self.name in x.labelled.labels for x in self.declined)

    def of(
        self, rows: Sequence[int] | NDArray[np.int64], declined: Sequence[Measured] = ()
    ) -> "Question":
        """The same, asked of these cases alone; `declined` are those that still belong to it."""
        keep = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            cases=tuple(self.cases[i] for i in keep),
            truth=self.truth[keep],
            scores=self.scores[keep],
            raised=self.raised[keep],
            judged=self.judged[keep],
            declined=tuple(declined),
        )


def group(labelled: Labelled) -> str:
    """The group of a case, else what it is made of: the same whatever order the cases came in."""
    return labelled.group if GROUP in labelled.case.facts else case_key(labelled.case)


def questions(measurement: Measurement) -> dict[str, Question]:
    """ANYTHING, and every label whose probability was given; none where nothing was answered."""
    asked = [_anything(measurement)] if measurement.judged else []
    return {x.name: x for x in (*asked, *_labels(measurement.cases))}


def _anything(measurement: Measurement) -> Question:
    cases = tuple(measurement.cases)
    raised = np.array([bool(found(x.assessment)) for x in cases])
    declined = np.array([x.assessment.abstention is not None for x in cases])
    return Question(
        name=ANYTHING,
        cases=cases,
        truth=measurement.truth,
        scores=measurement.scores,
        raised=raised,
        judged=raised | ~declined,
    )


def _labels(measured: Sequence[Measured]) -> Iterator[Question]:
    """One for each label that was learned, over the cases whose truth can be told in its labels."""
    told = [(x, y) for x in measured if (y := told_of(x.assessment)) is not None]
    silent = [x for x in measured if told_of(x.assessment) is None]
    declined = tuple(x for x in silent if x.assessment.abstention is not None)
    classes = list(told[0][1].probabilities) if told else []
    told = [(x, y) for x, y in told if list(y.probabilities) == classes]
    known = [(x, y, z) for x, y in told if (z := truth_of(x, classes)) is not None]
    for label in classes if known else ():
        if label != NOTHING:
            yield Question(
                name=label,
                cases=tuple(x for x, _, _ in known),
                truth=np.array([label in z for _, _, z in known]),
                scores=np.array([y.probabilities[label] for _, y, _ in known], dtype=np.float64),
                raised=np.array([bool(found(x.assessment, label)) for x, _, _ in known]),
                judged=np.ones(len(known), dtype=bool),
                declined=declined,
            )
