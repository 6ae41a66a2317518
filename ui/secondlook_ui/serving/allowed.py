"""Which file of which case a person may see."""

import time
from dataclasses import dataclass
from threading import Lock

from secondlook.accounts.actor import Actor, Permission
from secondlook.cases import Attachment
from secondlook.errors import NotFound
from secondlook_ui import workplace
from secondlook_workflows import intended_use

SECONDS = 30.0
"""For so long it is remembered which files a case has."""
MOST = 256


@dataclass(frozen=True)
class _Known:
    until: float
    domain: str
    files: tuple[Attachment, ...]


_cases: dict[tuple[str, str], _Known] = {}
_acknowledged: set[tuple[str, str, str]] = set()
_lock = Lock()


def attachment_of(actor: Actor, case_id: str, ordinal: int) -> Attachment | None:
    """The file at this place of a case; None where there is none, or not for this person.

    Nobody is given a picture of a domain whose intended use they have not acknowledged.
    """
    known = _case(case_id, ordinal)
    if known is None or not actor.may(Permission.SEE, known.domain):
        return None
    if not _has_acknowledged(actor.name, known.domain) or ordinal >= len(known.files):
        return None
    return known.files[ordinal]


def forget() -> None:
    """Look everything up again."""
    with _lock:
        _cases.clear()
        _acknowledged.clear()


def _case(case_id: str, ordinal: int) -> _Known | None:
    key = (str(workplace.context().workspace.home), case_id)
    known = _cases.get(key)
    if known is None or known.until < time.monotonic() or ordinal >= len(known.files):
        known = _looked_up(case_id)
        with _lock:
            if len(_cases) >= MOST:
                _cases.clear()
            if known is not None:
                _cases[key] = known
    return known


def _looked_up(case_id: str) -> _Known | None:
    with workplace.context().workspace.database.read() as unit:
        try:
            case = unit.cases.get(case_id)
        except NotFound:
            return None
    return _Known(time.monotonic() + SECONDS, case.domain, case.attachments)


def _has_acknowledged(name: str, domain: str) -> bool:
    """What was acknowledged stays so while this process runs: the text is part of the program.

    Nobody has where no plugin brings the domain: what it is meant for is not known then.
    """
    context = workplace.context()
    known = context.plugins.domains.get(domain)
    if known is None:
        return False
    key = (str(context.workspace.home), name, domain)
    if key in _acknowledged:
        return True
    with context.workspace.database.read() as unit:
        if intended_use.waits(known, name, unit):
            return False
    with _lock:
        _acknowledged.add(key)
    return True
