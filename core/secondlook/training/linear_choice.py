"""Which linear head is made of those that were compared: half joint, half late fusion.

A joint regression sees what the modalities say together and is easily fooled by one of many numbers
that tells nothing; late fusion is not, and misses what only both together tell. Their mean is near
the better of the two. A modality that neither way gains by is left out.

What was chosen between on made tasks (one modality useless, weak, both useful) is in
`tests/benchmarks/useless_modality.py`; it was tried on chest images with COVID-19 or another finding, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.calibration.answers import Unseen
from secondlook.models.calibration.temperature import fit_temperature, negative_log_likelihood
from secondlook.models.fusion.inputs import Batch, take
from secondlook.training.crossval_choice import Losses, as_good
from secondlook.training.crossval_folds import Folds, answers, only
from secondlook.training.crossval_options import modalities
from secondlook.training.folds import Labels
from secondlook.training.heads import HeadConfig, TrainedHead
from secondlook.training.linear import late_head, mean_head, with_alone
from secondlook.training.stacking import stacked

LEAST_ALONE = 20
"""Cases with a modality, to choose and calibrate by what it says alone."""
WORTH = 1.0
"""Loss summed over groups that reading a modality has to spare, as a parameter with Akaike."""
Floats = NDArray[np.float64]
Trained = Mapping[str, Sequence[TrainedHead]]
"""By option, a head for each fold."""


@dataclass(frozen=True, kw_only=True)
class LinearChoice:
    """What a linear head is made of; `head` makes it of heads of the same cases."""

    joint: Mapping[str, float]
    """Weights of options that read several modalities; none where late fusion alone counts."""
    alone: Mapping[str, Mapping[str, float]]
    """By modality, weights of the options that say best what it says alone."""
    late: Mapping[str, float]
    """By modality, how much that counts in late fusion; empty where there is one modality."""
    unused: tuple[str, ...] = ()
    """Modalities that are left out."""

    def options(self) -> frozenset[str]:
        """Those that heads are needed of."""
        return frozenset(self.joint).union(*self.alone.values())

    def head(self, trained: Mapping[str, TrainedHead]) -> TrainedHead:
        """One head of those of the options."""
        alone = {x: _weighted(trained, weights) for x, weights in self.alone.items()}
        parts = [(trained[x], weight) for x, weight in self.joint.items()]
        if self.late:
            parts.append((late_head(alone, self.late), 1.0))
        joined = mean_head([x for x, _ in parts], [weight for _, weight in parts])
        return with_alone(joined, alone, self.unused)


def choose_linear(
    features: Batch,
    folds: Folds,
    options: Mapping[str, HeadConfig],
    trained: Trained,
    losses: Losses,
) -> LinearChoice:
    """By answers to unseen cases.

    Args:
        options: the linear ones; `trained` and `losses` hold each of them.
    """
    names = list(features)
    plain = [x for x, option in options.items() if option.damped is None]
    if len(names) == 1:
        good = as_good({x: losses[x] for x in plain}, groups=folds.groups)
        weights = dict.fromkeys(good, 1 / len(good))
        return LinearChoice(joint=weights, alone={names[0]: weights}, late={})
    shown = {x: {y: answers(features, folds, trained[y], only(x)) for y in plain} for x in names}
    alone = {x: _best_alone(features, x, shown[x], folds) for x in names}
    said = {x: _said(features, x, shown[x], weights) for x, weights in alone.items()}
    groups = len(np.unique(folds.groups))
    late = stacked(said, folds.labels, groups)
    unused = _unused(late, options, losses, groups)
    joint = _joint(options, losses, unused, names, folds)
    half = 0.5 if joint else 1.0
    return LinearChoice(
        joint=_shares(joint, _mean_logits(features, folds, trained, joint), folds.labels, half),
        alone=alone,
        late=_calibrated(late, said, folds.labels, half),
        unused=unused,
    )


def choose_by_fold(
    features: Batch,
    folds: Folds,
    options: Mapping[str, HeadConfig],
    trained: Trained,
    losses: Losses,
) -> list[TrainedHead]:
    """A head for each fold, made of what is chosen by the answers to the cases outside of it."""
    heads = []
    for k in range(len(folds.parts)):
        rows, inner = folds.without(k)
        others = {x: [y for j, y in enumerate(all_) if j != k] for x, all_ in trained.items()}
        inside = {x: losses[x][rows] for x in options}
        made = choose_linear(take(features, rows), inner, options, others, inside)
        heads.append(made.head({x: trained[x][k] for x in made.options()}))
    return heads


def _weighted(trained: Mapping[str, TrainedHead], weights: Mapping[str, float]) -> TrainedHead:
    return mean_head([trained[x] for x in weights], list(weights.values()))


def _best_alone(
    features: Batch, name: str, shown: Mapping[str, Unseen], folds: Folds
) -> dict[str, float]:
    """The options that tell best of a modality alone, on the cases that have it, with weights.

    They add up to calibrated logits, as the fused ones do: of few cases of a pattern the
    temperature is that of all.
    """
    there = features[name].present.numpy()
    if there.sum() < LEAST_ALONE:
        return dict.fromkeys(shown, 1 / len(shown))
    rows = {x: y.where(there) for x, y in shown.items()}
    good = as_good({x: _loss(y) for x, y in rows.items()}, groups=folds.groups[there])
    return _shares(good, _mean([rows[x].logits for x in good]), folds.labels[there])


def _said(
    features: Batch, name: str, shown: Mapping[str, Unseen], weights: Mapping[str, float]
) -> Floats:
    """(N, C) what a modality says alone; where it is absent, what it says on the whole."""
    said = sum((weight * shown[x].logits.astype(np.float64) for x, weight in weights.items()))
    there = features[name].present.numpy()
    if there.any() and not there.all():
        said = np.where(there[:, None], said, np.mean(said, axis=0, where=there[:, None]))
    return np.asarray(said)


def _loss(unseen: Unseen) -> Floats:
    """(N,) calibrated by one temperature, which so many cases can carry."""
    scaled = fit_temperature(unseen.logits, unseen.labels).scaled(unseen.logits)
    return negative_log_likelihood(scaled, unseen.labels)


def _unused(
    late: Mapping[str, float], options: Mapping[str, HeadConfig], losses: Losses, groups: int
) -> tuple[str, ...]:
    """Modalities by which neither late fusion nor the joint regression gains."""
    names = list(late)
    if not any(late.values()):
        return ()
    found = []
    for name in [x for x in names if not late[x]]:
        reads = {x: name in modalities(y, names) for x, y in options.items()}
        total = {x: groups * float(losses[x].mean()) for x in options}
        least = [min(total[x] for x in options if reads[x] is read) for read in (True, False)]
        if least[1] <= least[0] + WORTH:
            found.append(name)
    return tuple(found)


def _joint(
    options: Mapping[str, HeadConfig],
    losses: Losses,
    unused: Sequence[str],
    names: Sequence[str],
    folds: Folds,
) -> list[str]:
    """The options as good as the best of those that read all that is used; often there are none."""
    used = tuple(x for x in names if x not in unused)
    pool = {x: losses[x] for x, y in options.items() if modalities(y, names) == used}
    return as_good(pool, groups=folds.groups) if pool and len(used) > 1 else []


def _mean_logits(features: Batch, folds: Folds, trained: Trained, joint: Sequence[str]) -> Floats:
    """(N, C) of all of these options; empty where there are none."""
    parts = [answers(features, folds, trained[x]).logits for x in joint]
    return _mean(parts) if parts else np.zeros((0, len(folds.classes)))


def _mean(logits: Sequence[NDArray[np.float32]]) -> Floats:
    return np.asarray(np.stack(logits).mean(axis=0, dtype=np.float64))


def _shares(
    options: Sequence[str], logits: Floats, labels: Labels, share: float = 1.0
) -> dict[str, float]:
    """Weights, alike for each, by which options of these mean logits add up to a share of
    calibrated ones."""
    if not options:
        return {}
    return dict.fromkeys(options, share / fit_temperature(logits, labels).pooled / len(options))


def _calibrated(
    late: Mapping[str, float], said: Mapping[str, Floats], labels: Labels, share: float
) -> dict[str, float]:
    """The weights of late fusion, so that they add up to a share of calibrated logits."""
    logits = sum((late[x] * said[x] for x in late), np.zeros_like(next(iter(said.values()))))
    factor = share / fit_temperature(logits, labels).pooled
    return {x: factor * weight for x, weight in late.items()}
