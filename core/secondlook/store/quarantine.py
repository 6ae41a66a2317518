"""Quarantine: the files that intake refused, each listed once, with the reason."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.store import clock
from secondlook.store.base import storable
from secondlook.store.case_tables import QuarantineRowTable
from secondlook.store.dialects import insert_or_ignore

if TYPE_CHECKING:
    from secondlook.intake.outcome import QuarantinedFile


@dataclass(frozen=True, kw_only=True)
class QuarantineRow:
    """A refused file and when it was refused first. `reason` is intake's stable code."""

    domain: str
    source: str
    reason: str
    detail: str
    sha256: str | None
    size: int | None
    row: int | None
    at: datetime


class Quarantine:
    """The refused files."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, item: "QuarantinedFile", *, domain: str) -> bool:
        """List a refused file. False when the same refusal is listed already."""
        fields = [domain, item.source, str(item.reason), item.sha256, item.row]
        statement = insert_or_ignore(self._session, QuarantineRowTable).values(
            key=hashlib.sha256(json.dumps(fields).encode()).hexdigest(),
            domain=domain,
            source=storable(item.source, "the path of a refused file"),
            reason=str(item.reason),
            detail=storable(item.detail, "why a file was refused"),
            sha256=item.sha256,
            size=item.size,
            row=item.row,
            at=clock.now(),
        )
        return self._session.scalar(statement.returning(QuarantineRowTable.key)) is not None

    def all(self, domain: str | None = None) -> tuple[QuarantineRow, ...]:
        """All refused files, oldest first."""
        query = select(QuarantineRowTable)
        if domain is not None:
            query = query.where(QuarantineRowTable.domain == domain)
        order = (QuarantineRowTable.at, QuarantineRowTable.source, QuarantineRowTable.key)
        return tuple(_item(row) for row in self._session.scalars(query.order_by(*order)))


def _item(row: QuarantineRowTable) -> QuarantineRow:
    return QuarantineRow(
        domain=row.domain,
        source=row.source,
        reason=row.reason,
        detail=row.detail,
        sha256=row.sha256,
        size=row.size,
        row=row.row,
        at=row.at,
    )
