"""Acknowledgements between rows and plain values."""

from sqlalchemy import Select, select

from secondlook.intended_use import Acknowledgement
from secondlook.store.intended_use_tables import AcknowledgementRow, IntendedUseRow

ACKNOWLEDGED = "intended_use.acknowledged"
"""The action of their audit events, in the workspace's chain."""


def everything() -> Select[AcknowledgementRow, IntendedUseRow]:
    """Acknowledgements with their texts."""
    join = AcknowledgementRow.intended_use_id == IntendedUseRow.id
    return select(AcknowledgementRow, IntendedUseRow).join(IntendedUseRow, join)


def acknowledgement(row: AcknowledgementRow, use: IntendedUseRow) -> Acknowledgement:
    """A row as a plain value."""
    return Acknowledgement(
        id=row.id,
        domain=use.domain,
        version=use.version,
        text=use.text,
        reviewer=row.reviewer,
        at=row.at,
    )
