"""What every verb is given: the workspace, the plugins, resident models and a progress display."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from secondlook.discovery import load_plugins
from secondlook.domain import Domain
from secondlook.errors import SettingsError
from secondlook.plugins import Plugins
from secondlook.second_reads import SecondRead
from secondlook.settings import Settings
from secondlook.withholding import Withholding
from secondlook.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from secondlook.models.runtime import Runtime


class Progress(Protocol):
    """A display of how far a verb is."""

    def start(self, title: str, total: int | None) -> None:
        """A new stage begins; `total` is None where nobody can know it."""

    def advance(self, steps: int = 1) -> None:
        """So many more are done."""


class Silent:
    """Shows nothing."""

    def start(self, title: str, total: int | None) -> None:
        """Show nothing."""

    def advance(self, steps: int = 1) -> None:
        """Show nothing."""


@dataclass
class Context:
    """The surroundings of a verb. Models are loaded when first used and then stay."""

    workspace: Workspace
    plugins: Plugins
    actor: str = "secondlook"
    """Who is named in the audit trail."""
    progress: Progress = field(default_factory=Silent)

    def __post_init__(self) -> None:
        """Let the store know how the cases of each domain wait, and who reads them twice.

        Raises SettingsError for a disposition that a domain does not have.
        """
        domains, database = self.plugins.domains.values(), self.workspace.database
        database.queues = {x.name: x.queue() for x in domains}
        database.second_reads.policies = second_reads(domains, self.workspace.settings)

    @property
    def withholding(self) -> Withholding:
        """What people are not shown."""
        return Withholding.of(self.plugins, self.workspace.settings)

    @cached_property
    def runtime(self) -> "Runtime":
        """Resident backbones."""
        from secondlook.models.runtime import Runtime

        settings = self.workspace.settings
        return Runtime(
            self.plugins.backbones, threads=settings.threads, precision=settings.precision
        )


def second_reads(domains: Iterable[Domain], settings: Settings) -> Mapping[str, SecondRead]:
    """The policies of the settings; those of a domain that is not loaded are taken as they are."""
    codes = {x.name: {y.code for y in x.dispositions} for x in domains}
    for name, policy in settings.second_read.items():
        if unknown := set(policy.dispositions) - codes.get(name, set(policy.dispositions)):
            raise SettingsError(
                f"second_read.{name}.dispositions: {', '.join(sorted(unknown))} is none of "
                f"{', '.join(sorted(codes[name]))}"
            )
    return settings.second_read


def open_context(home: Path | None = None, progress: Progress | None = None) -> Context:
    """A context over an existing workspace with every installed plugin."""
    workspace = open_workspace(home)
    plugins = load_plugins(workspace.settings)
    return Context(workspace, plugins, progress=progress or Silent())
