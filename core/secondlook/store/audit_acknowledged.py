"""Acknowledgements of intended-use texts against their audit events."""

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.errors import StoreError
from secondlook.store.audit_chain import WORKSPACE
from secondlook.store.audit_digest import acknowledgement_digest
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.intended_use_mapping import ACKNOWLEDGED, acknowledgement, everything
from secondlook.store.intended_use_tables import AcknowledgementRow


class Acknowledged:
    """Collects what the workspace's chain says of them and compares it with the rows."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: dict[str, tuple[int, str]] = {}

    def note(self, chain: str, seq: int, action: str, body: str) -> Iterator[AuditProblem]:
        """Take one event, of any kind."""
        if action == ACKNOWLEDGED and chain == WORKSPACE:
            name, digest = _names(body)
            self._told[name] = (seq, digest)
        yield from ()

    def compare(self) -> Iterator[AuditProblem]:
        """Acknowledgements, or the texts of them, that were changed or removed."""
        try:
            present = {row.id: (row, use) for row, use in self._session.execute(everything())}
        except (ValueError, TypeError, StoreError):  # SQLite keeps a value of any type anywhere
            first = min((seq for seq, _ in self._told.values()), default=0)
            what = "the acknowledgements cannot be read: they were changed"
            yield AuditProblem(chain=WORKSPACE, seq=first, what=what)
            return
        for name, (seq, digest) in self._told.items():
            if name not in present:
                yield _problem(seq, name, "was removed")
            elif _digest(*present[name]) != digest:
                yield _problem(seq, name, "was changed")

    def unlogged(self) -> Iterator[AuditProblem]:
        """Acknowledgements that the chain does not tell of."""
        for name in self._session.scalars(select(AcknowledgementRow.id)):
            if name not in self._told:
                yield _problem(0, name, "has no event")


def _digest(*row: object) -> str:
    try:
        return acknowledgement_digest(acknowledgement(*row))  # type: ignore[arg-type]
    except (AttributeError, TypeError, ValueError):  # a value of another type, in SQLite
        return ""


def _names(body: str) -> tuple[str, str]:
    try:
        fields = json.loads(body)
        return str(fields["acknowledgement"]), str(fields["digest"])
    except (KeyError, TypeError, ValueError):  # the walk over the chain says that it was changed
        return "", ""


def _problem(seq: int, name: str, what: str) -> AuditProblem:
    return AuditProblem(chain=WORKSPACE, seq=seq, what=f"acknowledgement {name} {what}")
