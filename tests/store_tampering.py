"""Tampering with an audit trail, by somebody who owns the database and lacks the key."""

from collections.abc import Callable

from sqlalchemy import Connection, text, update

from secondlook.store.audit_chain import event_hash, moment, sign
from secondlook.store.database import Database
from secondlook.store.review_tables import AuditEventRow
from store_values import NOON, add_assessment, add_case

FORGER = b"a key that the forger has made up"


def audited_case(database: Database) -> str:
    """A case whose chain has five events; there is another case."""
    case_id = add_case(database, "a")
    add_case(database, "b")
    add_assessment(database, case_id)
    with database.write() as unit:
        first = unit.decisions.add(case_id, reviewer="ann", disposition="accept", reason="x")
        unit.decisions.add(case_id, reviewer="bob", disposition="scrap", amends=first.id)
        unit.commit()
    add_assessment(database, case_id, inputs="i2")
    return case_id


def problems(database: Database) -> list[tuple[str, int, str]]:
    """What verification reports."""
    with database.read() as unit:
        return [(p.chain, p.seq, p.what) for p in unit.audit.verify().problems]


Tampering = Callable[[Connection, str], object]


def run(statement: str) -> Tampering:
    """A tampering that is one statement about the chain `:case`."""
    return lambda connection, case_id: connection.execute(text(statement), {"case": case_id})


def edit_and_rehash(connection: Connection, case_id: str) -> None:
    """Change event 3 and give it the right hash for its new content."""
    query = text("SELECT hash FROM audit_events WHERE chain = :case AND seq = 2")
    previous = connection.execute(query, {"case": case_id}).scalar_one()
    digest = event_hash(previous, case_id, 3, moment(NOON), "eve", "case.changed", "{}")
    connection.execute(
        update(AuditEventRow)
        .where(AuditEventRow.chain == case_id, AuditEventRow.seq == 3)
        .values(at=NOON, actor="eve", action="case.changed", body="{}", hash=digest)
    )


def forge_head(connection: Connection, case_id: str) -> None:
    """Cut the tail and sign the new head with another key."""
    connection.execute(
        text("DELETE FROM audit_events WHERE chain = :case AND seq = 5"), {"case": case_id}
    )
    query = text("SELECT hash FROM audit_events WHERE chain = :case AND seq = 4")
    digest = connection.execute(query, {"case": case_id}).scalar_one()
    signature = sign(FORGER, case_id, 4, digest)
    change = "UPDATE audit_heads SET seq = 4, hash = :h, signature = :s WHERE chain = :case"
    connection.execute(text(change), {"h": digest, "s": signature, "case": case_id})


def remove_chain(connection: Connection, chain: str) -> None:
    """Take away a chain with its head."""
    run("DELETE FROM audit_events WHERE chain = :case")(connection, chain)
    run("DELETE FROM audit_heads WHERE chain = :case")(connection, chain)


def of_case(statement: str, further: str = "TRUE") -> Tampering:
    """A tampering with rows of the assessments of the case for which `further` holds."""
    case = f"SELECT id FROM assessments WHERE case_id = :case AND {further}"  # noqa: S608
    return run(f"{statement} WHERE assessment_id IN ({case})")


def edit_evidence(connection: Connection, case_id: str) -> None:
    """Change what a manual says."""
    new = "CAST(replace(CAST(payload AS TEXT), 'No cracks', 'Cracks') AS JSON)"
    if connection.dialect.name == "sqlite":
        new = "replace(payload, 'No cracks', 'Cracks')"
    of_case(f"UPDATE evidence SET payload = {new}")(connection, case_id)  # noqa: S608


def remove_case(connection: Connection, case_id: str) -> None:
    """Take away a case with all that belongs to it, its chain and head included."""
    for table in ("evidence", "findings"):
        of_case(f"DELETE FROM {table}")(connection, case_id)  # noqa: S608
    for table in ("leases", "decisions", "assessments", "attachments", "case_records"):
        order = " AND amends IS NOT NULL" if table == "decisions" else ""
        run(f"DELETE FROM {table} WHERE case_id = :case{order}")(connection, case_id)  # noqa: S608
        run(f"DELETE FROM {table} WHERE case_id = :case")(connection, case_id)  # noqa: S608
    run("DELETE FROM cases WHERE id = :case")(connection, case_id)
    remove_chain(connection, case_id)
