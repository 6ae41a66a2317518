"""One thing that does not add up in the audit trail."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AuditProblem:
    """What is wrong, at which event of which chain."""

    chain: str
    seq: int
    what: str
