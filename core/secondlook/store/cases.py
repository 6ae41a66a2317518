"""Cases: added once however often they come, read whole, listed for the workflows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from secondlook.cases import GROUP, Attachment, Case, CaseStatus, Facts, NewCase
from secondlook.errors import NotFound
from secondlook.reviewing import Stage
from secondlook.store import clock
from secondlook.store.audit import Audit
from secondlook.store.case_mapping import (
    attachment_row,
    attachments_of,
    case,
    case_row,
    lock_case,
    no_case,
)
from secondlook.store.case_tables import AttachmentRow, CaseRow
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.groups import grouped, parted, takes
from secondlook.store.identity import PICTURES, case_id
from secondlook.store.manuals import follow, standing_manual
from secondlook.store.placing import opened, reopened
from secondlook.store.priorities import Priorities
from secondlook.store.product_mapping import specs_of
from secondlook.store.records import Records
from secondlook.store.staging import UNREAD


@dataclass(frozen=True, kw_only=True)
class AddedCase:
    """What `Cases.add` did: `created` a case, or `changed` one that was there already.

    `parted`: the files are of another patient than those of the case, so nothing was added.
    """

    id: str
    created: bool
    changed: bool
    parted: bool = False


class Cases:
    """The cases of the workspace."""

    def __init__(
        self, session: Session, records: Records, audit: Audit, priorities: Priorities
    ) -> None:
        self._session = session
        self._records = records
        self._audit = audit
        self._queue = priorities.queue

    def add(self, new: NewCase, *, actor: str) -> AddedCase:
        """Add a case, or what an existing one lacks; the same call twice changes nothing more.

        A case that gains something is new again. If it was decided it awaits a decision again:
        the earlier ones stay, and the next one amends the latest. The manual of a product that is
        described comes along by itself; its revisions among `new.records` are no gain.
        """
        identity = case_id(new)
        manual = standing_manual(self._session, new.domain, new.product)
        created = self._insert(identity, new)
        standing = None if created else lock_case(self._session, identity)
        if standing is not None and parted(standing.facts, new.facts):
            return AddedCase(id=identity, created=False, changed=False, parted=True)
        decided = standing is not None and standing.status == CaseStatus.DECIDED
        attachments = self._attach(identity, new.attachments)
        by_product = manual.revisions if manual is not None else ()
        records = self._records.link(identity, new.records, apart=by_product)
        gained = {"attachments": attachments, "records": records}
        changed = not created and bool(attachments or records)
        if changed and standing is not None:
            self._reopen(standing)
        if manual is not None and (created or changed):
            follow(self._session, manual, CaseRow.id == identity)
        if created or changed:
            again = "case.reopened" if decided else "case.changed"
            action = "case.opened" if created else again
            self._audit.append(identity, action, actor, {"domain": new.domain, **gained})
        if standing is not None and takes(standing.facts, new.facts):
            self._group(standing, new.facts)
            self._audit.append(identity, "case.grouped", actor, {"domain": new.domain})
        return AddedCase(id=identity, created=created, changed=changed)

    def exists(self, new: NewCase) -> str | None:
        """The id under which this case is stored, or None."""
        identity = case_id(new)
        return self._session.scalar(select(CaseRow.id).where(CaseRow.id == identity))

    def get(self, case_id: str) -> Case:
        """One case with its attachments and records. NotFound."""
        found = self.load([case_id])
        if not found:
            raise no_case(case_id)
        return found[0]

    def load(self, ids: Sequence[str]) -> tuple[Case, ...]:
        """These cases, whole, in the order of `ids` (some hundreds at most); missing ones left out.

        Costs the same few statements for one case as for many.
        """
        rows = self._session.scalars(select(CaseRow).where(CaseRow.id.in_(ids)))
        by_id = {row.id: row for row in rows}
        files, records = attachments_of(self._session, ids), self._records.of(ids)
        specs = specs_of(self._session, by_id.values())
        return tuple(case(by_id[i], files[i], records[i], specs[i]) for i in ids if i in by_id)

    def resolve(self, prefix: str) -> str:
        """The id that begins with `prefix`. NotFound for none, and for several with some of them."""
        wanted = prefix.strip().lower()
        matches = self._session.scalars(
            select(CaseRow.id)
            .where(CaseRow.id >= wanted, CaseRow.id < wanted + "g")
            .order_by(CaseRow.id)
            .limit(4)
        ).all()
        if len(matches) == 1:
            return matches[0]
        if not matches or not wanted:
            raise NotFound(f"No case id begins with {prefix!r}; see `secondlook worklist`.")
        some = ", ".join(match[: len(wanted) + 6] for match in matches)
        raise NotFound(f"Several case ids begin with {prefix!r} ({some} …): give more of it.")

    def groups(self, domain: str | None = None) -> tuple[tuple[str, str | None, int], ...]:
        """Domain, product and how many cases await a decision, for each pair that has any."""
        query = select(CaseRow.domain, CaseRow.product, func.count()).where(CaseRow.is_open)
        if domain is not None:
            query = query.where(CaseRow.domain == domain)
        rows = self._session.execute(query.group_by(CaseRow.domain, CaseRow.product))
        return tuple(sorted(rows, key=lambda row: (row[0], row[1] or "")))

    def pending(
        self,
        domain: str,
        product: str | None,
        adapter: str | None,
        *,
        limit: int,
        after: str | None = None,
    ) -> tuple[str, ...]:
        """Ids, ascending from beyond `after`, of undecided cases that `adapter` has yet to assess.

        `product` None is the cases without a product. A failed case counts as not assessed.
        """
        query = select(CaseRow.id).where(_pending(domain, product, adapter))
        if after is not None:
            query = query.where(CaseRow.id > after)
        return tuple(self._session.scalars(query.order_by(CaseRow.id).limit(limit)))

    def count_pending(self, domain: str, product: str | None, adapter: str | None) -> int:
        """How many ids `pending` gives in all."""
        query = select(func.count()).where(_pending(domain, product, adapter))
        return self._session.scalar(query) or 0

    def assessed(
        self,
        domain: str | None = None,
        product: str | None = None,
        *,
        limit: int,
        after: str | None = None,
    ) -> tuple[str, ...]:
        """Ids, ascending from beyond `after`, of undecided cases whose first look stands."""
        query = select(CaseRow.id).where(_assessed(domain, product))
        if after is not None:
            query = query.where(CaseRow.id > after)
        return tuple(self._session.scalars(query.order_by(CaseRow.id).limit(limit)))

    def count_assessed(self, domain: str | None = None, product: str | None = None) -> int:
        """How many ids `assessed` gives in all."""
        query = select(func.count()).where(_assessed(domain, product))
        return self._session.scalar(query) or 0

    def _insert(self, identity: str, new: NewCase) -> bool:
        row = case_row(identity, new)
        values = row | opened(self._queue(new.domain), row["opened_at"])
        statement = insert_or_ignore(self._session, CaseRow).values(values)
        return self._session.scalar(statement.returning(CaseRow.id)) is not None

    def _attach(self, identity: str, attachments: Sequence[Attachment]) -> int:
        present = list(
            self._session.scalars(
                select(AttachmentRow.sha256).where(AttachmentRow.case_id == identity)
            )
        )
        missing: dict[str, Attachment] = {}
        for attachment in attachments:
            if attachment.sha256 not in present:
                missing.setdefault(attachment.sha256, attachment)
        if new := list(missing.values()):
            rows = [attachment_row(identity, i, a) for i, a in enumerate(new, len(present))]
            self._session.execute(insert(AttachmentRow), rows)
            self._show_picture(identity, new)
        return len(missing)

    def _show_picture(self, identity: str, attachments: Sequence[Attachment]) -> None:
        picture = next((a.sha256 for a in attachments if a.role in PICTURES), None)
        if picture is not None:
            self._session.execute(
                update(CaseRow)
                .where(CaseRow.id == identity, CaseRow.picture.is_(None))
                .values(picture=picture)
            )

    def _group(self, row: CaseRow, facts: Facts) -> None:
        """Take in what a case belongs with; nobody need look again."""
        known = {**row.facts, GROUP: facts[GROUP]}
        new = {"facts": known, "grouped": grouped(known)}
        self._session.execute(update(CaseRow).where(CaseRow.id == row.id).values(new))

    def _reopen(self, row: CaseRow) -> None:
        new = {"status": CaseStatus.NEW, "is_open": True, "decided": None, "described": None}
        new |= {"status_before": None}
        if row.stage is not Stage.ESCALATED:  # what was read is another case now
            new |= UNREAD
        if row.status is CaseStatus.DECIDED:
            new |= reopened(row, self._queue(row.domain), clock.now())
        self._session.execute(
            update(CaseRow).where(CaseRow.id == row.id).values(version=CaseRow.version + 1, **new)
        )


def _pending(domain: str, product: str | None, adapter: str | None) -> ColumnElement[bool]:
    of_product = CaseRow.product.is_(None) if product is None else CaseRow.product == product
    waiting = CaseRow.status.in_((CaseStatus.NEW, CaseStatus.FAILED))
    stale = CaseRow.assessed_by != (adapter or "")
    return and_(CaseRow.is_open, CaseRow.domain == domain, of_product, or_(waiting, stale))


def _assessed(domain: str | None, product: str | None) -> ColumnElement[bool]:
    """`None` leaves a field open."""
    wanted = [CaseRow.status == CaseStatus.ASSESSED]
    if domain is not None:
        wanted.append(CaseRow.domain == domain)
    if product is not None:
        wanted.append(CaseRow.product == product)
    return and_(*wanted)
