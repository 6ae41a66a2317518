"""Adapters: which were trained, which one is in use. Their files lie in the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from secondlook.cases import BackboneRef
from secondlook.errors import NotFound
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


class Adapters:
    """The adapters of the workspace; at most one champion for each domain and product."""

    def __init__(self, session: Session, audit: Audit) -> None:
        self._session = session
        self._audit = audit

    def next_version(self, domain: str, product: str | None) -> int:
        """One more than the highest version there is."""
        highest = select(func.max(AdapterRow.version)).where(_fits(domain, product))
        return (self._session.scalar(highest) or 0) + 1

    def add(self, info: AdapterInfo, *, actor: str) -> None:
        """Register an adapter. Conflict when its id or version is taken."""
        state = AdapterState(info.state)
        if state is AdapterState.CHAMPION:
            self._retire(info.domain, info.product)
        self._session.execute(insert(AdapterRow).values(**_columns(info)))
        body = {"adapter": info.id, "sha256": info.sha256, "state": state.value}
        self._audit.append(WORKSPACE, "adapter.added", actor, body)

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
        info = self.get(id)
        self._retire(info.domain, info.product)
        self._session.execute(
            update(AdapterRow).where(AdapterRow.id == id).values(state=AdapterState.CHAMPION)
        )
        self._audit.append(WORKSPACE, "adapter.promoted", actor, {"adapter": id})

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

    def _retire(self, domain: str, product: str | None) -> None:
        self._session.execute(
            update(AdapterRow)
            .where(_fits(domain, product), _CHAMPION)
            .values(state=AdapterState.RETIRED)
        )


_CHAMPION = AdapterRow.state == AdapterState.CHAMPION


def _fits(domain: str, product: str | None) -> Any:
    return (AdapterRow.domain == domain) & (AdapterRow.product == (product or ""))


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
