"""Cross-validation of the whole way: learn on all but a part of the cases, assess that part."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from secondlook.errors import ModelError
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Labelled
from secondlook_workflows.evaluating import EvaluateConfig
from secondlook_workflows.learn_labels import learn_cases
from secondlook_workflows.learning import LearnConfig, Task
from secondlook_workflows.prepared import Prepared, labelled_cases

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.adapters import Adapter


def refitted(
    cases: Sequence[Labelled], config: EvaluateConfig, context: Context
) -> "list[Adapter | None]":
    """For each case an adapter that was learned without it and without its group.

    Raises ModelError where the cases are too few for so many folds.
    """
    task = _task(config, context)
    whole = Prepared.of(cases, task, context)
    parts = _parts(cases, whole, config)
    adapters: list[Adapter | None] = [None] * len(cases)
    for rows in parts:
        outside = set(rows.tolist())
        rest = [x for i, x in enumerate(cases) if i not in outside]
        share = _task(config, context, parts=len(parts))
        adapter = learn_cases(share, rest, context, like=whole).adapter
        for i in outside:
            adapters[i] = adapter
    return adapters


def _parts(
    cases: Sequence[Labelled], whole: Prepared, config: EvaluateConfig
) -> "list[NDArray[np.int64]]":
    """The rows of each fold, once every fold is known to leave enough to learn from."""
    import numpy as np

    from secondlook.training.folds import check_labels, grouped_folds
    from secondlook.training.labelled.cases import joined_groups, label_array

    labelled = labelled_cases(cases, whole, 1)
    labels = label_array(labelled, whole.classes, whole.several)
    # The same file under two groups would be learned from and measured on.
    shared = [[a.sha256 for a in x.case.images()] for x in cases]
    groups, _ = joined_groups([x.group for x in labelled], shared)
    parts = list(grouped_folds(labels, whole.classes, groups, folds=config.folds, seed=config.seed))
    try:
        for rows in parts:
            check_labels(np.delete(labels, rows, axis=0), whole.classes, np.delete(groups, rows))
    except ModelError as error:
        raise ModelError(
            f"--folds learns without a part of the cases, and then {error}; with --folds every "
            "label needs cases from at least 3 groups"
        ) from None
    return parts


def _task(config: EvaluateConfig, context: Context, parts: int = 1) -> Task:
    learn = LearnConfig(
        domain=config.domain,
        product=config.product,
        minutes=config.minutes / parts,
        seed=config.seed,
    )
    name = context.workspace.settings.vision_backbone
    return Task(
        config=learn,
        domain=context.plugins.domain(config.domain),
        vision=context.runtime.vision(name),
        name=name,
        started=time.monotonic(),
    )
