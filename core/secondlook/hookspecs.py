"""The hooks a plugin may implement. A hook registers an object, asks everyone, or tells everyone.

What differs from domain to domain is a method of the registered `Domain`, not a hook: with two
domains installed, a hook per case would reach both and each would have to ask "is it mine?".
Write `from secondlook import hookimpl` and decorate functions of these names.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import numpy as np
    import typer
    from numpy.typing import NDArray

    from secondlook.assessments import Assessment, Flag
    from secondlook.cases import Attachment, Case
    from secondlook.decisions import Decision
    from secondlook.domain import Domain
    from secondlook.registry import BackboneSpec, Exporter

hookspec = pluggy.HookspecMarker("secondlook")
hookimpl = pluggy.HookimplMarker("secondlook")


# Registering: called once when plugins are loaded. Nothing heavy may be imported here.


@hookspec
def register_domains(register: "Callable[[Domain], None]") -> None:
    """Register domains: `register(MyDomain())`."""


@hookspec
def register_backbones(register: "Callable[[BackboneSpec], None]") -> None:
    """Register backbones by name; each is loaded only when it is used."""


@hookspec
def register_exporters(register: "Callable[[Exporter], None]") -> None:
    """Register export formats for decided and open cases."""


@hookspec
def register_commands(cli: "typer.Typer") -> None:
    """Add commands to the `secondlook` command line."""


# Asking.


@hookspec(firstresult=True)
def load_attachment(attachment: "Attachment", content: Path) -> "NDArray[np.uint8] | None":
    """Read an attachment as a picture, uint8 (H, W, 3), or return None to pass it on.

    Stops at the first result that is not None.
    """


@hookspec
def flag_assessment(case: "Case", assessment: "Assessment") -> "Sequence[Flag] | None":
    """Add cautions that the reviewer reads before deciding. All results are shown."""


# Telling: called after the commit. An error is logged and undoes nothing.


@hookspec
def case_assessed(case: "Case", assessment: "Assessment") -> None:
    """A first look was stored."""


@hookspec
def case_decided(case: "Case", decision: "Decision") -> None:
    """A reviewer's decision was stored."""
