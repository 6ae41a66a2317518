"""doctor: the machine, versions, models and database; what is missing and how to get it."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from secondlook.discovery import load_plugins
from secondlook.errors import AdapterError, SecondlookError
from secondlook.plugins import Plugins
from secondlook.settings import Settings
from secondlook.workspace import Workspace, default_home, open_workspace
from secondlook_workflows import leftovers

PACKAGES = (
    "secondlook", "torch", "transformers", "streamlit", "sqlalchemy", "alembic", "pluggy", "dbos",
    "pydicom", "pillow", "nibabel", "pypdf",
)  # fmt: skip
LEAST_FREE = 2_000_000_000


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at. `remedy` says what to do, where there is something."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def run(home: Path | None = None) -> list[Check]:
    """Look at everything; never raises for what is merely missing."""
    home = home or default_home()
    checks = [*_machine(home), *_packages()]
    plugins, settings = load_plugins(), Settings()
    try:
        workspace = open_workspace(home)
        plugins, settings = load_plugins(workspace.settings), workspace.settings
        problems = workspace.database.check()
        checks += [*_database(problems), *([] if problems else _adapters(workspace))]
    except SecondlookError as error:
        checks.append(Check(name="workspace", ok=False, found=str(error), remedy="secondlook init"))
    return [*checks, *_plugins(plugins), *_models(plugins, settings)]


def _machine(home: Path) -> Iterator[Check]:
    free = shutil.disk_usage(next(p for p in (home, *home.parents) if p.exists())).free
    yield Check(name="python", ok=sys.version_info >= (3, 11), found=platform.python_version())
    yield Check(name="processor cores", ok=True, found=str(os.cpu_count()))
    yield Check(name="sqlite", ok=True, found=sqlite3.sqlite_version)
    yield Check(
        name="free disk",
        ok=free > LEAST_FREE,
        found=f"{free / 1e9:.1f} GB",
        remedy="" if free > LEAST_FREE else f"make room, or set SECONDLOOK_HOME (now {home})",
    )


def _packages() -> Iterator[Check]:
    for name in PACKAGES:
        try:
            yield Check(name=name, ok=True, found=version(name))
        except PackageNotFoundError:
            yield Check(name=name, ok=False, found="missing", remedy=f"pip install {name}")


def _database(problems: tuple[str, ...]) -> Iterator[Check]:
    if not problems:
        yield Check(name="database", ok=True, found="schema is up to date")
    for problem in problems:
        yield Check(name="database", ok=False, found=problem, remedy="secondlook db upgrade")


def _adapters(workspace: Workspace) -> Iterator[Check]:
    """Half-written folders are to be cleared; whole ones that nobody names are no fault."""
    try:
        left = leftovers.found(workspace)
    except AdapterError as error:
        yield Check(name="adapter folders", ok=False, found=str(error))
        return
    half = ", ".join(x.name for x in left if not x.whole)
    whole = ", ".join(x.name for x in left if x.whole)
    told = [f"left by a kill: {half}"] if half else []
    told += [f"no adapter of this database names {whole}"] if whole else []
    yield Check(
        name="adapter folders",
        ok=not half,
        found="; ".join(told) or "each has its adapter",
        remedy="secondlook adapters clear" if left else "",
    )


def _plugins(plugins: Plugins) -> Iterator[Check]:
    for info in plugins.loaded:
        found = f"{info.distribution} {info.version}"
        yield Check(name=f"plugin {info.name}", ok=True, found=found)
    for failure in plugins.failures:
        yield Check(
            name=f"plugin {failure.name}",
            ok=False,
            found=failure.error,
            remedy=f"mend or uninstall {failure.distribution}",
        )


def _models(plugins: Plugins, settings: Settings) -> Iterator[Check]:
    from secondlook.models.runtime import Runtime

    runtime = Runtime(plugins.backbones, precision=settings.precision)
    wanted: tuple[tuple[str, Callable[[str], object]], ...] = (
        (settings.vision_backbone, runtime.vision),
        (settings.text_backbone, runtime.text),
    )
    for name, load in wanted:
        spec = plugins.backbones.get(name)
        kind = "" if spec is None or spec.trained else " (untrained: scores are weak)"
        try:
            load(name)
            yield Check(name=f"backbone {name}", ok=True, found=f"loads{kind}")
        except SecondlookError as error:
            yield Check(name=f"backbone {name}", ok=False, found=str(error))
