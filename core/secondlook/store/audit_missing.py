"""What the trail lacks: events of a head, chains of cases, cases that were counted or exported."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import exists, func, select, tuple_
from sqlalchemy.orm import Session

from secondlook.store.audit_chain import ACCOUNTS, COUNT, PRODUCT, WORKSPACE, signed
from secondlook.store.audit_problem import AuditProblem
from secondlook.store.case_tables import CaseRow
from secondlook.store.product_tables import ProductRow
from secondlook.store.review_tables import AuditEventRow, AuditHeadRow

BATCH = 300
"""Exported heads a statement; older SQLite allows 999 variables."""
ADDED = "product.added"
"""What the workspace's chain says of a product, so that one that is removed whole is missed."""
ACCOUNTS_OPENED = "accounts.opened"
"""What the workspace's chain says once of the chain of accounts."""
Head = tuple[str, int, str]


def empty_chains(session: Session) -> Iterator[AuditProblem]:
    """Heads of chains without any event."""
    of_chain = exists().where(AuditEventRow.chain == AuditHeadRow.chain)
    lone = select(AuditHeadRow.chain).where(~of_chain, AuditHeadRow.chain != COUNT)
    for chain in session.scalars(lone):
        yield _problem(chain, 1, "all events of the chain are missing")


def missing_chains(session: Session) -> Iterator[AuditProblem]:
    """Cases without a chain, chains without a case, and a workspace without its chain."""
    headed = exists().where(AuditHeadRow.chain == CaseRow.id)
    logged = exists().where(AuditEventRow.chain == CaseRow.id)
    for case in session.scalars(select(CaseRow.id).where(~headed, ~logged)):
        yield _problem(case, 1, "the case has no audit chain: it was removed")
    of_case = exists().where(CaseRow.id == AuditHeadRow.chain)
    others = AuditHeadRow.chain.not_in((WORKSPACE, ACCOUNTS, COUNT))
    product = AuditHeadRow.chain.startswith(PRODUCT)
    lone = select(AuditHeadRow.chain, AuditHeadRow.seq).where(~of_case, others, ~product)
    for chain, seq in session.execute(lone):
        yield _problem(chain, seq, "the case of this chain is gone: it was removed")
    if session.scalar(select(AuditHeadRow.chain).where(AuditHeadRow.chain == WORKSPACE)) is None:
        what = (
            "there is no workspace chain: it was removed, or the schema was not built by "
            "`secondlook db upgrade`"
        )
        yield _problem(WORKSPACE, 1, what)


def missing_accounts(session: Session) -> Iterator[AuditProblem]:
    """The chain of accounts, where the workspace's chain says that there is one."""
    event = AuditEventRow
    told = select(event.seq).where(event.chain == WORKSPACE, event.action == ACCOUNTS_OPENED)
    headed = select(AuditHeadRow.seq).where(AuditHeadRow.chain == ACCOUNTS)
    seq = session.scalars(told.limit(1)).first()
    if seq is not None and session.scalar(headed) is None:
        yield _problem(ACCOUNTS, 1, "the chain of accounts is gone: it was removed")


def missing_products(session: Session) -> Iterator[AuditProblem]:
    """Products without a chain, chains without a product, and products that are gone with it."""
    headed = exists().where(AuditHeadRow.chain == ProductRow.id)
    for product in session.scalars(select(ProductRow.id).where(~headed)):
        yield _problem(product, 1, "the product has no audit chain: it was removed")
    heads = AuditHeadRow.chain.startswith(PRODUCT)
    chains = set(session.scalars(select(AuditHeadRow.chain).where(heads)))
    present = set(session.scalars(select(ProductRow.id)))
    event = AuditEventRow
    added = select(event.seq, event.body).where(event.chain == WORKSPACE, event.action == ADDED)
    told = {_product(body): seq for seq, body in session.execute(added)}
    for chain in sorted((chains | told.keys()) - present):
        seq = 1 if chain in chains else told[chain]
        where = chain if chain in chains else WORKSPACE
        yield _problem(where, seq, f"the product {chain[:20]} is gone: it was removed")
    for chain in sorted(chains - told.keys()):
        yield _problem(chain, 1, "the workspace's chain does not tell of the product")


def _product(body: str) -> str:
    try:
        return str(json.loads(body)["product"])
    except (KeyError, TypeError, ValueError):  # the walk over the chain says that it was changed
        return ""


def miscounted(session: Session, key: bytes, begun: int, found: int) -> Iterator[AuditProblem]:
    """The signed count of cases, `begun` more of this transaction, against the `found` chains."""
    columns = (AuditHeadRow.seq, AuditHeadRow.hash, AuditHeadRow.signature)
    row = session.execute(select(*columns).where(AuditHeadRow.chain == COUNT)).one_or_none()
    if row is None:
        yield _problem(COUNT, 1, "there is no count of the cases that were opened: it was removed")
    elif not signed(key, COUNT, *row):
        yield _problem(COUNT, row.seq, "the count of cases is not signed with the audit key")
    elif found < row.seq + begun:
        opened = row.seq + begun
        are = "is" if opened - found == 1 else "are"
        what = f"{opened} cases were opened and {opened - found} of them {are} gone"
        yield _problem(COUNT, opened, what)
    elif found > row.seq + begun:
        what = f"there are {found} cases and {row.seq + begun} were counted: the count was put back"
        yield _problem(COUNT, row.seq, what)


def changed_since(session: Session, exported: Iterable[Head]) -> Iterator[AuditProblem]:
    """Exported heads whose event is gone, or is another one now."""
    rest = iter(exported)
    while heads := list(islice(rest, BATCH)):
        present = _hashes(session, heads)
        ends = _ends(session, [chain for chain, seq, _ in heads if (chain, seq) not in present])
        for chain, seq, digest in heads:
            now = present.get((chain, seq))
            if now is None:
                first = min(ends.get(chain, 0) + 1, seq)
                what = f"events {first} to {seq} were there when the heads were exported and are"
                yield _problem(chain, first, f"{what} gone")
            elif now != digest:
                what = "the event is not the one that was there when the heads were exported"
                yield _problem(chain, seq, what)


def _hashes(session: Session, heads: list[Head]) -> dict[tuple[str, int], str]:
    event = AuditEventRow
    wanted = tuple_(event.chain, event.seq).in_([head[:2] for head in heads])
    rows = session.execute(select(event.chain, event.seq, event.hash).where(wanted))
    return {(chain, seq): digest for chain, seq, digest in rows}


def _ends(session: Session, chains: list[str]) -> dict[str, int]:
    event = AuditEventRow
    query = select(event.chain, func.max(event.seq)).where(event.chain.in_(chains))
    return dict(session.execute(query.group_by(event.chain)).all())


def _problem(chain: str, seq: int, what: str) -> AuditProblem:
    return AuditProblem(chain=chain, seq=seq, what=what)
