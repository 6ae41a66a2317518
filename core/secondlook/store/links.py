"""The way back from cases to their patients. Only `patients reveal` reads it.

Nothing that shows, exports or assesses cases asks for it; a test holds that.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.deid.link import Link, from_json, to_json
from secondlook.deid.seal import Seal
from secondlook.store import clock
from secondlook.store.dialects import upsert
from secondlook.store.link_tables import PatientLinkRow


class PatientLinks:
    """Sealed links by case."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, case_id: str, link: Link, seal: Seal) -> bool:
        """Add to what is known of a case. False where it is known already, or there is nothing.

        StoreError where what is known was sealed with another key.
        """
        known = self.open(case_id, seal) or Link()
        both = known | link
        if not both or both == known:
            return False
        values = {"sealed": seal.seal(case_id, to_json(both)), "changed_at": clock.now()}
        statement = upsert(self._session, PatientLinkRow).values(case_id=case_id, **values)
        self._session.execute(
            statement.on_conflict_do_update(index_elements=["case_id"], set_=values)
        )
        return True

    def open(self, case_id: str, seal: Seal) -> Link | None:
        """The link of a case; None where there is none. Audit before anything is shown.

        StoreError where it was sealed with another key, or was changed.
        """
        row = PatientLinkRow
        sealed = self._session.scalar(select(row.sealed).where(row.case_id == case_id))
        return None if sealed is None else from_json(seal.open(case_id, sealed))

    def any(self) -> bool:
        """Whether there is any."""
        return self._session.scalar(select(PatientLinkRow.case_id).limit(1)) is not None
