"""The audit chain of accounts: begun by its first event, and told of in the workspace's chain."""

from secondlook.cases import Scalar
from secondlook.store.audit import Audit
from secondlook.store.audit_chain import ACCOUNTS, WORKSPACE
from secondlook.store.audit_missing import ACCOUNTS_OPENED


class AccountAudit:
    """Tells of accounts. Bodies name people who have an account, and nobody else."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def tell(self, action: str, by: str, **body: Scalar) -> None:
        """Add an event; `by` is who did it."""
        if not self._audit.begun(ACCOUNTS):
            self._audit.append(ACCOUNTS, ACCOUNTS_OPENED, "secondlook", {})
            self._audit.append(WORKSPACE, ACCOUNTS_OPENED, "secondlook", {})
        self._audit.append(ACCOUNTS, action, by, body)
