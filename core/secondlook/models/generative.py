"""Vision-language models that write text about pictures: drafts and answers, never findings."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError, ModelError
from secondlook.models.checkpoints import fingerprint, load_model, quiet_transformers
from secondlook.models.folders import Checkpoint, locate
from secondlook.models.processors import load_processor
from secondlook.models.prompts import model_inputs
from secondlook.models.vision import PatchNetwork
from secondlook.models.vision_loading import patch_network

TOWERS = ("vision_tower", "vision_model", "visual", "vision_encoder")
"""What transformers calls the network that sees, by family."""


class GenerativeBackbone:
    """A model of `AutoModelForImageTextToText` with its processor.

    Attributes:
        ref: which backbone this is.
        model: the whole model.
        vision: patch features of its vision tower, or None where the tower takes other inputs
            than pictures of one size.
    """

    def __init__(
        self, model: nn.Module, processor: Any, ref: BackboneRef, vision: PatchNetwork | None
    ) -> None:
        self.ref = ref
        self.model = model
        self.vision = vision
        self._processor = processor

    @property
    def uses(self) -> tuple[str, ...]:
        """What it can do, in words."""
        return (self.vision.uses if self.vision else ()) + ("generation",)

    @property
    def preprocessing(self) -> str:
        """How its `vision` makes pictures ready and sees them, in words; empty without one."""
        return self.vision.preprocessing if self.vision else ""

    def patches(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (B, h, w, D) of B pictures (H, W, 3). BackboneError without `vision`."""
        return self.sight().patches(images)

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (B, P) of unit length, in no shared space. BackboneError without `vision`."""
        return self.sight().embed_images(images)

    def sight(self) -> PatchNetwork:
        """`vision`. Raises BackboneError where there is none."""
        if self.vision is None:
            raise BackboneError(
                f"{self.ref.name} generates text, but its vision tower gives no patch features: "
                "use it for generation, and a CLIP, SigLIP or DINOv2 checkpoint for patches"
            )
        return self.vision

    @torch.inference_mode()
    def generate(
        self, images: Sequence[NDArray[np.uint8]], prompt: str, max_tokens: int = 128
    ) -> str:
        """What the model writes about pictures (H, W, 3): at most `max_tokens` tokens.

        The most probable token each time, so that the same input gives the same text. How pictures
        and prompt are bounded: see `secondlook.models.prompts`. Raises ModelError where the model
        cannot take these inputs.
        """
        if max_tokens < 1:
            raise ModelError(f"max_tokens must be at least 1; got {max_tokens}")
        try:
            inputs = model_inputs(self._processor, images, prompt)
            inputs = inputs.to(dtype=next(self.model.parameters()).dtype)
            with quiet_transformers():  # it names sampling settings that greedy search ignores
                written = self._write(inputs, max_tokens)
        except Exception as error:  # too many pictures, a picture too small: many kinds
            raise ModelError(
                f"{self.ref.name} cannot write about {len(images)} pictures and a prompt of "
                f"{len(prompt)} characters ({type(error).__name__}): try one picture of at least "
                "32 x 32 pixels and a shorter prompt"
            ) from error
        return str(self._processor.decode(written, skip_special_tokens=True)).strip()

    def _write(self, inputs: Any, max_tokens: int) -> torch.Tensor:
        model: Any = self.model
        greedy = {"do_sample": False, "num_beams": 1, "max_new_tokens": max_tokens}
        with self.vision.alone() if self.vision else nullcontext():  # no adapter sees along
            tokens = model.generate(**inputs, **greedy)
        # an encoder gives no prompt back; its decoder begins with one token of its own
        prompt = 1 if model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
        new: torch.Tensor = tokens[0, prompt:]
        return new[:max_tokens]


def generative_from_folder(path: Path) -> GenerativeBackbone:
    """A checkpoint that `AutoModelForImageTextToText` loads, with its processor.

    Raises BackboneError where the folder is missing, unsafe or damaged, and where its processor
    needs a library that is not here.
    """
    at = locate(path)
    processor = load_processor(at.folder)
    model, missing = load_model(at.folder, "AutoModelForImageTextToText")
    ref = BackboneRef(
        name=at.name,
        revision=at.revision,
        fingerprint=fingerprint(model, without=missing),
        trained=True,
    )
    return GenerativeBackbone(model, processor, ref, _vision(model, ref, at))


def _vision(model: Any, ref: BackboneRef, at: Checkpoint) -> PatchNetwork | None:
    inner = getattr(model, "model", model)
    tower = next((x for name in TOWERS if (x := getattr(inner, name, None)) is not None), None)
    if tower is None:
        return None
    try:
        return patch_network(tower, ref, at.folder)
    except BackboneError:  # it reads patches in rows or several sizes: it still generates
        return None
