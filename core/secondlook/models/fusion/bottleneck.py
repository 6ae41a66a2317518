"""Bottleneck fusion: tokens of different modalities meet only through a few shared tokens.

Nagrani et al., "Attention Bottlenecks for Multimodal Fusion" (MBT), NeurIPS 2021, arXiv
2107.00135. Image tokens and passages each attend to their own kind and to the bottleneck; the
bottleneck is the mean of what the modalities present made of it. The paper averages the class
tokens of the modalities; here they are gated, which shows what each counted for.
"""

import torch
from torch import Tensor, nn

from secondlook.models.fusion.gated import GatedFusion
from secondlook.models.fusion.states import Fused, States

HEADS = 4


class BottleneckFusion(nn.Module):
    """Two passes through one attention block a modality: fill the bottleneck, then read it."""

    def __init__(self, modalities: int, hidden: int, tokens: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.bottleneck = nn.Parameter(torch.randn(1, tokens, hidden) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                hidden,
                HEADS,
                dim_feedforward=2 * hidden,
                dropout=dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(modalities)
        )
        self.gate = GatedFusion(modalities, hidden)

    def forward(self, states: States) -> Fused:
        """A modality without tokens joins with its vector alone; an absent one adds nothing."""
        shared = self.bottleneck.expand(len(states.present), -1, -1)
        filled = torch.stack([x for _, x in self._pass(states, shared)], dim=1)  # (B, M, K, H)
        share = states.present / states.present.sum(1, keepdim=True).clamp(min=1)
        shared = (filled * share[:, :, None, None]).sum(1)
        vectors = torch.stack([x for x, _ in self._pass(states, shared)], dim=1)
        there = states.present.unsqueeze(-1)
        return self.gate(  # type: ignore[no-any-return]
            States(
                vectors=torch.where(there, vectors, states.vectors),
                present=states.present,
                tokens=states.tokens,
                masks=states.masks,
            )
        )

    def _pass(self, states: States, shared: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For each modality its vector (B, H) and its view of the bottleneck (B, K, H)."""
        outcomes = []
        always = states.present.new_ones(len(shared), 1 + shared.shape[1])
        for i, block in enumerate(self.blocks):
            sequence = torch.cat([states.vectors[:, i : i + 1], shared, states.tokens[i]], dim=1)
            mask = torch.cat([always, states.masks[i]], dim=1)
            after = block(sequence, src_key_padding_mask=~mask)
            outcomes.append((after[:, 0], after[:, 1 : 1 + shared.shape[1]]))
        return outcomes
