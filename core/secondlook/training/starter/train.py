"""Training the starter: one loop, three lessons, on a CPU or a GPU, to be taken up after a kill."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from secondlook.models.backbones import TextBackbone
from secondlook.training.starter.lessons import QUERIES, SUPPORT, Lesson, Lessons
from secondlook.training.starter.library import Library
from secondlook.training.starter.losses import Distillation, bank_loss, caption_loss
from secondlook.training.starter.student import Student
from secondlook.training.starter.teacher import TAPS, Teacher

Report = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True, kw_only=True)
class StarterConfig:
    """How the starter is trained. The defaults take about 3 hours on 2 CPU cores."""

    steps: int = 18_000
    episodes: int = 4
    """Of 5 pictures each."""
    scenes: int = 16
    rate: float = 1.5e-3
    warm_up: int = 300
    decay: float = 0.02
    average: float = 0.999
    """Decay of the running average of the weights, which is what is kept."""
    distillation: float = 1.0
    bank: float = 0.5
    captions: float = 0.3
    surfaces_made: int = 8_000
    scenes_made: int = 20_000
    save_every: int = 250
    seed: int = 0

    def shortened(self, steps: int) -> "StarterConfig":
        """The same recipe with fewer steps, and as many fewer pictures."""
        share = min(1.0, steps / self.steps)
        return replace(
            self,
            steps=steps,
            warm_up=max(1, min(self.warm_up, steps // 10)),
            surfaces_made=max(64, round(self.surfaces_made * share)),
            scenes_made=max(128, round(self.scenes_made * share)),
        )


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
        """Without a teacher the student learns from defects and captions alone."""
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
        self._file = folder / "checkpoint.safetensors"
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
        tensors: dict[str, Tensor] = {
            f"student.{k}": v for k, v in self.student.state_dict().items()
        }
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        tensors |= {f"distillation.{k}": v for k, v in self.distillation.state_dict().items()}
        for number, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{k}": v for k, v in state.items()}
        part = self._file.with_suffix(".part")
        flat = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
        save_file(flat, part, metadata={"step": str(self.step), **_plain(self.config)})
        part.replace(self._file)

    def _restore(self) -> None:
        if not self._file.is_file():
            return
        from safetensors import safe_open

        with safe_open(self._file, "pt") as file:
            self.step = int(file.metadata()["step"])
        tensors = load_file(self._file)
        self.student.load_state_dict(_under("student.", tensors))
        self.average = {k: v.to(self.device) for k, v in _under("average.", tensors).items()}
        self.distillation.load_state_dict(_under("distillation.", tensors))
        state: dict[int, dict[str, Any]] = {}
        for name, value in _under("optimizer.", tensors).items():
            number, key = name.split(".", 1)
            state.setdefault(int(number), {})[key] = value
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _plain(config: StarterConfig) -> dict[str, str]:
    return {k: str(v) for k, v in asdict(config).items()}
