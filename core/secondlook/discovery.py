"""Finding plugins through entry points, without letting one of them stop the others.

pluggy's own `load_setuptools_entrypoints` lets the first ImportError through, so the entry points
are walked here. Loading imports no model library: plugins import those inside functions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from secondlook import hookspecs
from secondlook.domain import Domain
from secondlook.errors import PluginError
from secondlook.plugins import PluginFailure, PluginInfo, Plugins, describe, stdout_aside
from secondlook.registry import BackboneSpec, Exporter
from secondlook.settings import Settings, plugin_settings

GROUP = "secondlook"


@dataclass
class _Offer:
    """What one plugin registers; taken over only when all of it went well."""

    domains: dict[str, Domain] = field(default_factory=dict)
    backbones: dict[str, BackboneSpec] = field(default_factory=dict)
    exporters: dict[str, Exporter] = field(default_factory=dict)


def load_plugins(
    settings: Settings | None = None, found: Iterable[EntryPoint] | None = None
) -> Plugins:
    """Load every plugin of the entry point group `secondlook`, or those in `found`."""
    settings = settings or Settings()
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    plugins = Plugins(manager)
    points = entry_points(group=GROUP) if found is None else found
    for point in sorted(points, key=lambda x: x.name):
        if point.name not in settings.disabled_plugins:
            _load(plugins, point)
    for name, _ in sorted(manager.list_name_plugin()):
        offer = _Offer()
        if plugins.guard(name, lambda n=name, o=offer: _ask(plugins, settings, n, o)):  # type: ignore[misc]
            plugins.domains |= offer.domains
            plugins.backbones |= offer.backbones
            plugins.exporters |= offer.exporters
    return plugins


def _load(plugins: Plugins, point: EntryPoint) -> None:
    name, version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "")
    try:
        with stdout_aside():
            module = point.load()
        plugins.manager.register(module, name=point.name)
        plugins.manager.check_pending()  # a misspelt hook is an error, not silence
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an import may do anything, even exit
        plugins.manager.unregister(name=point.name)
        plugins.failures.append(PluginFailure(point.name, name, describe(error)))
    else:
        plugins.loaded.append(PluginInfo(point.name, name, version, point.value))


def _ask(plugins: Plugins, settings: Settings, name: str, offer: _Offer) -> None:
    for hook, taken, new in (
        ("register_domains", plugins.domains, offer.domains),
        ("register_backbones", plugins.backbones, offer.backbones),
        ("register_exporters", plugins.exporters, offer.exporters),
    ):
        for owner, call in plugins.implementations(hook, register=_registrar(taken, new)):
            if owner == name:
                call()
    for domain in offer.domains.values():
        domain.configure(plugin_settings(settings, domain.name, domain.settings_class))


def _registrar(taken: dict[str, Any], new: dict[str, Any]) -> Callable[[Any], None]:
    def register(thing: Any) -> None:
        if thing.name in taken or thing.name in new:
            raise PluginError(f"{thing.name!r} is registered already; names must be unique")
        new[thing.name] = thing

    return register
