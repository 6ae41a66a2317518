"""Drafts: decisions that are not yet taken, so that a closed tab loses nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from secondlook.store import clock
from secondlook.store.case_mapping import lock_case
from secondlook.store.dialects import upsert
from secondlook.store.review_tables import DraftRow
from secondlook.store.values import plain


class Drafts:
    """One draft for each reviewer and case; it goes when the reviewer decides."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, case_id: str, reviewer: str, body: Mapping[str, Any]) -> datetime:
        """Keep a draft in place of the one before; returns when it was saved. NotFound."""
        lock_case(self._session, case_id)
        now = clock.now()
        content = {"body": plain(body, "a draft"), "saved_at": now}
        statement = upsert(self._session, DraftRow).values(
            case_id=case_id, reviewer=reviewer, **content
        )
        this = [DraftRow.case_id, DraftRow.reviewer]
        self._session.execute(statement.on_conflict_do_update(index_elements=this, set_=content))
        return now

    def load(self, case_id: str, reviewer: str) -> dict[str, Any] | None:
        """The draft, or None."""
        return self._session.scalar(select(DraftRow.body).where(_of(case_id, reviewer)))

    def delete(self, case_id: str, reviewer: str) -> None:
        """Drop the draft, if there is one."""
        self._session.execute(delete(DraftRow).where(_of(case_id, reviewer)))


def _of(case_id: str, reviewer: str) -> Any:
    return (DraftRow.case_id == case_id) & (DraftRow.reviewer == reviewer)
