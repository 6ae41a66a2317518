"""Which cases are read by a second person: the policy of a domain, and the draw.

The draw is a keyed hash of the case, with a key that lies outside the database: the same whenever
it is asked for, and nobody can guess or steer it.
"""

import hmac
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from secondlook.assessments import Assessment
from secondlook.decisions import Act, Decision

LABEL = b"secondlook: draw of second reads, 1"


class SecondRead(BaseModel):
    """When a domain asks for a second read; any of these is enough. Nothing set asks for none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(default=0.0, ge=0, le=1)
    """Of all cases, drawn."""
    dispositions: tuple[str, ...] = ()
    """Whenever the first reader chooses one of these."""
    discrepancy: bool = False
    """Whenever the first reader decides otherwise than the machine."""


class SecondReads:
    """The policies by domain. Set by whoever knows the settings, before anything is decided."""

    def __init__(self, audit_key: bytes, policies: Mapping[str, SecondRead] | None = None) -> None:
        self._key = hmac.digest(audit_key, LABEL, "sha256")
        self.policies: Mapping[str, SecondRead] = policies or {}

    def draw(self, case_id: str) -> float:
        """In [0, 1), always the same for one case."""
        return int.from_bytes(hmac.digest(self._key, case_id.encode(), "sha256")[:7]) / 2**56

    def wanted(self, domain: str, said: Decision, look: Assessment | None) -> bool:
        """Whether a second person is to read what this one decides on this first look."""
        policy = self.policies.get(domain)
        if policy is None:
            return False
        return (
            self.draw(said.case_id) < policy.share
            or said.disposition in policy.dispositions
            or (policy.discrepancy and differs(look, said))
        )


def differs(look: Assessment | None, said: Decision) -> bool:
    """Whether a person decided otherwise than the machine: outcome, or anything that was found.

    Where the machine recommended nothing there is nothing to differ from but its findings.
    """
    if look is None:
        return False
    other = look.disposition is not None and look.disposition != said.disposition
    return other or any(x.act is not Act.AGREE for x in said.acts)
