"""Training the starter: one loop, three lessons, on a CPU or a GPU, to be taken up after a kill."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from secondlook.models.backbones import TextBackbone
from secondlook.models.checkpoints import fingerprint
from secondlook.training.optimizer_state import optimizer_tensors, restore_optimizer
from secondlook.training.starter.checkpoint import Checkpoint
from secondlook.training.starter.config import StarterConfig
from secondlook.training.starter.lessons import QUERIES, SUPPORT, Lesson, Lessons
from secondlook.training.starter.library import Library
from secondlook.training.starter.losses import Distillation, bank_loss, caption_loss
from secondlook.training.starter.student import Student
from secondlook.training.starter.teacher import TAPS, Teacher

Report = Callable[[int, dict[str, float]], None]


def best_device() -> str:
    """A GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


class Trainer:
    """Holds all that a step changes; `run` goes on where the last checkpoint ended."""

    def __init__(
        self,
        config: StarterConfig,
        library: Library,
        *,
        teacher: Teacher | None,
        text: TextBackbone,
        folder: Path,
        device: str = "cpu",
    ) -> None:
        """Without a teacher the student learns from defects and captions alone.

        Raises UsageError where `folder` holds a run of another recipe, ModelError where its
        checkpoint is damaged.
        """
        torch.manual_seed(config.seed)
        self.config, self.device = config, torch.device(device)
        self.student = Student().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {k: v.clone() for k, v in self.student.state_dict().items()}
        self.distillation = Distillation(list(TAPS.values())).to(self.device)
        self.step = 0
        self._teacher = teacher.to(self.device) if teacher is not None else None
        self._texts = torch.from_numpy(text.embed(library.captions)).to(self.device)
        self._lessons = Lessons(
            library, episodes=config.episodes, scenes=config.scenes, seed=config.seed
        )
        self._optimizer = torch.optim.AdamW(self.student.parameters(), weight_decay=config.decay)
        self._checkpoint = Checkpoint(folder / "checkpoint.safetensors", _recipe(config, teacher))
        self._restore()

    def run(self, report: Report, *, seconds: float = math.inf) -> None:
        """Train to the last step, or until `seconds` have passed."""
        self.student.train()
        until = time.monotonic() + seconds
        while self.step < self.config.steps and time.monotonic() < until:
            figures = self._train(self._lessons(self.step))
            self.step += 1
            report(self.step, figures)
            if self.step % self.config.save_every == 0:
                self.save()
        self.save()

    def _train(self, lesson: Lesson) -> dict[str, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.rate * self._schedule()
        pictures = lesson.pictures.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            losses = self._losses(lesson, pictures)
        total = torch.stack(list(losses.values())).sum()
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 2.0)
        self._optimizer.step()
        self._follow()
        return {k: float(v.detach()) for k, v in losses.items()}

    def _losses(self, lesson: Lesson, pictures: Tensor) -> dict[str, Tensor]:
        states = self.student(pictures)
        losses = {
            "bank": self.config.bank * self._bank(lesson, states),
            "captions": self.config.captions * self._captions(lesson, states),
        }
        if self._teacher is not None:
            with torch.no_grad():
                wanted = self._teacher(pictures)
            taught = self.student.taught(states)
            losses["distillation"] = self.config.distillation * self.distillation(taught, wanted)
        return losses

    def _bank(self, lesson: Lesson, states: tuple[Tensor, ...]) -> Tensor:
        count = SUPPORT + QUERIES
        features = self.student.patches(tuple(x[: lesson.episodes * count] for x in states)).float()
        cover = functional.adaptive_avg_pool2d(
            lesson.masks.to(self.device), features.shape[1:3]
        ).squeeze(1)
        losses = [
            bank_loss(
                features[i * count + SUPPORT : (i + 1) * count],
                features[i * count : i * count + SUPPORT].flatten(0, 2),
                cover[i * QUERIES : (i + 1) * QUERIES],
                self.student.judge,
            )
            for i in range(lesson.episodes)
        ]
        return torch.stack(losses).mean()

    def _captions(self, lesson: Lesson, states: tuple[Tensor, ...]) -> Tensor:
        scenes = tuple(x[lesson.episodes * (SUPPORT + QUERIES) :] for x in states)
        return caption_loss(
            self.student.picture_vectors(scenes),
            self.student.text_vectors(self._texts[lesson.scenes]),
            self.student.text_vectors(self._texts[lesson.others]),
            self.student.log_scale.exp().clamp(max=100),
        )

    def _schedule(self) -> float:
        """Linear warm-up, then half a cosine down to a hundredth."""
        if self.step < self.config.warm_up:
            return (self.step + 1) / self.config.warm_up
        share = (self.step - self.config.warm_up) / max(1, self.config.steps - self.config.warm_up)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1)))

    @torch.no_grad()
    def _follow(self) -> None:
        rate = 1 - min(self.config.average, (1 + self.step) / (10 + self.step))
        for name, value in self.student.state_dict().items():
            kept = self.average[name]
            kept.lerp_(value, rate) if kept.is_floating_point() else kept.copy_(value)

    def save(self) -> None:
        """Write everything that a later call needs to go on, in one step."""
        self._checkpoint.write(
            self.step,
            {
                "student": self.student.state_dict(),
                "average": self.average,
                "distillation": self.distillation.state_dict(),
                "optimizer": optimizer_tensors(self._optimizer),
            },
        )

    def _restore(self) -> None:
        with self._checkpoint.reading() as kept:
            if kept is None:
                return
            self.student.load_state_dict(kept["student"])
            self.average = {k: kept["average"][k].to(self.device) for k in self.average}
            self.distillation.load_state_dict(kept["distillation"])
            restore_optimizer(self._optimizer, kept.get("optimizer", {}))
            self.step = kept.step


def _recipe(config: StarterConfig, teacher: Teacher | None) -> dict[str, str]:
    """Everything that a run must go on with as it began."""
    plain = {k: str(v) for k, v in asdict(config).items() if k != "save_every"}
    return plain | {"teacher": "none" if teacher is None else fingerprint(teacher)[:12]}
