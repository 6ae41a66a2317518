"""Head only, LoRA on cached states, and the naive full loop on the same folds: prints one JSON.

    python tests/benchmarks/labelled.py (--neu DIR | --tile-types DIR) [--labels-per-class N]
        [--backbone untrained|starter|PATH] [--side 96] [--folds 5] [--minutes 10] [--seed 0]
        [--epochs 20] [--ways head,lora,naive] [--threads 1]

--neu is the folder of neu_steel, --tile-types the folder `test` of magnetic_tile, of which the
classes but `good` are told apart. Each way runs in a process of its own, so that its memory is its
own; `rss_mb_before` is what was taken once backbone and libraries were there. Folds, seed and
cases are the same. `lora` is the whole of `learn_labelled`: head, LoRA, choice; its `lora` figures
are those of LoRA whether or not it was kept, `kept` says which was. `naive` is what a plain loop
does: every weight of the tower and a linear layer, whole pictures, mirrored at random, in every
step, as many epochs as LoRA, with the same part of the cases telling when to stop.
--side counts for the untrained backbone only. --minutes bounds each way; a naive loop that was cut
says so in `epochs`.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WAYS = ("head", "lora", "naive")


def picture(file: Path) -> Callable[[], Any]:
    def load() -> Any:
        from PIL import Image

        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"))

    return load


def load_cases(options: argparse.Namespace) -> tuple[list[Any], list[str]]:
    from secondlook.training.labelled import LabelledCase

    folder = options.neu or options.tile_types
    classes = sorted(x.name for x in folder.iterdir() if x.is_dir() and x.name != "good")
    cases = []
    for name in classes:
        files = sorted(x for x in (folder / name).iterdir() if x.is_file())
        for file in files[: options.labels_per_class]:
            key = hashlib.sha256(file.read_bytes()).hexdigest()
            cases.append(LabelledCase(images=(picture(file),), labels=(name,), group=key, key=key))
    return cases, classes


def load_backbone(options: argparse.Namespace) -> Any:
    from secondlook.models import backbones
    from secondlook.models.goods import network_of
    from secondlook.models.untrained import untrained_resnet

    if options.backbone == "untrained":
        return untrained_resnet(options.side)
    if options.backbone == "starter":
        return network_of(backbones.starter())  # type: ignore[attr-defined]
    return network_of(backbones.load_vision(Path(options.backbone)))


def short(figures: Any) -> dict[str, float | None]:
    names = ("accuracy", "balanced_accuracy", "f1_macro", "auroc", "log_loss", "ece", "coverage")
    return {x: None if figures[x] is None else round(figures[x], 4) for x in names}


def learned(options: argparse.Namespace, vision: Any, lora: bool) -> dict[str, Any]:
    from secondlook.training.labelled import LabelledConfig, TuneConfig, learn_labelled

    cases, classes = load_cases(options)
    config = LabelledConfig(
        seconds=60 * options.minutes,
        folds=options.folds,
        seed=options.seed,
        tune=TuneConfig(epochs=options.epochs) if lora else None,
    )
    out = learn_labelled(cases, vision=vision, text=None, classes=classes, config=config)
    figures = {x: short(y) for x, y in out.comparison.items()}
    return {
        **(figures.get("lora", {}) if lora else figures["head"]),
        "kept": out.way,
        "kept_accuracy": round(out.metrics["accuracy"] or 0, 4),
        "reason": out.reason,
        "recipe": out.part.recipe.model_dump(),
        "parts": {x: round(y, 1) for x, y in out.seconds.items()},
    }


def naive(options: argparse.Namespace, vision: Any) -> dict[str, Any]:
    import torch

    from secondlook.models.calibration.answers import Unseen
    from secondlook.training.crossval_figures import answer_figures
    from secondlook.training.crossval_folds import Folds
    from secondlook.training.folds import grouped_folds
    from secondlook.training.labelled.cases import label_array
    from secondlook.training.labelled.tuned_folds import stopping_rows

    cases, classes = load_cases(options)
    labels, groups = label_array(cases, classes, False), np.arange(len(cases))
    parts = grouped_folds(labels, classes, groups, folds=options.folds, seed=options.seed)
    folds = Folds(labels=labels, classes=classes, groups=groups, parts=parts)
    images = vision.prepare([x.images[0]() for x in cases])
    logits, epochs = np.zeros((len(cases), len(classes)), np.float32), []
    ends = time.monotonic() + 60 * options.minutes
    for k, rows in enumerate(parts):
        known = np.setdiff1d(np.arange(len(cases)), rows)
        stop = stopping_rows(folds, known, options.seed)
        until = time.monotonic() + (ends - time.monotonic()) / (len(parts) - k)
        loop = Naive(options, vision, len(classes), images, torch.from_numpy(labels))
        epochs.append(loop.run(np.setdiff1d(known, stop), stop, until))
        logits[rows] = loop.logits(rows).numpy()
    unseen = Unseen(logits=logits, labels=labels, patterns=["image"] * len(cases), groups=groups)
    return {**short(answer_figures(unseen, folds, 0.1)), "epochs": epochs}


class Naive:
    """Everything in the tower learns, from whole pictures, in every step."""

    def __init__(
        self, options: argparse.Namespace, vision: Any, classes: int, images: Any, labels: Any
    ) -> None:
        import copy

        import torch

        torch.manual_seed(options.seed)
        self.tower = copy.deepcopy(vision.image_tower).requires_grad_(True)
        self.layer = torch.nn.Linear(vision.image_tower.pooled_size, classes)
        self.images, self.labels, self.epochs = images, labels, options.epochs
        parameters = [*self.tower.parameters(), *self.layer.parameters()]
        self.optimiser = torch.optim.AdamW(parameters, 3e-4, weight_decay=0.01)

    def run(self, rows: Any, stop: Any, until: float) -> int:
        import copy

        import torch

        best, state, done = float("inf"), None, 0
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, self.epochs)
        for _ in range(self.epochs):
            self.tower.train()
            for part in torch.from_numpy(np.random.default_rng(done).permutation(rows)).split(32):
                batch = self.images[part]
                batch = batch.flip(-1) if torch.rand(()) < 0.5 else batch
                batch = batch.flip(-2) if torch.rand(()) < 0.5 else batch
                said = self.layer(self.tower(batch).pooled)
                loss = torch.nn.functional.cross_entropy(said, self.labels[part])
                self.optimiser.zero_grad()
                torch.autograd.backward(loss)
                self.optimiser.step()
            schedule.step()
            done += 1
            held = self.logits(stop)
            loss = torch.nn.functional.cross_entropy(held, self.labels[stop])
            if float(loss) < best:
                modules = (self.tower, self.layer)
                best, state = float(loss), [copy.deepcopy(x.state_dict()) for x in modules]
            if time.monotonic() > until:
                break
        if state is not None:
            self.tower.load_state_dict(state[0])
            self.layer.load_state_dict(state[1])
        return done

    def logits(self, rows: Any) -> Any:
        import torch

        self.tower.eval()
        with torch.no_grad():
            parts = torch.as_tensor(rows).split(32)
            return torch.cat([self.layer(self.tower(self.images[x]).pooled) for x in parts])


def one_way(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    from secondlook.training.memory import peak_rss_mb

    torch.set_num_threads(options.threads)
    vision = load_backbone(options)
    before, started, cpu = peak_rss_mb(), time.monotonic(), time.process_time()
    if options.way == "naive":
        out = naive(options, vision)
    else:
        out = learned(options, vision, lora=options.way == "lora")
    return out | {
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_rss_mb": round(peak_rss_mb()),
        "rss_mb_before": round(before),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--neu", type=Path)
    where.add_argument("--tile-types", type=Path)
    parser.add_argument("--labels-per-class", type=int)
    parser.add_argument("--backbone", default="untrained")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(one_way(options)))
        return
    table: dict[str, Any] = {x: str(y) for x, y in vars(options).items() if x not in ("way",)}
    for way in options.ways.split(","):
        print(way, file=sys.stderr)
        call = [sys.executable, *sys.argv, "--way", way]
        out = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
        table[way] = json.loads(out.stdout)
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
