"""The head of an adapter: features of several modalities in, one answer out.

Each modality is standardised, projected to a common width and normalised; an absent one is
replaced by a learned token; a fusion makes one vector of them, and a classifier reads it. Beside
it every modality has a head of its own. Where only one modality is present, there is nothing to
fuse: the mean of both answers counts, so that a head for two modalities stays as good as one that
was trained on the present one alone.

The kind `linear` has no hidden layer at all: see `fusion.linear`.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from secondlook.errors import ModelError
from secondlook.models.fusion.attention import AttentionPool
from secondlook.models.fusion.bottleneck import BottleneckFusion
from secondlook.models.fusion.concat import ConcatFusion
from secondlook.models.fusion.gated import GatedFusion
from secondlook.models.fusion.inputs import (
    Batch,
    ModalityBatch,
    ModalitySpec,
    patterns,
    presence,
    rows_of,
    with_presence,
    without,
)
from secondlook.models.fusion.linear import LinearSum
from secondlook.models.fusion.states import States
from secondlook.models.fusion.weighted import WeightedFusion

FusionName = Literal["gated", "concat", "weighted", "bottleneck", "linear"]


class FusionConfig(BaseModel):
    """What a head is made of; enough to build it again before its weights are loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modalities: tuple[ModalitySpec, ...] = Field(min_length=1)
    classes: tuple[str, ...] = Field(min_length=1)
    """Names of the labels, in the order of the logits."""
    multilabel: bool = False
    """Several labels may hold at once."""
    fusion: FusionName = "gated"
    hidden: int = Field(default=256, ge=8, multiple_of=8)
    """Width H in which the modalities meet."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    bottleneck_tokens: int = Field(default=4, ge=1)
    attention: tuple[str, ...] = ()
    """Modalities whose tokens are weighted by what was learned; the mean of the others counts."""
    unused: tuple[str, ...] = ()
    """Modalities that count only where nothing else is there: beside the others they told nothing."""

    @model_validator(mode="after")
    def _distinct(self) -> "FusionConfig":
        names = [x.name for x in self.modalities]
        if len(set(names)) < len(names) or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"modalities {names} and classes {self.classes} must differ")
        if not set(self.attention) <= set(names):
            raise ValueError(f"attention {self.attention} is on none of {names}")
        if not set(self.unused) < set(names):
            raise ValueError(f"unused {self.unused} are none of {names}, or all of them")
        if not self.multilabel and len(self.classes) < 2:
            raise ValueError(f"one of several labels needs at least 2, got {self.classes}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the modalities."""
        return tuple(x.name for x in self.modalities)


class HeadOutput(NamedTuple):
    """What a head says about B cases."""

    logits: Tensor
    """(B, C) the answer."""
    fused: Tensor
    """(B, C) what the fusion alone says."""
    auxiliary: dict[str, Tensor]
    """(B, C) what each modality says alone; of no meaning where it is absent."""
    weights: Tensor
    """(B, M) how much each modality counted; adds up to 1 over those that did."""


