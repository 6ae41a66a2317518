"""What learning keeps in the workspace while it runs, so that a killed run can go on."""

from pathlib import Path

from secondlook_workflows.adapters import adapter_id
from secondlook_workflows.context import Context
from secondlook_workflows.learning import Task

LEARNING = "learning"
"""In the workspace: what a killed run goes on from, and the logs of all runs."""


def kept_in(task: Task, context: Context) -> Path:
    """The folder for runs of this domain and product."""
    name = adapter_id(task.config.domain, task.config.product, 0).rpartition("/")[0]
    return context.workspace.home / LEARNING / name


def forget(task: Task, context: Context) -> None:
    """What an ended run leaves are its logs: states of pictures and texts say too much."""
    for state in kept_in(task, context).rglob("*"):
        if state.suffix in {".safetensors", ".part"} or state.name == "work.json":
            state.unlink(missing_ok=True)
