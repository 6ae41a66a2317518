"""Which description of its product each case was decided under, against its audit events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.store.audit_contents import BATCH, DECIDED, READ
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.case_act_mapping import UNDONE
from secondlook.store.case_tables import CaseRow
from secondlook.store.product_mapping import product_id
from secondlook.store.product_tables import ProductVersionRow

REOPENED = "case.reopened"
OPEN_AGAIN = (REOPENED, READ, UNDONE)
"""From then on the standing description holds, and none is kept."""


@dataclass(frozen=True)
class _Told:
    """What the last event that speaks of it says."""

    seq: int
    ordinal: object
    description: object


class Described:
    """Collects what decisions say of it and compares it with the cases, in batches."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: dict[str, _Told] = {}

    def note(self, chain: str, seq: int, action: str, body: str) -> Iterator[AuditProblem]:
        """Take one event, of any kind; yields the problems of a full batch."""
        if action not in (DECIDED, *OPEN_AGAIN):
            return
        if len(self._told) >= BATCH and chain not in self._told:
            yield from self.compare()
        fields = _fields(body) if action == DECIDED else {}
        self._told[chain] = _Told(seq, fields.get("described"), fields.get("description"))

    def compare(self) -> Iterator[AuditProblem]:
        """Cases that now stand under another description than their decision names."""
        told, self._told = self._told, {}
        row = CaseRow
        query = select(row.id, row.domain, row.product, row.described).where(row.id.in_(told))
        cases = self._session.execute(query).all()
        versions = self._versions({_product(x.domain, x.product) for x in cases})
        for case in cases:
            said = told[case.id]
            version = versions.get((_product(case.domain, case.product), case.described))
            if (said.ordinal, said.description) != (case.described, version):
                what = "the description of the product that the case was decided under was changed"
                yield AuditProblem(chain=case.id, seq=said.seq, what=what)

    def unlogged(self) -> Iterator[AuditProblem]:
        """Nothing: decisions without an event are found by their content."""
        yield from ()

    def _versions(self, products: set[str]) -> dict[tuple[str, object], str]:
        row = ProductVersionRow
        query = select(row.product_id, row.ordinal, row.id).where(row.product_id.in_(products))
        found = self._session.execute(query)
        return {(product, ordinal): id for product, ordinal, id in found}


def _product(domain: str, product: str | None) -> str:
    """Empty for none, and for what is no name: SQLite keeps a value of any type in any column."""
    return product_id(domain, product) if isinstance(product, str) else ""


def _fields(body: str) -> dict[str, object]:
    """Of nothing, where it cannot be read: the walk over the chain says that it was changed."""
    try:
        return dict(json.loads(body))
    except (TypeError, ValueError):
        return {}
