"""What a hash costs and how long a session lasts in a workspace."""

from datetime import timedelta
from typing import TypedDict

from secondlook.accounts.passphrases import Costs
from secondlook_workflows.context import Context


class Lasting(TypedDict):
    """How long a session lasts."""

    idle: timedelta
    absolute: timedelta


def of(context: Context) -> Costs:
    """The costs that are set."""
    set_ = context.workspace.settings.accounts
    return Costs(memory_mib=set_.hash_memory_mib, passes=set_.hash_passes)


def lasting(context: Context) -> Lasting:
    """The ends that are set."""
    set_ = context.workspace.settings.accounts
    return {
        "idle": timedelta(minutes=set_.idle_minutes),
        "absolute": timedelta(hours=set_.absolute_hours),
    }
