"""The loaded plugins: what they registered, who failed, and one typed function per hook.

pluggy hands everything on as `Any`. This module is the only user of `manager.hook`, so the rest of
the project sees types; `secondlook.discovery` fills it.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

import pluggy

from secondlook.assessments import Assessment, Flag
from secondlook.cases import Attachment, Case
from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook.errors import IntakeError, PluginError, SecondlookError
from secondlook.registry import BackboneSpec, Exporter

if TYPE_CHECKING:
    import numpy as np
    import typer
    from numpy.typing import NDArray

log = logging.getLogger("secondlook")
T = TypeVar("T")


@dataclass(frozen=True)
class PluginInfo:
    """A plugin that loaded."""

    name: str
    distribution: str
    version: str
    module: str


@dataclass(frozen=True)
class PluginFailure:
    """A plugin that did not load or broke while registering, and why."""

    name: str
    distribution: str
    error: str


@dataclass
class Plugins:
    """The loaded plugins and what they registered, by name."""

    manager: pluggy.PluginManager
    loaded: list[PluginInfo] = field(default_factory=list)
    failures: list[PluginFailure] = field(default_factory=list)
    domains: dict[str, Domain] = field(default_factory=dict)
    backbones: dict[str, BackboneSpec] = field(default_factory=dict)
    exporters: dict[str, Exporter] = field(default_factory=dict)

    def domain(self, name: str) -> Domain:
        """The domain of this name. Raises PluginError naming those that exist."""
        return _known(self.domains, name, "domain")

    def backbone(self, name: str) -> BackboneSpec:
        """The backbone of this name. Raises PluginError naming those that exist."""
        return _known(self.backbones, name, "backbone")

    def exporter(self, name: str) -> Exporter:
        """The exporter of this name. Raises PluginError naming those that exist."""
        return _known(self.exporters, name, "export format")

    def register_commands(self, cli: "typer.Typer") -> None:
        """Let every plugin add its commands; one that breaks is kept as a failure."""
        for name, call in self.implementations("register_commands", cli=cli):
            self.guard(name, call)

    def load_attachment(self, attachment: Attachment, content: Path) -> "NDArray[np.uint8] | None":
        """The attachment as a picture (H, W, 3), or None where no plugin can show it.

        The first good picture is taken, the engine's own reader asked last. A plugin that breaks
        or gives something else is passed over.

        Raises:
            IntakeError: nobody can show it, and this is what a reader said about it.
        """
        refusal: IntakeError | None = None
        given = {"attachment": attachment, "content": content}
        for name, call in self._bind(_call_order(self._found("load_attachment")), given):
            try:
                with stdout_aside():
                    picture = call()
            except IntakeError as error:
                refusal = error
            except Exception as error:  # noqa: BLE001 - the next reader may show it
                log.error("load_attachment in %s: %s", name, type(error).__name__)
            else:
                if _is_picture(picture):
                    return cast("NDArray[np.uint8]", picture)
                if picture is not None:
                    log.error("load_attachment in %s: gave no uint8 (H, W, 3)", name)
        if refusal is not None:
            raise refusal
        return None

    def flag_assessment(self, case: Case, assessment: Assessment) -> tuple[Flag, ...]:
        """All cautions of all plugins. A plugin that breaks leaves a flag that says so."""
        flags: list[Flag] = []
        for name, call in self.implementations("flag_assessment", case=case, assessment=assessment):
            try:
                with stdout_aside():
                    flags.extend(_checked_flags(call()))
            except Exception as error:  # noqa: BLE001 - another plugin's caution must still be shown
                log.error("flag_assessment in %s: %s", name, type(error).__name__)
                flags.append(
                    Flag(code="plugin_failed", message=f"{name} could not check this case.")
                )
        return tuple(flags)

    def case_assessed(self, case: Case, assessment: Assessment) -> None:
        """Tell everyone that a first look was stored."""
        self._tell("case_assessed", case=case, assessment=assessment)

    def case_decided(self, case: Case, decision: Decision) -> None:
        """Tell everyone that a decision was stored."""
        self._tell("case_decided", case=case, decision=decision)

    def implementations(
        self, hook: str, **arguments: Any
    ) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Each plugin's implementation of a hook, in order of names, with arguments bound."""
        yield from self._bind(sorted(self._found(hook), key=lambda x: x.plugin_name), arguments)

    def guard(self, name: str, action: Callable[[], object]) -> bool:
        """Run what a plugin brought; if it breaks, drop the plugin and keep the failure."""
        try:
            with stdout_aside():
                action()
        except Exception as error:  # noqa: BLE001 - any mistake of a plugin stays the plugin's
            self._drop(name, error)
            return False
        return True

    def _found(self, hook: str) -> list[pluggy.HookImpl]:
        found: list[pluggy.HookImpl] = getattr(self.manager.hook, hook).get_hookimpls()
        return found

    @staticmethod
    def _bind(
        found: Iterable[pluggy.HookImpl], arguments: Mapping[str, Any]
    ) -> Iterator[tuple[str, Callable[[], Any]]]:
        for item in found:
            bound = {x: arguments[x] for x in item.argnames}
            yield item.plugin_name, partial(item.function, **bound)

    def _tell(self, hook: str, **event: Any) -> None:
        for name, call in self.implementations(hook, **event):
            try:
                with stdout_aside():
                    call()
            except Exception as error:  # noqa: BLE001 - a listener must never undo what is committed
                log.error("%s in %s: %s", hook, name, type(error).__name__)

    def _drop(self, name: str, error: Exception) -> None:
        info = next((x for x in self.loaded if x.name == name), None)
        if info is not None:
            self.loaded.remove(info)
        distribution = info.distribution if info else "unknown"
        self.failures.append(PluginFailure(name, distribution, describe(error)))
        self.manager.unregister(name=name)


def describe(error: BaseException) -> str:
    """One line about an error: our own messages alone, others with their type."""
    return str(error) if isinstance(error, SecondlookError) else f"{type(error).__name__}: {error}"


def _call_order(found: list[pluggy.HookImpl]) -> list[pluggy.HookImpl]:
    """pluggy's own order: the last one registered first, `trylast` at the end."""
    return found[::-1]


def _is_picture(value: object) -> bool:
    import numpy as np

    return (
        isinstance(value, np.ndarray)
        and value.dtype == np.uint8
        and value.ndim == 3
        and value.shape[2] == 3
        and value.size > 0
    )


def _checked_flags(flags: Any) -> list[Flag]:
    """Raises TypeError for anything but flags."""
    found = list(flags or ())
    if not all(isinstance(x, Flag) for x in found):
        raise TypeError
    return found


_aside_lock = threading.Lock()
_aside: list[TextIO] = []


@contextmanager
def stdout_aside() -> Iterator[None]:
    """What a plugin prints goes to standard error: standard output may be one JSON document.

    `sys.stdout` belongs to the whole process. contextlib's `redirect_stdout` would leave it
    redirected for good when two threads of the UI overlap; here the first one in moves it, and
    the last one out puts it back.
    """
    with _aside_lock:
        _aside.append(sys.stdout)
        sys.stdout = sys.stderr
    try:
        yield
    finally:
        with _aside_lock:
            first = _aside[0]
            _aside.pop()
            if not _aside:
                sys.stdout = first


def _known(registered: dict[str, T], name: str, what: str) -> T:
    if name not in registered:
        names = ", ".join(sorted(registered)) or "none"
        raise PluginError(f"no {what} is called {name!r}; there is: {names}")
    return registered[name]
