"""`scratch=edit:crack,severity=major` as an act on a finding: the form of a command line."""

from collections.abc import Mapping

from secondlook.cases import Case
from secondlook.decisions import Act, Area, FindingAct
from secondlook.errors import UsageError

FORM = (
    "LABEL=agree|reject|add|edit:NEW, then ,severity=S ,site=TEXT ,region=LEFT/TOP/WIDTH/HEIGHT "
    ",picture=N ,frame=N ,comment=TEXT (the comment last)"
)
FIELDS = ("severity", "site", "region", "picture", "frame")
COMMENT = ",comment="


def parse_act(text: str, case: Case | None = None) -> FindingAct:
    """The act. `picture` counts those of the case from 1. Raises UsageError that shows the form."""
    said, _, comment = text.partition(COMMENT)
    first, *rest = said.split(",")
    label, _, words = first.partition("=")
    act, _, becomes = words.partition(":")
    if not label or act not in Act.__members__.values() or (becomes and act != Act.EDIT):
        acts = ", ".join(Act)
        raise UsageError(
            f"cannot read the finding {text!r}: write LABEL=ACT, ACT of {acts}; {FORM}"
        )
    fields = dict(_field(x, text) for x in rest)
    return FindingAct(
        label=label,
        act=Act(act),
        becomes=becomes or None,
        severity=fields.get("severity"),
        site=fields.get("site"),
        area=_area(fields, text, case),
        comment=comment,
    )


def _field(said: str, text: str) -> tuple[str, str]:
    name, _, value = said.partition("=")
    if name not in FIELDS or not value:
        raise UsageError(f"cannot read {said!r} of the finding {text!r}: {FORM}")
    return name, value


def _area(fields: Mapping[str, str], text: str, case: Case | None) -> Area | None:
    if "region" not in fields:
        if {"picture", "frame"} & fields.keys():
            raise UsageError(f"the finding {text!r} names a picture or frame and no region: {FORM}")
        return None
    try:
        left, top, width, height = (int(x) for x in fields["region"].split("/"))
        number = int(fields.get("picture", "1"))
        frame = int(fields["frame"]) if "frame" in fields else None
    except ValueError:
        raise UsageError(f"cannot read the region of the finding {text!r}: {FORM}") from None
    pictures = case.images() if case is not None else ()
    if not 1 <= number <= len(pictures):
        raise UsageError(f"the case has {len(pictures)} pictures, so there is no picture {number}")
    name = pictures[number - 1].sha256
    return Area(attachment=name, left=left, top=top, width=width, height=height, frame=frame)
