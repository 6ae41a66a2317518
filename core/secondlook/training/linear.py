"""Fitting a linear head: logistic regression on all modalities at once (scikit-learn).

With a few hundred cases and a thousand numbers each, weights that are held small tell more than a
network with a hidden layer; how small is chosen on cases held out, like the kind of fusion.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from secondlook.models.calibration.temperature import negative_log_likelihood
from secondlook.models.fusion.head import FusionHead
from secondlook.models.fusion.inputs import Batch, presence
from secondlook.models.fusion.linear import LinearSum
from secondlook.training.folds import Labels

if TYPE_CHECKING:
    from secondlook.training.heads import TrainedHead

ITERATIONS = 1000


@torch.no_grad()
def fit_linear(
    head: FusionHead,
    features: Batch,
    labels: Labels,
    *,
    strength: float,
    balanced: bool,
    damped: Mapping[str, float] | None = None,
) -> float:
    """Give a linear head the weights that fit these cases; returns its mean loss on them.

    Args:
        strength: how little weights are held small (the C of the regression).
        balanced: whether rare labels count as much as frequent ones.
        damped: factors for the numbers of modalities: their weights are held smaller, at 0 to none.
    """
    factors, fit = _factors(head, damped or {}), _several if labels.ndim == 2 else _one
    options: dict[str, object] = {
        "C": strength,
        "max_iter": ITERATIONS,
        "class_weight": "balanced" if balanced else None,
    }
    prior, rows = head.prior.double().numpy(), _rows(head, features)
    weights, bias = fit(rows * factors, labels, prior, options)
    _set(head, weights * factors, bias)
    start = 0
    for i, spec in enumerate(head.config.modalities):
        there = features[spec.name].present.numpy()
        part = rows[there][:, start : start + spec.size]
        start += spec.size
        if there.any() and (labels.ndim == 2 or len(np.unique(labels[there])) > 1):
            _set_alone(head, i, *fit(part, labels[there], prior, options))
        else:
            _set_alone(head, i, np.zeros((len(prior), spec.size)), prior)
    return _loss(head, features, labels)


@torch.no_grad()
def mean_head(
    heads: "Sequence[TrainedHead]", weights: Sequence[float] | None = None
) -> "TrainedHead":
    """One head that says what several linear ones of the same cases say together.

    Options that cross-validation cannot tell apart are rather averaged than drawn from.

    Args:
        weights: what the logits of each head are taken times; their mean unless given.
    """
    counted = torch.tensor(weights or [1 / len(heads)] * len(heads))
    mean = deepcopy(heads[0].head)
    states = [x.head.fusion.state_dict() for x in heads]
    mean.fusion.load_state_dict({x: _sum([s[x] for s in states], counted) for x in states[0]})
    loss = float(np.mean([x.loss for x in heads]))
    return replace(heads[0], head=mean.eval(), loss=loss, seconds=sum(x.seconds for x in heads))


@torch.no_grad()
def late_head(alone: "Mapping[str, TrainedHead]", weights: Mapping[str, float]) -> "TrainedHead":
    """A linear head that adds up what each modality says alone, times its weight.

    Args:
        alone: linear heads of the same cases; of each only what it says of its modality alone.
    """
    first = next(iter(alone.values()))
    late, bias = deepcopy(first.head), torch.zeros_like(first.head.prior)
    fusion = _linear_sum(late)
    fusion.absent.zero_()  # what it says on the whole is in the bias, and it says no more
    for i, name in enumerate(late.config.names):
        own, says, weight = fusion.own[i], _linear_sum(alone[name].head).alone[i], weights[name]
        assert isinstance(own, torch.nn.Linear) and isinstance(says, torch.nn.Linear)
        own.weight.copy_(weight * says.weight)
        bias += weight * says.bias
    fusion.bias.copy_(bias)
    return replace(first, head=late.eval())


@torch.no_grad()
def with_alone(
    joined: "TrainedHead", alone: "Mapping[str, TrainedHead]", unused: Sequence[str] = ()
) -> "TrainedHead":
    """The head, with what each modality says alone from others, some of them left out."""
    head = deepcopy(joined.head)
    for i, name in enumerate(head.config.names):
        says = _linear_sum(alone[name].head).alone[i]
        _linear_sum(head).alone[i].load_state_dict(says.state_dict())
    head.leave_out(*unused)
    return replace(joined, head=head)


def _sum(tensors: Sequence[torch.Tensor], weights: torch.Tensor) -> torch.Tensor:
    total: torch.Tensor = torch.tensordot(weights, torch.stack(list(tensors)), dims=1)
    return total


def _linear_sum(head: FusionHead) -> LinearSum:
    fusion = head.fusion
    assert isinstance(fusion, LinearSum)  # the caller has looked
    return fusion


def _rows(head: FusionHead, features: Batch) -> NDArray[np.float64]:
    """(N, sum of sizes + M) standardised vectors, zero where absent, then what is absent."""
    there = presence(features, head.config.names)
    parts = []
    for i, name in enumerate(head.config.names):
        values = head.scales[name](head.pooled(name, features[name]))
        parts.append(torch.where(there[:, i : i + 1], values, 0))
    return torch.cat([*parts, (~there).float()], dim=1).double().numpy()


def _factors(head: FusionHead, damped: Mapping[str, float]) -> NDArray[np.float64]:
    """(sum of sizes + M,) for the columns of `_rows`."""
    each = [damped.get(x.name, 1.0) for x in head.config.modalities]
    sizes = [x.size for x in head.config.modalities]
    return np.concatenate([np.repeat(each, sizes), each])


def _one(
    rows: NDArray[np.float64],
    labels: Labels,
    prior: NDArray[np.float64],
    options: dict[str, object],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(C, D) and (C,); a label that none of these cases has is as probable as its `prior` (C,)."""
    model = LogisticRegression(**options).fit(rows, labels)
    found, weights, bias = model.classes_, model.coef_, model.intercept_
    if len(found) == 2:
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    whole = np.zeros((len(prior), rows.shape[1]))
    offsets = prior - prior[found].mean() + bias.mean()
    whole[found], offsets[found] = weights, bias
    return whole, offsets


