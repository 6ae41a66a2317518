"""The series of an exam for the reviewer: what lies where, and what is no volume to rely on."""

from radiology_assistant.opening import PICTURES
from secondlook import Attachment, Case, Panel, Stack, stacks_of


def series_panel(case: Case) -> Panel | None:
    """A row for each stack of slices and each file that is kept and not assessed."""
    stacks = stacks_of(case.attachments)
    rows = [(_name(x), _state(x)) for x in stacks if x.slices > 1 or x.problems]
    rows += [(x.name, _why(x)) for x in case.attachments if x.role not in PICTURES and _why(x)]
    return Panel(title="Series", rows=tuple(rows)) if rows else None


def _name(stack: Stack) -> str:
    modality = stack.attachments[0].facts.get("modality")
    words = [stack.plane, str(modality) if modality else None]
    count = f"{stack.slices} slice{'s' if stack.slices > 1 else ''}"
    return ", ".join([" ".join(x for x in words if x) or "Pictures", count])


def _state(stack: Stack) -> str:
    if stack.remarks:
        return f"No volume to rely on: {'; '.join(stack.remarks)}."
    if stack.spacing_mm is None:
        return "Frames without a place in space."
    return f"{stack.spacing_mm:g} mm apart."


def _why(attachment: Attachment) -> str:
    code = attachment.facts.get("not_assessed")
    return f"Kept, not assessed: {str(code).replace('_', ' ')}." if code else ""
