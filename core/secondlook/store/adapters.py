"""Adapters: which were trained, which one is in use. Their files lie in the workspace."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from secondlook.assessments import BackboneRef
from secondlook.errors import NotFound, StoreError
from secondlook.store.adapter_history import ADDED, PROMOTED, ROLLED_BACK, in_use
from secondlook.store.assessment_tables import AdapterRow
from secondlook.store.audit import WORKSPACE, Audit
from secondlook.store.base import AdapterState
from secondlook.store.values import BACKBONE, plain


@dataclass(frozen=True, kw_only=True)
class AdapterInfo:
    """What the store knows of an adapter."""

    id: str
    domain: str
    product: str | None
    """None for an adapter of the whole domain."""
    version: int
    backbone: BackboneRef
    path: str
    """Its folder, relative to the workspace's adapters folder."""
    sha256: str
    """Digest over the files of the folder."""
    state: Literal["champion", "challenger", "retired"]
    card: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Which adapter is in use again, and which one is not any more."""

    champion: AdapterInfo
    retired: AdapterInfo


class Adapters:
    """The adapters of the workspace; at most one champion for each domain and product."""

    def __init__(self, session: Session, audit: Audit) -> None:
        self._session = session
        self._audit = audit

    def next_version(self, domain: str, product: str | None) -> int:
        """One more than the highest version there is."""
        highest = select(func.max(AdapterRow.version)).where(_fits(domain, product))
        return (self._session.scalar(highest) or 0) + 1

    def add(self, info: AdapterInfo, *, actor: str, source: str | None = None) -> None:
        """Register an adapter; `source` is the sha256 of the file that it was imported from.

        Conflict when its id or version is taken.
        """
        state = AdapterState(info.state)
        if state is AdapterState.CHAMPION:
            self._retire(info.domain, info.product)
        self._session.execute(insert(AdapterRow).values(**_columns(info)))
        body = {"adapter": info.id, "sha256": info.sha256, "state": state.value}
        if source is not None:
            body["source"] = source
        self._audit.append(WORKSPACE, ADDED, actor, body)

    def champion(self, domain: str, product: str | None) -> AdapterInfo | None:
        """The adapter in use for a product: its own, else the domain's, else None."""
        for fit in dict.fromkeys((product, None)):
            row = self._session.scalars(
                select(AdapterRow).where(_fits(domain, fit), _CHAMPION)
            ).one_or_none()
            if row is not None:
                return _info(row)
        return None

    def promote(self, id: str, *, actor: str) -> None:
        """Put an adapter into use; the one it replaces retires. NotFound."""
        self._use(self.get(id))
        self._audit.append(WORKSPACE, PROMOTED, actor, {"adapter": id})

    def rollback(self, domain: str, product: str | None, *, actor: str) -> Rollback:
        """Put the adapter back into use that was in use before the present one, which retires.

        Doing it again goes one step further back, as the audit trail tells it.
        NotFound where there is nothing before; StoreError where trail and table disagree.
        """
        mine = {x.id: x for x in map(_info, self._session.scalars(_locked(domain, product)))}
        steps = in_use(self._session, mine)
        champion = next((x for x in mine.values() if x.state == "champion"), None)
        if champion is None or len(steps) < 2:
            raise _nothing_before(domain, product, champion, mine)
        if steps[-1] != champion.id:
            raise StoreError(
                f"Tried to roll back {champion.id}, but by the audit trail {steps[-1]} is in use: "
                "look at `secondlook db verify-audit`, then promote the adapter you want."
            )
        self._use(mine[steps[-2]])
        body = {"adapter": steps[-2], "retired": champion.id}
        self._audit.append(WORKSPACE, ROLLED_BACK, actor, body)
        return Rollback(champion=self.get(steps[-2]), retired=self.get(champion.id))

    def all(self) -> tuple[AdapterInfo, ...]:
        """All adapters by domain, product and version."""
        order = (AdapterRow.domain, AdapterRow.product, AdapterRow.version)
        return tuple(
            _info(row) for row in self._session.scalars(select(AdapterRow).order_by(*order))
        )

    def get(self, id: str) -> AdapterInfo:
        """One adapter. NotFound."""
        row = self._session.get(AdapterRow, id, populate_existing=True)
        if row is None:
            raise NotFound(f"There is no adapter {id!r}; see `secondlook adapters list`.")
        return _info(row)

    def _use(self, info: AdapterInfo) -> None:
        self._retire(info.domain, info.product)
        self._session.execute(
            update(AdapterRow).where(AdapterRow.id == info.id).values(state=AdapterState.CHAMPION)
        )

    def _retire(self, domain: str, product: str | None) -> None:
        # Two who promote at once take turns: the second must see the champion of the first.
        self._session.scalars(_locked(domain, product)).all()
        self._session.execute(
            update(AdapterRow)
            .where(_fits(domain, product), _CHAMPION)
            .values(state=AdapterState.RETIRED)
        )


_CHAMPION = AdapterRow.state == AdapterState.CHAMPION


def _fits(domain: str, product: str | None) -> Any:
    return (AdapterRow.domain == domain) & (AdapterRow.product == (product or ""))


def _locked(domain: str, product: str | None) -> Select[AdapterRow]:
    """All adapters of one domain and product, which nobody else changes until the commit."""
    query = select(AdapterRow).where(_fits(domain, product))
    return query.order_by(AdapterRow.version).with_for_update()


def _nothing_before(
    domain: str, product: str | None, champion: AdapterInfo | None, others: Collection[str]
) -> NotFound:
    place = "/".join(x for x in (domain, product) if x)
    if champion is None:
        return NotFound(
            f"Tried to roll back {place}, which has no champion: promote one with `secondlook "
            f"adapters promote`; there is: {', '.join(others) or 'none'}."
        )
    rest = ", ".join(x for x in others if x != champion.id) or "none"
    return NotFound(
        f"Tried to roll back {champion.id}, but nothing was in use before it and it stays the "
        f"champion: promote another with `secondlook adapters promote`; there is: {rest}."
    )


def _columns(info: AdapterInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "domain": info.domain,
        "product": info.product or "",
        "version": info.version,
        "backbone": BACKBONE.dump_python(info.backbone, mode="json"),
        "path": info.path,
        "sha256": info.sha256,
        "state": AdapterState(info.state),
        "card": plain(info.card, "an adapter's card"),
        "created_at": info.created_at,
    }


def _info(row: AdapterRow) -> AdapterInfo:
    return AdapterInfo(
        id=row.id,
        domain=row.domain,
        product=row.product or None,
        version=row.version,
        backbone=BACKBONE.validate_python(row.backbone),
        path=row.path,
        sha256=row.sha256,
        state=row.state.value,
        card=row.card,
        created_at=row.created_at,
    )