def _several(
    rows: NDArray[np.float64],
    labels: Labels,
    prior: NDArray[np.float64],
    options: dict[str, object],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(C, D) and (C,); a label that all or none of these cases have is as probable as its prior."""
    whole, offsets = np.zeros((len(prior), rows.shape[1])), prior.copy()
    for i in np.flatnonzero(labels.min(0) < labels.max(0)).tolist():
        model = LogisticRegression(**options).fit(rows, labels[:, i])
        whole[i], offsets[i] = model.coef_[0], model.intercept_[0]
    return whole, offsets


def _set(head: FusionHead, weights: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
    fusion = head.fusion
    assert isinstance(fusion, LinearSum)  # the caller has looked
    values, start = torch.from_numpy(weights).float(), 0
    for layer in fusion.own:
        assert isinstance(layer, torch.nn.Linear)
        layer.weight.copy_(values[:, start : start + layer.in_features])
        start += layer.in_features
    fusion.absent.copy_(values[:, start:].T)
    fusion.bias.copy_(torch.from_numpy(bias).float())


def _set_alone(
    head: FusionHead, place: int, weights: NDArray[np.float64], bias: NDArray[np.float64]
) -> None:
    fusion = head.fusion
    assert isinstance(fusion, LinearSum)  # the caller has looked
    layer = fusion.alone[place]
    assert isinstance(layer, torch.nn.Linear)
    layer.weight.copy_(torch.from_numpy(weights).float())
    layer.bias.copy_(torch.from_numpy(bias).float())


def _loss(head: FusionHead, features: Batch, labels: Labels) -> float:
    return float(negative_log_likelihood(head.eval()(features).logits.numpy(), labels).mean())
