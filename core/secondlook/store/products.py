"""Products: described by their pixel pitch, zones and manual; described anew, never edited."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.orm import Session

from secondlook.cases import ProductSpec, Record, Scalar, Zone
from secondlook.errors import Conflict, NotFound
from secondlook.products import ProductVersion, check_pitch, check_zones, named_revision
from secondlook.store import clock
from secondlook.store.audit import WORKSPACE, Audit
from secondlook.store.audit_contents import DESCRIBED, REDESCRIBED
from secondlook.store.audit_digest import product_digest
from secondlook.store.audit_missing import ADDED
from secondlook.store.base import storable
from secondlook.store.case_tables import CaseRow
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.manuals import Manual, follow, open_cases, standing_manual
from secondlook.store.product_mapping import product_id, version_row, versions_of
from secondlook.store.product_tables import ProductRow, ProductVersionRow
from secondlook.store.records import Records


class Products:
    """The products that were described. Open cases of one follow its standing description."""

    def __init__(self, session: Session, records: Records, audit: Audit) -> None:
        self._session = session
        self._records = records
        self._audit = audit

    def describe(
        self,
        domain: str,
        name: str,
        *,
        pitch_mm: float | None = None,
        zones: Sequence[Zone] = (),
        manual: Record | None = None,
        revision: str | None = None,
        actor: str,
    ) -> ProductVersion:
        """Describe a product that was not; its open cases get the manual.

        Conflict when it is described already; UsageError for a pitch or zones that cannot be.
        """
        check_pitch(pitch_mm)
        check_zones(zones)
        id = product_id(domain, name)
        row = {"domain": storable(domain, "a domain"), "name": storable(name, "a product")}
        statement = insert_or_ignore(self._session, ProductRow)
        values = {"id": id, **row, "created_at": clock.now()}
        if self._session.scalar(statement.values(values).returning(ProductRow.id)) is None:
            raise Conflict(f"Tried to describe {name!r}: it is described already. Change it.")
        spec = ProductSpec(pitch_mm=pitch_mm, zones=tuple(zones))
        first = ProductVersion(
            id="", product=id, domain=domain, name=name, ordinal=0, spec=spec, at=clock.now(), by=""
        )
        if manual is not None:
            first = _with(first, manual, named_revision(manual, revision, ()))
        self._audit.append(WORKSPACE, ADDED, actor, {"product": id})
        return self._add(first, manual, DESCRIBED, actor)

    def revise(
        self, domain: str, name: str, manual: Record, *, revision: str | None = None, actor: str
    ) -> ProductVersion:
        """Give a product a revision of its manual, and its open cases with it.

        The revision that stands already changes nothing. `revision` None counts on, and an earlier
        manual comes back under its name. NotFound; UsageError for a name that another manual has.
        """
        history = self._locked(domain, name)
        word = named_revision(manual, revision, history)
        if history[-1].spec.manual == manual.sha256:
            return history[-1]
        return self._add(_with(history[-1], manual, word), manual, REDESCRIBED, actor)

    def change(
        self,
        domain: str,
        name: str,
        *,
        pitch_mm: float | None = None,
        no_pitch: bool = False,
        zones: Sequence[Zone] | None = None,
        actor: str,
    ) -> ProductVersion:
        """Describe a product's pitch or zones anew; None keeps what there is. NotFound.

        `no_pitch` forgets the pitch that was given.
        """
        check_pitch(pitch_mm)
        check_zones(zones or ())
        standing = self._locked(domain, name)[-1]
        spec = standing.spec
        spec = replace(
            spec,
            pitch_mm=spec.pitch_mm if pitch_mm is None and not no_pitch else pitch_mm,
            zones=spec.zones if zones is None else tuple(zones),
        )
        if spec == standing.spec:
            return standing
        return self._add(replace(standing, spec=spec), None, REDESCRIBED, actor)

    def find(self, domain: str, name: str) -> ProductVersion | None:
        """The standing description of a product; None where it is not described."""
        id = product_id(domain, name)
        return next(reversed(versions_of(self._session, [id])[id]), None)

    def get(self, domain: str, name: str) -> ProductVersion:
        """The same; NotFound that names the products there are."""
        return self.history(domain, name)[-1]

    def history(self, domain: str, name: str) -> tuple[ProductVersion, ...]:
        """All descriptions of a product, the standing one last. NotFound."""
        id = product_id(domain, name)
        return versions_of(self._session, [id])[id] or self._unknown(domain, name)

    def all(self, domain: str | None = None) -> tuple[ProductVersion, ...]:
        """The standing descriptions by domain and name."""
        query = select(ProductRow.id).order_by(ProductRow.domain, ProductRow.name)
        if domain is not None:
            query = query.where(ProductRow.domain == domain)
        ids = self._session.scalars(query).all()
        found = versions_of(self._session, ids)
        return tuple(found[id][-1] for id in ids if found[id])

    def manual(self, version: ProductVersion) -> Record | None:
        """The manual of a description, under its file's name."""
        row = ProductVersionRow
        wanted = select(row.record_id).where(row.id == version.id)
        record_id = self._session.scalar(wanted)
        return None if record_id is None else self._records.by_row(record_id, version.file or "")

    def count_cases(self, domain: str, name: str) -> tuple[int, int]:
        """How many cases of a product are open, and how many decided."""
        of_product = (CaseRow.domain == domain, CaseRow.product == name)
        query = select(CaseRow.is_open, func.count()).where(*of_product).group_by(CaseRow.is_open)
        counts = dict(self._session.execute(query).all())
        return counts.get(True, 0), counts.get(False, 0)

    def _add(
        self, standing: ProductVersion, manual: Record | None, action: str, actor: str
    ) -> ProductVersion:
        version = replace(
            standing, id=uuid.uuid4().hex, ordinal=standing.ordinal + 1, at=clock.now(), by=actor
        )
        record_id = self._record_id(version, manual)
        row = version_row(version, record_id)
        self._session.execute(insert(ProductVersionRow).values(row))
        self._follow(version)
        body: dict[str, Scalar] = {
            "description": version.id,
            "digest": product_digest(version),
            "ordinal": version.ordinal,
            "manual": version.spec.manual,
        }
        self._audit.append(version.product, action, actor, body)
        return version

    def _record_id(self, version: ProductVersion, manual: Record | None) -> int | None:
        if manual is not None:
            return self._records.add(manual)
        row = ProductVersionRow
        standing = select(row.record_id).where(row.product_id == version.product)
        return self._session.scalar(standing.order_by(row.ordinal.desc()).limit(1))

    def _follow(self, version: ProductVersion) -> None:
        """Cases are locked before it is looked which of them are open: people decide meanwhile."""
        which = open_cases(version.domain, version.name)
        self._session.scalars(_in_order(which)).all()
        manual = standing_manual(self._session, version.domain, version.name)
        follow(self._session, manual or _none(), which)
        self._session.execute(update(CaseRow).where(which).values(version=CaseRow.version + 1))

    def _locked(self, domain: str, name: str) -> tuple[ProductVersion, ...]:
        id = product_id(domain, name)
        self._session.scalar(select(ProductRow.id).where(ProductRow.id == id).with_for_update())
        return self.history(domain, name)

    def _unknown(self, domain: str, name: str) -> tuple[ProductVersion, ...]:
        known = ", ".join(x.name for x in self.all(domain)) or "none"
        raise NotFound(
            f"no product of {domain} is described as {name!r}; there is: {known}. Describe it with "
            "`secondlook products add`."
        )


def _with(version: ProductVersion, manual: Record, word: str) -> ProductVersion:
    spec = replace(version.spec, revision=word, manual=manual.sha256)
    return replace(version, spec=spec, file=manual.name)


def _in_order(which: ColumnElement[bool]) -> Select[str]:
    """In the order of their ids, so that two who lock many cases do not block each other."""
    query = select(CaseRow.id).where(which).order_by(CaseRow.id)
    return query.with_for_update(key_share=True)


def _none() -> Manual:
    return Manual(record=None, file="", revisions=frozenset())
