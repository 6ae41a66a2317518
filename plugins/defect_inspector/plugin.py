"""The defect inspector's hooks."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from defect_inspector.domain import DefectInspector
from defect_inspector.evidence import citation_flags
from defect_inspector.exports import formats
from secondlook import Assessment, Case, Domain, Exporter, Flag, hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def register_domains(register: Callable[[Domain], None]) -> None:
    """One domain."""
    register(DefectInspector())


@hookimpl
def register_exporters(register: Callable[[Exporter], None]) -> None:
    """Regions for programs, nonconformance reports for people."""
    for format in formats():
        register(format)


@hookimpl
def register_commands(cli: "typer.Typer") -> None:
    """`secondlook manual show FILE` and `check FILE`."""
    from defect_inspector.manual import manual

    cli.add_typer(manual, name="manual")


@hookimpl
def flag_assessment(case: Case, assessment: Assessment) -> Sequence[Flag]:
    """Say where a flagged part has no clause of a manual to be judged by."""
    return citation_flags(case, assessment) if case.domain == DefectInspector.name else ()
