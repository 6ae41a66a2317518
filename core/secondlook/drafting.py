"""What a draft holds: a decision that is not taken yet, as JSON."""

from typing import Any

from secondlook.codec import to_plain
from secondlook.decisions import Act, Decision


def draft_of(decision: Decision) -> dict[str, Any]:
    """The draft that would become this decision, to go on from once it is taken back.

    `acts` has the plain views by label; `findings` every act whole.
    """
    plain = to_plain(decision)
    kept = ("disposition", "reason", "severity", "reason_codes")
    views = {x.label: x.act.value for x in decision.acts if x.act in (Act.AGREE, Act.REJECT)}
    return {**{x: plain[x] for x in kept}, "acts": views, "findings": plain["acts"]}
