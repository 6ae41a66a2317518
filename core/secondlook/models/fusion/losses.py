"""What a head is trained on: its answer, the answer of each modality, and agreement between them."""

import torch
from torch import Tensor
from torch.nn import functional

from secondlook.errors import ModelError
from secondlook.models.fusion.head import HeadOutput


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """(C,) weights that let every class count the same, 1 on the mean over the cases.

    Labels (N,) int64 are one of C classes; labels (N, C) float are several at once, and a weight
    is then that of a positive against a negative. Clamped to 0.1 .. 10.
    """
    if labels.ndim == 2:
        positives = labels.sum(0)
        return ((len(labels) - positives) / positives.clamp(min=1)).clamp(0.1, 10)
    counts = torch.bincount(labels, minlength=classes).float()
    return (len(labels) / (classes * counts.clamp(min=1))).clamp(0.1, 10)


def task_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """(B,) cross-entropy for labels (B,) int64, mean binary cross-entropy for (B, C) float.

    Weights (C,) make rare classes count. The logarithm of the weights is added to the logits
    first, so that the logits themselves keep to the frequencies of the classes and probabilities
    can be calibrated (Menon et al. 2021, "logit adjustment", arXiv 2007.07314).
    """
    shifted = logits if weights is None else logits + weights.log()
    if labels.ndim == 1:
        return functional.cross_entropy(shifted, labels, weight=weights, reduction="none")
    return functional.binary_cross_entropy_with_logits(
        shifted, labels, pos_weight=weights, reduction="none"
    ).mean(1)


def balance(losses: Tensor, present: Tensor) -> Tensor:
    """(M,) weights that hold back a modality which is ahead and push one which lags, mean 1.

    The share of each modality in the mean unimodal losses (B, M) over the cases that have it, as
    OGM-GE (Peng et al. 2022, arXiv 2203.15332) does with confidences; kept within 0.5 .. 2, for a
    modality that knows nothing lags for ever. No gradient flows through the weights.
    """
    count = present.sum(0)
    mean = torch.where(present, losses.detach(), 0).sum(0) / count.clamp(min=1)
    known = count > 0
    level = mean[known].mean() if known.any() else mean.new_ones(())
    ratio = (mean / level.clamp(min=1e-6)).clamp(0.5, 2)
    return torch.where(known, ratio, 0)


def auxiliary_loss(
    output: HeadOutput, labels: Tensor, present: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Scalar: the balanced sum over modalities of the mean loss of their own heads."""
    losses = torch.stack([task_loss(x, labels, weights) for x in output.auxiliary.values()], dim=1)
    share = present / present.sum(0, keepdim=True).clamp(min=1)
    return (torch.where(present, losses, 0) * share * balance(losses, present)).sum()


def distillation(teacher: Tensor, student: Tensor, *, multilabel: bool) -> Tensor:
    """Scalar KL divergence from the full answer (B, C) to the one with modalities dropped.

    The teacher gets no gradient. Raises ModelError for logits of different shapes.
    """
    if teacher.shape != student.shape:
        raise ModelError(
            f"two answers to the same cases must have one shape, "
            f"got {tuple(teacher.shape)} and {tuple(student.shape)}"
        )
    if multilabel:
        # A label is a choice between two: the logit against 0.
        teacher, student = (
            torch.stack([x, torch.zeros_like(x)], dim=-1) for x in (teacher, student)
        )
    divergence = functional.kl_div(
        student.log_softmax(-1), teacher.detach().log_softmax(-1), log_target=True, reduction="none"
    )
    return divergence.sum(-1).mean()
