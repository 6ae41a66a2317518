"""backbones starter: repeat the recipe of the embedded vision tower, on a CPU or a GPU.

Pictures are made up, never downloaded. A run that was cut off goes on where it stopped.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.errors import UsageError
from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded

if TYPE_CHECKING:
    from secondlook.training.starter.config import StarterConfig
    from secondlook.training.starter.train import Trainer

TOLD_EVERY = 25


@dataclass(frozen=True, kw_only=True)
class MakeStarterConfig:
    """Train a starter and write it to `out`."""

    out: Path
    teacher: Path | None = None
    """SqueezeNet v1.0 as safetensors; without it the student learns from defects and captions."""
    work: Path | None = None
    """Where made-up pictures and the checkpoint lie; None is `starter` in the workspace."""
    minutes: float | None = None
    """Stop after so long; called again, it goes on."""
    steps: int | None = None
    """How many steps in all; None is the recipe's own number."""
    device: str | None = None
    """`cpu` or `cuda`; None takes a GPU where there is one."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class StarterReport:
    """What was made."""

    folder: str
    finished: bool
    """False: the time ran out before the last step; what was learned so far is in the folder."""
    step: int
    steps: int
    megabytes: float
    retrieval: dict[str, float]
    """Captions of held-out scenes found by their pictures."""
    losses: dict[str, float]
    seconds: float


def run(config: MakeStarterConfig, context: Context) -> StarterReport:
    """Render, train, write, measure."""
    from secondlook.models.starter import starter_backbone
    from secondlook.training.starter.export import export
    from secondlook.training.starter.retrieval import caption_retrieval

    if config.teacher is not None and not config.teacher.is_file():
        raise UsageError(f"there is no teacher at {config.teacher}: give its safetensors file")
    started = time.monotonic()
    with recorded("starter", config, context, seed=config.seed) as metrics:
        trainer = _trainer(config, context)
        losses = _train(trainer, config, context)
        recipe = {"step": trainer.step, "config": trainer.config, "teacher": bool(config.teacher)}
        export(trainer.average, config.out, recipe)
        report = StarterReport(
            folder=str(config.out),
            finished=trainer.step >= trainer.config.steps,
            step=trainer.step,
            steps=trainer.config.steps,
            megabytes=round(sum(x.stat().st_size for x in config.out.iterdir()) / 1e6, 2),
            retrieval=caption_retrieval(starter_backbone(config.out)),
            losses=losses,
            seconds=round(time.monotonic() - started, 1),
        )
        metrics |= {"step": report.step, **report.retrieval, **report.losses}
    return report


def _trainer(config: MakeStarterConfig, context: Context) -> "Trainer":
    from secondlook.training.starter.library import library
    from secondlook.training.starter.teacher import load_teacher
    from secondlook.training.starter.train import Trainer, best_device

    recipe = _recipe(config)
    work = config.work or context.workspace.home / "starter"
    context.progress.start("making pictures", recipe.surfaces_made + recipe.scenes_made)
    pictures = library(
        work / "pictures",
        surfaces=recipe.surfaces_made,
        scenes=recipe.scenes_made,
        seed=recipe.seed,
        workers=2,
        progress=lambda done, total: context.progress.advance(),
    )
    return Trainer(
        recipe,
        pictures,
        teacher=load_teacher(config.teacher) if config.teacher else None,
        text=context.runtime.text("minilm"),
        folder=work,
        device=config.device or best_device(),
    )


def _recipe(config: MakeStarterConfig) -> "StarterConfig":
    from secondlook.training.starter.config import StarterConfig

    recipe = StarterConfig(seed=config.seed)
    return recipe if config.steps is None else recipe.shortened(config.steps)


def _train(trainer: "Trainer", config: MakeStarterConfig, context: Context) -> dict[str, float]:
    """Losses, as means over the last steps."""
    seen: dict[str, list[float]] = {}
    context.progress.start("training the starter", trainer.config.steps - trainer.step)

    def told(step: int, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            seen[name] = [*seen.get(name, [])[1 - TOLD_EVERY :], value]
        context.progress.advance()

    seconds = float("inf") if config.minutes is None else config.minutes * 60
    trainer.run(told, seconds=seconds)
    return {k: sum(v) / len(v) for k, v in seen.items()}
