"""Descriptions of products to rows and back, and which one holds for a case."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from secondlook.cases import ProductSpec, Zone
from secondlook.products import ProductVersion
from secondlook.store.audit_chain import PRODUCT
from secondlook.store.base import storable
from secondlook.store.case_tables import CaseRow, RecordRow
from secondlook.store.product_tables import ProductRow, ProductVersionRow

ZONES = TypeAdapter(tuple[Zone, ...])
DIGITS = 64 - len(PRODUCT)


def product_id(domain: str, name: str) -> str:
    """What a product is called in the store and in the audit trail: 64 characters."""
    named = json.dumps([domain, name], ensure_ascii=True)
    return PRODUCT + hashlib.sha256(named.encode()).hexdigest()[:DIGITS]


def version_row(version: ProductVersion, record_id: int | None) -> dict[str, Any]:
    """Column values of a description."""
    spec = version.spec
    return {
        "id": version.id,
        "product_id": version.product,
        "ordinal": version.ordinal,
        "pitch_mm": spec.pitch_mm,
        "zones": ZONES.dump_python(spec.zones, mode="json"),
        "revision": spec.revision and storable(spec.revision, "the name of a revision"),
        "record_id": record_id,
        "file": version.file and storable(version.file, "the name of a file"),
        "added_at": version.at,
        "added_by": storable(version.by, "a person's name"),
    }


def versions_of(session: Session, products: Sequence[str]) -> dict[str, tuple[ProductVersion, ...]]:
    """The descriptions of each of these products, the standing one last; all have an entry."""
    found: dict[str, list[ProductVersion]] = {product: [] for product in products}
    for row in session.execute(_versions().where(ProductVersionRow.product_id.in_(products))):
        version = _version(row)
        found[version.product].append(version)
    return {product: tuple(versions) for product, versions in found.items()}


def specs_of(session: Session, rows: Iterable[CaseRow]) -> Mapping[str, ProductSpec | None]:
    """What is known of the product of each of these cases; every case has an entry.

    For a decided case it is what was known when it was decided.
    """
    products = {row.id: product_id(row.domain, row.product) for row in rows if row.product}
    known = versions_of(session, sorted(set(products.values()))) if products else {}
    return {row.id: _holds(row, known.get(products.get(row.id, ""), ())) for row in rows}


def _holds(row: CaseRow, versions: Sequence[ProductVersion]) -> ProductSpec | None:
    if row.is_open:
        return versions[-1].spec if versions else None
    return next((x.spec for x in versions if x.ordinal == row.described), None)


def _versions() -> Select[*tuple[Any, ...]]:
    return (
        select(ProductVersionRow, ProductRow.domain, ProductRow.name, RecordRow.sha256)
        .join(ProductRow, ProductRow.id == ProductVersionRow.product_id)
        .outerjoin(RecordRow, RecordRow.id == ProductVersionRow.record_id)
        .order_by(ProductVersionRow.product_id, ProductVersionRow.ordinal)
    )


def _version(row: Row[*tuple[Any, ...]]) -> ProductVersion:
    stored, domain, name, manual = row
    return ProductVersion(
        id=stored.id,
        product=stored.product_id,
        domain=domain,
        name=name,
        ordinal=stored.ordinal,
        spec=ProductSpec(
            pitch_mm=stored.pitch_mm,
            zones=ZONES.validate_python(stored.zones),
            revision=stored.revision,
            manual=manual,
        ),
        file=stored.file,
        at=stored.added_at,
        by=stored.added_by,
    )
