"""What a person has to know of a case whatever the first look says: shown wherever it is shown."""

from secondlook.assessments import Flag
from secondlook.cases import Case
from secondlook.store.unit_of_work import UnitOfWork

UNREAD = "attachments_unread"
"""The fact of a file that counts the documents it points to and that could not be read."""
BROKEN_RECORD = Flag(
    code="record_broken",
    message=(
        "The record of what was done to this case is broken: an event of it was changed or removed "
        "behind the program. It waits and moves up like any other; tell whoever keeps the records "
        "(secondlook db verify-audit)."
    ),
)


def of_case(case: Case, unit: UnitOfWork) -> tuple[Flag, ...]:
    """The cautions of a case, none where there is nothing to say."""
    broken = (BROKEN_RECORD,) if unit.audit.broken([case.id]) else ()
    return (*broken, *_unread(case))


def _unread(case: Case) -> tuple[Flag, ...]:
    counts = [x.facts.get(UNREAD) for x in case.attachments]
    unread = sum(x for x in counts if isinstance(x, int))
    if not unread:
        return ()
    what = "A document" if unread == 1 else f"{unread} documents"
    it, was = ("it", "was") if unread == 1 else ("them", "were")
    message = (
        f"{what} that the notes point to could not be read and {was} not looked at, so this case "
        f"is not fully read. Open {it} where the notes came from."
    )
    return (Flag(code="documents_unread", message=message),)
