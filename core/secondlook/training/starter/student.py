"""The starter's network while it learns: a small ResNet and the parts that are thrown away later.

Of the parts only the two projections into the space shared with captions are kept.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ResNetConfig, ResNetModel

from secondlook.models.levels import join_levels
from secondlook.models.pictures import IMAGENET_MEAN, IMAGENET_STD
from secondlook.training.starter.teacher import TAPS

STEM, STAGES, DEPTHS = 48, (48, 96, 192, 384), (2, 2, 2, 2)
TEXT_SIZE = 384
"""Dimensions of all-MiniLM-L6-v2."""
SHARED_SIZE = 256
BANK_LEVELS = (2, 3)
"""The hidden states a patch bank is made of: strides of 8 and 16 pixels."""


class Student(nn.Module):
    """Learns the teacher's maps, to tell defects by a bank, and to match captions."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = ResNetModel(
            ResNetConfig(
                embedding_size=STEM,
                hidden_sizes=list(STAGES),
                depths=list(DEPTHS),
                layer_type="basic",
            )
        )
        self.lessons = nn.ModuleList(
            nn.Conv2d(size, channels, 1)
            for size, channels in zip(STAGES, TAPS.values(), strict=False)
        )
        self.visual_projection = nn.Linear(STAGES[-1], SHARED_SIZE, bias=False)
        self.text_projection = nn.Linear(TEXT_SIZE, SHARED_SIZE, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # CLIP starts at 1 / 0.07
        self.judge = nn.Parameter(torch.tensor([8.0, -4.0]))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Hidden states (B, D, h, w) of pictures (B, 3, H, W), RGB from 0 to 1."""
        batch = (pictures - self.get_buffer("mean")) / self.get_buffer("deviation")
        output = self.tower(pixel_values=batch, output_hidden_states=True)
        states: tuple[Tensor, ...] = output.hidden_states
        return states

    def taught(self, states: tuple[Tensor, ...]) -> list[Tensor]:
        """What the student thinks the teacher's maps are, on its own grids."""
        return [lesson(x) for lesson, x in zip(self.lessons, states[1:], strict=False)]

    def patches(self, states: tuple[Tensor, ...]) -> Tensor:
        """Patch features (B, h, w, D) of unit length, as a bank takes them."""
        joined = join_levels([states[i] for i in BANK_LEVELS])
        return functional.normalize(joined, dim=1).permute(0, 2, 3, 1)

    def picture_vectors(self, states: tuple[Tensor, ...]) -> Tensor:
        """(B, SHARED_SIZE) of unit length."""
        pooled = states[-1].mean(dim=(2, 3))
        return functional.normalize(self.visual_projection(pooled), dim=1)

    def text_vectors(self, embedded: Tensor) -> Tensor:
        """(N, SHARED_SIZE) of unit length, from sentence embeddings (N, TEXT_SIZE)."""
        return functional.normalize(self.text_projection(embedded), dim=1)
