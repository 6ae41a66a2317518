"""One transaction with all repositories on it."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from secondlook.errors import StoreError
from secondlook.queues import Queue
from secondlook.second_reads import SecondReads
from secondlook.store.account_audit import AccountAudit
from secondlook.store.adapters import Adapters
from secondlook.store.assessments import Assessments
from secondlook.store.audit import Audit
from secondlook.store.case_acts import CaseActs
from secondlook.store.cases import Cases
from secondlook.store.decisions import Decisions
from secondlook.store.drafts import Drafts
from secondlook.store.embeddings import Embeddings
from secondlook.store.figures import Figures
from secondlook.store.intended_uses import IntendedUses
from secondlook.store.leases import Leases
from secondlook.store.links import PatientLinks
from secondlook.store.priorities import Priorities
from secondlook.store.products import Products
from secondlook.store.quarantine import Quarantine
from secondlook.store.records import Records
from secondlook.store.runs import Runs
from secondlook.store.saved_filters import SavedFilters
from secondlook.store.sessions import Sessions
from secondlook.store.sign_ins import SignIns
from secondlook.store.staging import Staging
from secondlook.store.users import Users
from secondlook.store.views import Views
from secondlook.store.worklist import Worklist


class UnitOfWork:
    """The repositories on one session. What is not committed is rolled back at the end."""

    def __init__(
        self,
        session: Session,
        *,
        audit_key: bytes,
        writes: bool,
        queues: Mapping[str, Queue],
        second_reads: SecondReads,
        domains: frozenset[str] | None = None,
    ) -> None:
        self._session = session
        self._writes = writes
        self.audit = Audit(session, audit_key)
        self.records = Records(session)
        self.priorities = Priorities(session, self.audit, queues)
        self.leases = Leases(session, self.priorities)
        self.links = PatientLinks(session)
        self.quarantine = Quarantine(session)
        self.runs = Runs(session)
        accounts = AccountAudit(self.audit)
        self.users = Users(session, accounts)
        self.sessions = Sessions(session, accounts, writes=writes)
        self.sign_ins = SignIns(session, accounts, audit_key)
        self.accounts = accounts
        self.drafts = Drafts(session)
        self.embeddings = Embeddings(session)
        self.cases = Cases(session, self.records, self.audit, self.priorities)
        self.products = Products(session, self.records, self.audit)
        self.assessments = Assessments(session, self.audit, self.priorities)
        staging = Staging(session, self.priorities)
        self.decisions = Decisions(session, self.leases, self.audit, staging, second_reads)
        self.case_acts = CaseActs(session, self.leases, self.audit, staging, self.drafts)
        self.views = Views(session, self.audit)
        self.adapters = Adapters(session, self.audit)
        self.figures = Figures(session)
        self.intended_uses = IntendedUses(session, self.audit)
        self.saved_filters = SavedFilters(session, domains)
        self.worklist = Worklist(session, self.cases, self.assessments, domains)

    def commit(self) -> None:
        """Make everything so far last; the unit may go on with the next batch."""
        if not self._writes:
            raise StoreError("Tried to commit a unit opened with read(). Open it with write().")
        self.audit.close()
        self._session.commit()