class FusionHead(nn.Module):
    """Projections, missing tokens, a fusion and its classifier, and a head for each modality.

    Features may carry gradients: what made them is then trained with the head.
    """

    missing: Tensor
    prior: Tensor

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.config = config
        classes = len(config.classes)
        self.scales = nn.ModuleDict({x.name: _Standardise(x.size) for x in config.modalities})
        sizes = {x.name: x.size for x in config.modalities}
        self.fusion: nn.Module
        if config.fusion == "linear":
            self.fusion = LinearSum(list(sizes.values()), classes)
        else:
            self._build(sizes)
        self.pools = nn.ModuleDict({x: AttentionPool(sizes[x]) for x in config.attention})
        self.register_buffer("prior", torch.zeros(classes))

    def _build(self, sizes: Mapping[str, int]) -> None:
        """What a head with a hidden layer has."""
        config, width = self.config, self.config.hidden
        self.projections = nn.ModuleDict(
            {x: nn.Sequential(nn.Linear(y, width), nn.LayerNorm(width)) for x, y in sizes.items()}
        )
        self.missing = nn.Parameter(torch.randn(len(sizes), width) * 0.02)
        self.fusion = _fusion(config)
        self.classifier = _classifier(config)
        self.own = nn.ModuleDict({x: _classifier(config) for x in sizes})

    def leave_out(self, *names: str) -> None:
        """From now on these count only where nothing else is there."""
        self.config = FusionConfig.model_validate({**dict(self.config), "unused": names})

    def patterns(self, batch: Batch) -> list[str]:
        """For each case what counts of it, as `image+text`; empty where nothing is there."""
        return patterns(self._counted(batch))

    def forward(self, batch: Batch) -> HeadOutput:
        """The answer to B cases.

        A case with nothing present gets the frequencies of the labels in training.
        Raises ModelError where a modality is lacking, unknown, or of another size.
        """
        self._check(batch)
        batch = self._counted(batch)
        if self.config.fusion == "linear":
            return self._sum(batch)
        states = self._states(batch)
        vector, weights = self.fusion(states)
        fused = self.classifier(vector)
        own = torch.stack(
            [self.own[x](states.vectors[:, i]) for i, x in enumerate(self.config.names)], dim=1
        )
        count = states.present.sum(1, keepdim=True)
        # With one modality present the sum below is the answer of its own head.
        alone = (fused + torch.where(states.present.unsqueeze(-1), own, 0).sum(1)) / 2
        logits = torch.where(count > 1, fused, torch.where(count == 1, alone, self.prior))
        return HeadOutput(
            logits=logits,
            fused=fused,
            auxiliary=dict(zip(self.config.names, own.unbind(1), strict=True)),
            weights=weights,
        )

    def _sum(self, batch: Batch) -> HeadOutput:
        names, present = self.config.names, presence(batch, self.config.names)
        vectors = [self.scales[x](self.pooled(x, batch[x])) for x in names]
        fused, own = self.fusion(vectors, present)
        count = present.sum(1, keepdim=True)
        alone = torch.where(present.unsqueeze(-1), own, 0).sum(1) / count.clamp(min=1)
        # Of modalities that are left out the fused answer says nothing: each speaks for itself.
        together = (count > 1) & self._used(present).any(1, keepdim=True)
        logits = torch.where(together, fused, torch.where(count > 0, alone, self.prior))
        return HeadOutput(
            logits=logits,
            fused=fused,
            auxiliary=dict(zip(names, own.unbind(1), strict=True)),
            weights=present / count.clamp(min=1),
        )

    def _counted(self, batch: Batch) -> Batch:
        """The same cases, unused modalities absent from those that have anything else."""
        ordered = {x: batch[x] for x in self.config.names}
        present = presence(ordered)
        used = self._used(present)
        return with_presence(ordered, torch.where(used.any(1, keepdim=True), used, present))

    def _used(self, present: Tensor) -> Tensor:
        """(B, M) what is present (B, M) and not left out."""
        return present & torch.tensor([x not in self.config.unused for x in self.config.names])

    def contributions(self, batch: Batch) -> dict[str, Tensor]:
        """For each modality the logits (B, C) of the answer had it been absent."""
        return {x: self(without(batch, x)).logits for x in self.config.names}

    def token_weights(self, name: str, modality: ModalityBatch) -> Tensor:
        """(B, T) how much each token counts in the vector of its modality; they add up to 1."""
        tokens, mask = modality.sequence()
        if name in self.pools:
            weights: Tensor = self.pools[name](self.scales[name](tokens), mask)
            return weights
        return mask / mask.sum(1, keepdim=True).clamp(min=1)

    def pooled(self, name: str, modality: ModalityBatch) -> Tensor:
        """(B, D) what the head reads of a modality: its vectors, or the weighted mean of its tokens."""
        if name not in self.pools or modality.pooled is not None:
            return modality.vectors()
        tokens, _ = modality.sequence()
        return (tokens * self.token_weights(name, modality).unsqueeze(-1)).sum(1)

    @torch.no_grad()
    def standardise(self, batch: Batch) -> None:
        """Take mean and spread of every modality from the cases of `batch` that have it.

        Pooled features of a backbone often share one large mean, which would drown what differs.
        """
        self._check(batch)
        for name, module in self.scales.items():
            assert isinstance(module, _Standardise)
            if batch[name].present.any():
                module.fit(batch[name].vectors()[batch[name].present])

    def _states(self, batch: Batch) -> States:
        names = self.config.names
        vectors = torch.stack([self._project(x, self.pooled(x, batch[x])) for x in names], dim=1)
        present = presence(batch, names)
        sequences = [batch[x].sequence() for x in names]
        return States(
            vectors=torch.where(present.unsqueeze(-1), vectors, self.missing),
            present=present,
            tokens=tuple(
                self._project(x, tokens) for x, (tokens, _) in zip(names, sequences, strict=True)
            ),
            masks=tuple(mask for _, mask in sequences),
        )

    def _project(self, name: str, values: Tensor) -> Tensor:
        projected: Tensor = self.projections[name](self.scales[name](values))
        return projected

    def _check(self, batch: Batch) -> None:
        wanted = {x.name: x.size for x in self.config.modalities}
        given = {name: x.size for name, x in batch.items()}
        if given != wanted:
            raise ModelError(
                f"the head reads modalities of sizes {wanted}, got {given}: give each of them, "
                "marked absent where a case lacks it, from the backbone the head was trained with"
            )
        rows_of(batch)


class _Standardise(nn.Module):
    """(x - mean) / spread with fixed numbers."""

    mean: Tensor
    spread: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))

    def forward(self, values: Tensor) -> Tensor:
        return (values - self.mean) / self.spread

    def fit(self, values: Tensor) -> None:
        self.mean.copy_(values.mean(0))
        spread = values.std(0, correction=0)
        # Channels that hardly move would become noise.
        self.spread.copy_(spread.clamp(min=0.1 * float(spread.mean()) + 1e-6))


def _fusion(config: FusionConfig) -> nn.Module:
    size = (len(config.modalities), config.hidden)
    if config.fusion == "bottleneck":
        return BottleneckFusion(*size, tokens=config.bottleneck_tokens, dropout=config.dropout)
    kinds = {"gated": GatedFusion, "concat": ConcatFusion, "weighted": WeightedFusion}
    return kinds[config.fusion](*size)


def _classifier(config: FusionConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.GELU(), nn.Dropout(config.dropout), nn.Linear(config.hidden, len(config.classes))
    )
