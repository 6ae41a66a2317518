"""What exporters may read, from the workspace."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.cases import Attachment
from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook.evidence import AnomalyMap
from secondlook.exporting import AuditReference
from secondlook.maps import decode_map
from secondlook.plugins import Plugins
from secondlook.store.audit import Audit, AuditEvent
from secondlook.store.audit_contents import DECIDED
from secondlook.store.audit_digest import decision_digest
from secondlook.store.blobs import BlobStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 50
"""Different warnings that are kept; further ones are counted."""


@dataclass(kw_only=True)
class StoredReader:
    """An `ExportReader` over the store."""

    domain: Domain
    at: datetime
    plugins: Plugins
    blobs: BlobStore
    audit: Audit
    folder: Path | None = None
    _warnings: Counter[str] = field(default_factory=Counter)
    _further: int = 0

    def blob(self, sha256: str) -> Path:
        """Where a stored file lies. NotFound."""
        return self.blobs.path(sha256)

    def picture(self, attachment: Attachment) -> "NDArray[np.uint8] | None":
        """The picture that reviewers see. NotFound, IntakeError."""
        return self.plugins.load_attachment(attachment, self.blob(attachment.sha256))

    def scores(self, shown: AnomalyMap) -> "NDArray[np.float32]":
        """The scores of a stored map. NotFound."""
        return decode_map(self.blob(shown.blob).read_bytes(), shown)

    def audited(self, decision: Decision) -> AuditReference | None:
        """The event of this decision, if it names this very content."""
        told = [x for x in self.audit.events(decision.case_id) if _is_about(x, decision)]
        if told and told[-1].body.get("digest") == decision_digest(decision):
            return AuditReference(chain=told[-1].chain, seq=told[-1].seq, hash=told[-1].hash)
        self.warn(
            f"case {decision.case_id[:12]}: its decision is not what the audit trail holds; see "
            "`secondlook db verify-audit`"
        )
        return None

    def warn(self, message: str) -> None:
        """Keep it, each message once."""
        if message in self._warnings or len(self._warnings) < MOST:
            self._warnings[message] += 1
        else:
            self._further += 1

    def told(self) -> tuple[str, ...]:
        """The warnings in the order in which they came, with how often where that is not once."""
        said = (f"{x} ({n} times)" if n > 1 else x for x, n in self._warnings.items())
        more = (f"and {self._further} further warnings",) if self._further else ()
        return (*said, *more)


def _is_about(event: AuditEvent, decision: Decision) -> bool:
    return event.action == DECIDED and event.body.get("decision") == decision.id
