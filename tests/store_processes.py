"""What tests of the store run in other processes; a module, because they import it by name."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from database_fixtures import AUDIT_KEY
from secondlook.store.database import Database
from store_values import new_case
from triage_queues import QUEUE, SCANS

R = TypeVar("R")


def together(work: Callable[[str, int], R], url: str, processes: int) -> list[R]:
    """Call `work(url, number)` in several new processes at once; what each one returned."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = [pool.submit(work, url, number) for number in range(processes)]
        return [future.result(timeout=120) for future in futures]


def claim_all(url: str, worker: int) -> list[str]:
    """Claim, each time as somebody new, until nothing is left."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    claimed: list[str] = []
    while True:
        with database.write() as unit:
            lease = unit.leases.claim_next(f"{worker}-{len(claimed)}", minutes=5)
            unit.commit()
        if lease is None:
            database.dispose()
            return claimed
        claimed.append(lease.case_id)


def upgrade(url: str, _: int) -> tuple[str, ...]:
    """Migrate; what is wrong afterwards."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    database.upgrade()
    problems = database.check()
    database.dispose()
    return problems


def describe_often(url: str, number: int) -> list[int]:
    """Describe the product `tile` anew, each time with a new case; the ordinals that gave."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    ordinals = []
    for step in range(5):
        with database.write() as unit:
            pitch = 0.001 * (1 + number + 10 * step)
            done = unit.products.change("parts", "tile", pitch_mm=pitch, actor=str(number))
            unit.cases.add(new_case(f"{number} {step}"), actor="tests")
            unit.commit()
        ordinals.append(done.ordinal)
    database.dispose()
    return ordinals


def promote_all(url: str, _: int) -> int:
    """Promote until nobody is due, hours after noon; how many."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    database.queues = {SCANS: QUEUE}
    done = 0
    while True:
        with database.write() as unit:
            step = unit.priorities.promote()
            unit.commit()
        done += step
        with database.read() as unit:
            if not unit.priorities.due():
                database.dispose()
                return done
