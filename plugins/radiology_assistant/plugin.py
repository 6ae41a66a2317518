"""The radiology assistant's hooks."""

from collections.abc import Callable, Sequence

from radiology_assistant.domain import RadiologyAssistant
from radiology_assistant.evidence import note_flags
from secondlook import Assessment, Case, Domain, Flag, hookimpl


@hookimpl
def register_domains(register: Callable[[Domain], None]) -> None:
    """One domain."""
    register(RadiologyAssistant())


@hookimpl
def flag_assessment(case: Case, assessment: Assessment) -> Sequence[Flag]:
    """Say so where notes hold what was written after an exam was read."""
    return note_flags(case) if case.domain == RadiologyAssistant.name else ()
