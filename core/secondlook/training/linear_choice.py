"""Which linear head is made of those that were compared: half joint, half late fusion.

A joint regression sees what the modalities say together and is easily fooled by one of many numbers
that tells nothing; late fusion is not, and misses what only both together tell. Their mean is near
the better of the two. A modality that neither way gains by is left out.

What was chosen between, on made tasks (one modality useless, weak, both useful) and on chest images
with COVID-19 or another finding, is in `tests/benchmarks/useless_modality.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.calibration.answers import Unseen
from secondlook.models.calibration.temperature import fit_temperature, negative_log_likelihood
from secondlook.models.fusion.inputs import Batch
from secondlook.training.crossval_choice import Losses, as_good
from secondlook.training.crossval_folds import Folds, answers, only
from secondlook.training.crossval_options import modalities
from secondlook.training.heads import HeadConfig, TrainedHead
from secondlook.training.linear import late_head, mean_head, with_alone
from secondlook.training.stacking import stacked

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
    alone: Mapping[str, Sequence[str]]
    """By modality the options that say best what it says alone."""
    late: Mapping[str, float]
    """By modality, how much that counts in late fusion; empty where there is one modality."""
    unused: tuple[str, ...] = ()
    """Modalities that are left out."""

    def options(self) -> frozenset[str]:
        """Those that heads are needed of."""
        return frozenset(self.joint).union(*self.alone.values())

    def head(self, trained: Mapping[str, TrainedHead]) -> TrainedHead:
        """One head of those of the options."""
        alone = {x: mean_head([trained[y] for y in names]) for x, names in self.alone.items()}
        parts = [(trained[x], weight) for x, weight in self.joint.items()]
        if self.late:
            parts.append((late_head(alone, self.late), 1.0))
        joined = mean_head([x for x, _ in parts], [weight for _, weight in parts], total=False)
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
        return LinearChoice(
            joint=dict.fromkeys(good, 1 / len(good)), alone={names[0]: good}, late={}
        )
    shown = {x: {y: answers(features, folds, trained[y], only(x)) for y in plain} for x in names}
    alone = {x: _best_alone(features, x, shown[x], folds) for x in names}
    said = {x: _mean([shown[x][y].logits for y in alone[x]]) for x in names}
    groups = len(np.unique(folds.groups))
    late = stacked(said, folds.labels, groups)
    unused = _unused(late, options, losses, groups)
    joint = _joint(options, losses, unused, names, folds)
    return LinearChoice(
        joint=_halved(joint, _mean_logits(features, folds, trained, joint), folds),
        alone=alone,
        late=_halved_late(late, said, folds, half=bool(joint)),
        unused=unused,
    )


def _best_alone(
    features: Batch, name: str, shown: Mapping[str, Unseen], folds: Folds
) -> Sequence[str]:
    """The options that tell best of a modality alone, on the cases that have it."""
    there = np.flatnonzero(features[name].present.numpy())
    if not len(there):
        return list(shown)
    losses = {
        x: _loss(y.where(np.isin(np.arange(len(folds.labels)), there))) for x, y in shown.items()
    }
    return as_good(losses, groups=folds.groups[there])


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


def _halved(joint: Sequence[str], logits: Floats, folds: Folds) -> dict[str, float]:
    """Weights that add up to half of calibrated logits, shared alike."""
    if not joint:
        return {}
    return dict.fromkeys(joint, 0.5 / fit_temperature(logits, folds.labels).pooled / len(joint))


def _halved_late(
    late: Mapping[str, float], said: Mapping[str, Floats], folds: Folds, *, half: bool
) -> dict[str, float]:
    """The weights of late fusion, so that they add up to calibrated logits, or half of them."""
    logits = sum((late[x] * said[x] for x in late), np.zeros_like(next(iter(said.values()))))
    share = (0.5 if half else 1.0) / fit_temperature(logits, folds.labels).pooled
    return {x: share * weight for x, weight in late.items()}
