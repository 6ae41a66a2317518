"""Folds for cross-validation that never part a group, and refusals of data that allow none.

A group is what belongs together: the images of one patient, the parts of one lot.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold

from secondlook.errors import ModelError

LEAST_CASES = 8
LEAST_GROUPS = 2
"""Groups that every label needs: one to learn from and one to check on."""
ATTEMPTS = 20

Labels = NDArray[np.int64] | NDArray[np.float32]
"""(N,) index of the one label of each case, or (N, C) zeros and ones for several at once."""


def check_labels(labels: Labels, classes: Sequence[str], groups: ArrayLike | None = None) -> None:
    """Raises ModelError, saying what would work, where nothing can be learned and checked.

    That is: fewer than 8 cases, one label only, or a label in fewer than 2 groups.
    """
    if len(labels) < LEAST_CASES:
        raise ModelError(
            f"learning from labels needs at least {LEAST_CASES} labelled cases, got {len(labels)}: "
            "label more cases, or learn from good pictures only (learn --goods)"
        )
    counts = groups_per_class(labels, len(classes), groups)
    used = [x for x, count in zip(classes, counts, strict=True) if count]
    if labels.ndim == 1 and len(used) < 2:
        raise ModelError(
            f"all {len(labels)} cases have the label {used[0]!r}, so nothing can be told apart: "
            "add cases of another label, or learn from good pictures only (learn --goods)"
        )
    _check_rare(labels, classes, counts)


def groups_per_class(
    labels: Labels, classes: int, groups: ArrayLike | None = None
) -> NDArray[np.int64]:
    """(C,) in how many different groups each label occurs."""
    names = _groups(labels, groups)
    holds = labels == 1 if labels.ndim == 2 else labels[:, None] == np.arange(classes)
    return np.array([len(np.unique(names[column])) for column in holds.T], dtype=np.int64)


def grouped_folds(
    labels: Labels,
    classes: Sequence[str],
    groups: ArrayLike | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
) -> list[NDArray[np.int64]]:
    """The row numbers held out in each fold; together every case once.

    Labels are spread as evenly as whole groups allow (scikit-learn's StratifiedGroupKFold). A
    label in fewer groups than `folds` makes for fewer folds, never fewer than 2.

    Raises ModelError as `check_labels`, and where no split leaves every label to learn from.
    """
    check_labels(labels, classes, groups)
    counts = groups_per_class(labels, len(classes), groups)
    names = _groups(labels, groups)
    count = max(2, min(folds, int(counts[counts > 0].min()), len(np.unique(names))))
    for attempt in range(ATTEMPTS):
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed + 1000 * attempt)
        parts = [x for _, x in splitter.split(labels, _strata(labels), names)]
        if all(_teaches(np.delete(labels, x, axis=0), labels) for x in parts):
            return parts
    raise ModelError(
        f"no split into {count} folds keeps the groups whole and leaves every label to learn from: "
        f"there are {len(np.unique(names))} groups; make them smaller, or add cases of "
        f"{classes[int(np.where(counts > 0, counts, counts.max() + 1).argmin())]!r}"
    )


def check_split(groups: ArrayLike, held_out: ArrayLike) -> None:
    """Raises ModelError where a group lies on both sides of a split.

    Args:
        groups: (N,) the group of each case.
        held_out: (N,) bool, True for the cases that are not learned from.
    """
    names, out = np.asarray(groups), np.asarray(held_out, dtype=bool)
    both = np.intersect1d(names[out], names[~out])
    if len(both):
        rows = np.flatnonzero(names == both[0])[:3] + 1
        raise ModelError(
            f"{len(both)} groups lie on both sides of the split (one in the cases number "
            f"{', '.join(map(str, rows))}), so figures would be too good: put each group whole "
            "into one side, or leave out the column split and let the folds be made"
        )


def _check_rare(labels: Labels, classes: Sequence[str], counts: NDArray[np.int64]) -> None:
    rare = {
        x: int(n)
        for x, n in zip(classes, counts, strict=True)
        if n < LEAST_GROUPS and (n or labels.ndim == 2)
    }
    if rare:
        raise ModelError(
            f"each label needs cases from at least {LEAST_GROUPS} groups, one to learn from and "
            f"one to check on; got {rare}: add cases from other groups, or leave these labels out"
        )


def _groups(labels: Labels, groups: ArrayLike | None) -> NDArray[np.int64]:
    if groups is None:
        return np.arange(len(labels))
    names = np.asarray(groups)
    if names.shape != (len(labels),):
        raise ModelError(f"{len(labels)} labels need as many groups, got {names.shape}")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _strata(labels: Labels) -> NDArray[np.int64]:
    """(N,) what is spread evenly: the label, or of several the one that is rarest."""
    if labels.ndim == 1:
        return labels.astype(np.int64)
    rank = np.argsort(np.argsort(-labels.sum(0), kind="stable")) + 1
    return np.asarray(np.where(labels == 1, rank, 0).max(1), dtype=np.int64)


def _teaches(train: Labels, labels: Labels) -> bool:
    if labels.ndim == 1:
        return len(np.unique(train)) == len(np.unique(labels))
    return bool(((train.max(0) == 1) & (train.min(0) == 0) | (labels.min(0) == 1)).all())
