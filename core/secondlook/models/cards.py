"""What a checkpoint folder says about itself, without its model being built."""

import math
import re
from pathlib import Path

from safetensors import safe_open

from secondlook.models.folders import read_config
from secondlook.models.weight_files import weight_files

FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*$", re.DOTALL | re.MULTILINE)
LICENCE = re.compile(r"^licen[sc]e:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def parameters(folder: Path) -> int:
    """How many numbers the weight files hold. Raises BackboneError where there are none."""
    total = 0
    for file in weight_files(folder):
        with safe_open(file, framework="numpy") as weights:
            names = list(weights.keys())
            total += sum(math.prod(weights.get_slice(x).get_shape()) for x in names)
    return total


def licence(folder: Path) -> str | None:
    """The licence in the head of README.md, else in config.json, else None."""
    readme = folder / "README.md"
    if readme.is_file():
        front = FRONT.search(readme.read_text(encoding="utf-8", errors="replace"))
        stated = LICENCE.search(front[1]) if front else None
        if stated:
            return stated[1]
    config = read_config(folder)
    named = config.get("license") or config.get("licence")
    return str(named) if named else None
