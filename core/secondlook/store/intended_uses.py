"""Who acknowledged which intended-use text. Rows are only ever added, and audited."""

from uuid import uuid4

from sqlalchemy.orm import Session

from secondlook.errors import StoreError
from secondlook.intended_use import Acknowledgement, IntendedUse
from secondlook.store import clock
from secondlook.store.audit import Audit
from secondlook.store.audit_chain import WORKSPACE
from secondlook.store.audit_digest import acknowledgement_digest
from secondlook.store.base import storable
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.intended_use_mapping import ACKNOWLEDGED, acknowledgement, everything
from secondlook.store.intended_use_tables import AcknowledgementRow, IntendedUseRow


class IntendedUses:
    """The texts that were acknowledged in this workspace, and by whom."""

    def __init__(self, session: Session, audit: Audit) -> None:
        self._session = session
        self._audit = audit

    def acknowledge(self, domain: str, use: IntendedUse, reviewer: str) -> Acknowledgement:
        """Keep that the reviewer acknowledged this text; a second time changes nothing."""
        if not reviewer.strip():
            raise StoreError("Tried to acknowledge an intended use without a name. Give one.")
        storable(reviewer, "a reviewer's name")
        text = {"domain": domain, "version": use.version, "text": use.text}
        id = use.id(domain)
        self._session.execute(insert_or_ignore(self._session, IntendedUseRow).values(id=id, **text))
        row = {"intended_use_id": id, "reviewer": reviewer, "at": clock.now()}
        insert = insert_or_ignore(self._session, AcknowledgementRow).values(id=uuid4().hex, **row)
        new = self._session.scalars(insert.returning(AcknowledgementRow.id)).one_or_none()
        found = self.acknowledged(domain, use, reviewer)
        assert found is not None  # it was there before, or is now
        if new is not None:
            self._tell(found)
        return found

    def acknowledged(self, domain: str, use: IntendedUse, reviewer: str) -> Acknowledgement | None:
        """The reviewer's acknowledgement of exactly this text; None where there is none."""
        query = everything().where(
            IntendedUseRow.id == use.id(domain), AcknowledgementRow.reviewer == reviewer
        )
        row = self._session.execute(query).one_or_none()
        return acknowledgement(*row) if row else None

    def all(self, domain: str) -> tuple[Acknowledgement, ...]:
        """Every acknowledgement of a domain's texts, of earlier versions too, oldest first."""
        query = everything().where(IntendedUseRow.domain == domain)
        rows = self._session.execute(query.order_by(AcknowledgementRow.at, AcknowledgementRow.id))
        return tuple(acknowledgement(*row) for row in rows)

    def _tell(self, one: Acknowledgement) -> None:
        body = {"domain": one.domain, "version": one.version, "acknowledgement": one.id}
        digest = acknowledgement_digest(one)
        self._audit.append(WORKSPACE, ACKNOWLEDGED, one.reviewer, {**body, "digest": digest})
