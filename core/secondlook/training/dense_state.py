"""A dense model in the middle of learning, on disk: a kill then costs seconds."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from secondlook.errors import ModelError
from secondlook.training.checkpoint import Arrays, Checkpoint
from secondlook.training.dense_plan import Plan
from secondlook.training.log import Log
from secondlook.training.optimizer_state import optimizer_tensors, restore_optimizer
from secondlook.training.painting import Painter

EVERY = 20.0
"""Seconds between two writings."""
LOGGED = 20
"""Steps between two lines of the log."""
STEP = "dense"


@dataclass(kw_only=True, eq=False)
class Course:
    """All that a step of learning changes."""

    head: nn.Module
    matrices: list[nn.Parameter]
    """Of LoRA."""
    optimizer: torch.optim.Optimizer
    painter: Painter
    plan: Plan
    losses: list[float] = field(default_factory=list)
    """Of every step that was taken."""


class DenseState:
    """Keeps a course, and takes one up where it was kept; to the bit, so nothing shows of it.

    Attributes:
        taken_up: steps that were done before, 0 where learning began here.
    """

    def __init__(self, checkpoint: Checkpoint, ground: str = "", log: Log | None = None) -> None:
        """`ground` says on what is learned: a course of another ground is not taken up.

        After another bank other goods are set aside, and it may have learned from these.
        """
        self._log = log or Log(None)
        self.taken_up = 0
        self._checkpoint = checkpoint
        self._ground = np.frombuffer(ground.encode(), dtype=np.uint8)
        self._last = -math.inf

    def restore(self, course: Course) -> None:
        """Bring the course to where it was kept; nothing happens where none was.

        Raises ModelError where what was kept is of another course.
        """
        kept = self._checkpoint.read(STEP)
        if kept is None or not np.array_equal(kept.get("ground", ()), self._ground):
            return
        try:
            _restore(course, kept)
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            self._checkpoint.drop(STEP)
            raise ModelError(
                f"cannot go on where learning was cut off ({type(error).__name__}): what was kept "
                "of it is gone now, so learn again"
            ) from error
        self.taken_up = len(course.losses)

    def keep(self, course: Course) -> None:
        """Write and log the course, if it is time. Raises ModelError where that cannot be done.

        Before its steps are planned there is nothing worth it.
        """
        if len(course.losses) % LOGGED == 0:
            self._log.add(STEP, len(course.losses), loss=float(np.mean(course.losses[-LOGGED:])))
        if self._checkpoint.folder is None or not course.plan.settled:
            return
        if time.monotonic() - self._last >= EVERY:
            self._checkpoint.write(STEP, {**_arrays(course), "ground": self._ground})
            self._last = time.monotonic()


def _arrays(course: Course) -> Arrays:
    random = json.dumps(course.painter.state).encode()
    tensors = {
        **_named("head", course.head.state_dict()),
        **_named("lora", {str(i): x for i, x in enumerate(course.matrices)}),
        **_named("optimizer", optimizer_tensors(course.optimizer)),
    }
    return {
        **{name: x.detach().cpu().numpy() for name, x in tensors.items()},
        "random": np.frombuffer(random, dtype=np.uint8),
        "losses": np.asarray(course.losses, dtype=np.float64),
        "steps": np.asarray(course.plan.steps, dtype=np.int64),
    }


def _restore(course: Course, kept: Arrays) -> None:
    course.head.load_state_dict(_part("head", kept))
    before = _part("lora", kept)
    with torch.no_grad():
        for i, matrix in enumerate(course.matrices):
            matrix.copy_(before[str(i)])
    restore_optimizer(course.optimizer, _part("optimizer", kept))
    course.painter.state = json.loads(kept["random"].tobytes())
    course.losses.extend(kept["losses"].tolist())
    course.plan.take_up(int(kept["steps"]))


def _named(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{part}/{name}": x for name, x in tensors.items()}


def _part(part: str, kept: Arrays) -> dict[str, Tensor]:
    start = f"{part}/"
    return {
        name.removeprefix(start): torch.from_numpy(x)
        for name, x in kept.items()
        if name.startswith(start)
    }
