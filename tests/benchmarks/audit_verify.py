"""How fast the audit trail verifies, and whether one edited row and one cut tail are found.

python tests/benchmarks/audit_verify.py [--chains 50000] [--events 8] [--url URL]
"""

import hashlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bench_databases import AUDIT_KEY, arguments, databases, report
from sqlalchemy import Connection, insert, text

from secondlook.store.audit import AuditReport
from secondlook.store.audit_chain import GENESIS, canonical, event_hash, moment, sign
from secondlook.store.database import Database
from secondlook.store.review_tables import AuditEventRow, AuditHeadRow
from store_values import behind_the_triggers

BATCH = 2000
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = canonical({"domain": "parts", "assessment": "5" * 32, "adapter": "parts/tile/3"})


def main() -> None:
    """Load, verify, tamper, verify again, print."""
    options = arguments(__doc__ or "", chains=50_000, events=8)
    with databases(options.url) as urls:
        report({name: measure(url, options.chains, options.events) for name, url in urls})


def measure(url: str, chains: int, events: int) -> dict[str, Any]:
    """All figures of one database."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    names = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(chains)]
    with database.engine.begin() as connection:
        for first in range(0, chains, BATCH):
            load(connection, names[first : first + BATCH], events)
    seconds, honest = verified(database)
    edited, cut = names[chains // 3], names[chains // 2]
    with behind_the_triggers(database) as connection:
        change = "UPDATE audit_events SET actor = 'eve' WHERE chain = :chain AND seq = 3"
        connection.execute(text(change), {"chain": edited})
        tail = "DELETE FROM audit_events WHERE chain = :chain AND seq = :seq"
        connection.execute(text(tail), {"chain": cut, "seq": events})
    _, tampered = verified(database)
    database.dispose()
    found = {(p.chain, p.seq) for p in tampered.problems}
    return {
        "events": honest.events,
        "seconds": round(seconds, 2),
        "events_per_s": round(honest.events / seconds),
        "problems_before_tampering": len(honest.problems),
        "edited_row_found": (edited, 3) in found,
        "cut_tail_found": (cut, events) in found,
        "problems_after_tampering": len(tampered.problems),
    }


def load(connection: Connection, names: list[str], events: int) -> None:
    """Write whole chains with their heads."""
    rows: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    for chain in names:
        digest = GENESIS
        for seq in range(1, events + 1):
            action = "case.opened" if seq == 1 else "case.assessed"
            digest = event_hash(digest, chain, seq, moment(AT), "worker", action, BODY)
            event = {"chain": chain, "seq": seq, "at": AT, "actor": "worker", "action": action}
            rows.append({**event, "body": BODY, "hash": digest})
        signature = sign(AUDIT_KEY, chain, events, digest)
        heads.append({"chain": chain, "seq": events, "hash": digest, "signature": signature})
    connection.execute(insert(AuditEventRow), rows)
    connection.execute(insert(AuditHeadRow), heads)


def verified(database: Database) -> tuple[float, AuditReport]:
    """Seconds and the report of one verification."""
    start = time.perf_counter()
    with database.read() as unit:
        found = unit.audit.verify()
    return time.perf_counter() - start, found


if __name__ == "__main__":
    main()
