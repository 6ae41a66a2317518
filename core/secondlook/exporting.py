"""What an export format is given to read beside the cases: pictures, maps, words, the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from secondlook.cases import Attachment
from secondlook.decisions import Decision
from secondlook.evidence import AnomalyMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.domain import Domain


@dataclass(frozen=True, kw_only=True)
class AuditReference:
    """Where the audit trail holds a decision: enough to find it again, and to see it unchanged."""

    chain: str
    seq: int
    hash: str


class ExportReader(Protocol):
    """One export under way. What cannot be read raises SecondlookError."""

    @property
    def domain(self) -> "Domain":
        """Whose cases are exported: its words for labels and dispositions."""

    @property
    def at(self) -> datetime:
        """When the export began, in UTC."""

    @property
    def folder(self) -> Path | None:
        """Where further files may be put beside the export's own; None for a single file."""

    def blob(self, sha256: str) -> Path:
        """A stored file as it came in: to be read, never changed."""

    def picture(self, attachment: Attachment) -> "NDArray[np.uint8] | None":
        """The attachment as (H, W, 3), upright; None where it has no picture."""

    def scores(self, shown: AnomalyMap) -> "NDArray[np.float32]":
        """The scores (h, w) of a stored map."""

    def audited(self, decision: Decision) -> AuditReference | None:
        """Where the trail holds this decision; None, with a warning, where it holds another one."""

    def warn(self, message: str) -> None:
        """Tell whoever exports that something is missing or not as it should be."""
