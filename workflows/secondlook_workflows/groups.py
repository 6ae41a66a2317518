"""Which cases belong together (a patient, a lot), from a manifest into the database."""

import hashlib
from dataclasses import replace

from secondlook.cases import GROUP
from secondlook.domain import CaseSource, Opened


def group_name(group: str) -> str:
    """What stands for a group: a digest, as sources name groups after patients."""
    return hashlib.sha256(group.encode()).hexdigest()[:16]


def grouped(item: Opened, source: CaseSource) -> Opened:
    """The case with the group of its row among its facts, where the row names one."""
    rows = [source.rows[x.row] for x in item.files if x.row is not None]
    rows += [x for x in source.rows if x.note is not None and x.note in item.case.records]
    group = next((x.group for x in rows if x.group), None)
    if group is None:
        return item
    facts = {**item.case.facts, GROUP: group_name(group)}
    return replace(item, case=replace(item.case, facts=facts))
