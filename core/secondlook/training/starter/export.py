"""The trained starter as the files that are shipped."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from secondlook.models.checkpoints import quiet_transformers
from secondlook.models.starter import SHARED
from secondlook.training.starter.student import Student

RECIPE = "recipe.json"


def export(weights: dict[str, Tensor], folder: Path, recipe: Mapping[str, object]) -> None:
    """Write the tower in the transformers format, the projections, and how they were made.

    Convolutions are kept as float16, which halves the file; normalisation stays float32, for its
    small variances would be lost. What was there is replaced when all is written.
    """
    student = Student()
    student.load_state_dict(weights)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as part:
        _write(student, Path(part), recipe)
        for file in Path(part).iterdir():
            file.replace(folder / file.name)


def _write(student: Student, folder: Path, recipe: Mapping[str, object]) -> None:
    for module in student.tower.modules():
        if isinstance(module, nn.Conv2d):
            module.half()
    with quiet_transformers():
        student.tower.save_pretrained(folder)
    shared = {
        "visual_projection": student.visual_projection.weight.detach().half(),
        "text_projection": student.text_projection.weight.detach().half(),
        "log_scale": student.log_scale.detach().clamp(max=4.6052),
    }
    save_file({k: v.contiguous() for k, v in shared.items()}, folder / SHARED)
    text = json.dumps(recipe, indent=2, sort_keys=True, default=str) + "\n"
    (folder / RECIPE).write_text(text, encoding="utf-8")
