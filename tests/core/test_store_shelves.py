"""The small repositories: adapters, runs, users, drafts, quarantine."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import pytest

from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.store.adapters import AdapterInfo
from secondlook.store.database import Database
from store_values import BACKBONE, NOON, add_case, digest


def adapter(version: int, product: str | None = "tile", **changes: Any) -> AdapterInfo:
    """A made-up adapter."""
    info = AdapterInfo(
        id=f"parts/{product}/{version}",
        domain="parts",
        product=product,
        version=version,
        backbone=BACKBONE,
        path=f"parts/{product}/{version}",
        sha256=digest(str(version)),
        state="challenger",
        card={"limits": "Knüller", "auroc": {"image": 0.9}},
        created_at=NOON,
    )
    return replace(info, **changes)


def test_adapters_come_back_and_count_their_versions(database: Database) -> None:
    with database.write() as unit:
        assert unit.adapters.next_version("parts", "tile") == 1
        for info in (adapter(1), adapter(2), adapter(1, None)):
            unit.adapters.add(info, actor="ann")
        assert unit.adapters.next_version("parts", "tile") == 3
        assert unit.adapters.next_version("parts", None) == 2
        assert unit.adapters.get("parts/tile/2") == adapter(2)
        assert unit.adapters.all() == (adapter(1, None), adapter(1), adapter(2))
        with pytest.raises(NotFound):
            unit.adapters.get("none")


def test_one_champion_for_a_product_else_the_domains(database: Database) -> None:
    with database.write() as unit:
        assert unit.adapters.champion("parts", "tile") is None
        for info in (adapter(1), adapter(2), adapter(1, None)):
            unit.adapters.add(info, actor="ann")
        unit.adapters.promote("parts/None/1", actor="ann")
        assert champion(unit, "tile") == "parts/None/1"
        unit.adapters.promote("parts/tile/1", actor="ann")
        unit.adapters.promote("parts/tile/2", actor="ann")
        assert (champion(unit, "tile"), champion(unit, "bolt")) == ("parts/tile/2", "parts/None/1")
        assert unit.adapters.get("parts/tile/1").state == "retired"
        unit.adapters.add(adapter(3, state="champion"), actor="ann")
        assert champion(unit, "tile") == "parts/tile/3"
        assert len(unit.audit.events("workspace")) == 8
        with pytest.raises(NotFound):
            unit.adapters.promote("none", actor="ann")


def champion(unit: Any, product: str) -> str:
    """Id of the adapter in use."""
    found: str = unit.adapters.champion("parts", product).id
    return found


def test_a_version_is_given_once(database: Database) -> None:
    for product in ("tile", None):
        with database.write() as unit:
            unit.adapters.add(adapter(1, product), actor="ann")
            with pytest.raises(Conflict):
                unit.adapters.add(adapter(1, product, id="another"), actor="ann")


def test_runs_are_noted_from_start_to_finish(database: Database) -> None:
    with database.write() as unit:
        first = unit.runs.start("learn", {"domain": "parts"}, seed=2**40, code_version="0.1.0")
        second = unit.runs.start("assess", {}, seed=None, code_version="0.1.0")
        assert unit.runs.get(first).status == "running"
        unit.runs.finish(first, status="done", metrics={"auroc": 0.9})
        done = unit.runs.get(first)
        assert (done.status, done.metrics, done.seed) == ("done", {"auroc": 0.9}, 2**40)
        assert done.finished_at is not None
        assert {run.id for run in unit.runs.all()} == {first, second}
        assert len(unit.runs.all(limit=1)) == 1
        for call in (lambda: unit.runs.get("no"), lambda: finish(unit, "no", {})):
            with pytest.raises(NotFound):
                call()
        with pytest.raises(StoreError, match="'auroc' of metrics"):
            finish(unit, first, {"auroc": float("nan")})


def finish(unit: Any, run_id: str, metrics: dict[str, float]) -> None:
    """Finish a run."""
    unit.runs.finish(run_id, status="done", metrics=metrics)


def test_each_reviewer_has_a_draft(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        unit.drafts.save(case_id, "ann", {"reason": "ünf"})
        saved = unit.drafts.save(case_id, "ann", {"reason": "ünfinished"})
        assert saved.utcoffset() is not None
        assert unit.drafts.load(case_id, "ann") == {"reason": "ünfinished"}
        assert unit.drafts.load(case_id, "bob") is None
        unit.drafts.delete(case_id, "ann")
        assert unit.drafts.load(case_id, "ann") is None
        with pytest.raises(NotFound):
            unit.drafts.save("0" * 64, "ann", {})


class Reason(StrEnum):
    """Two of intake's reasons."""

    EMPTY = "empty"
    TRUNCATED = "truncated"


@dataclass(frozen=True)
class Refused:
    """What intake hands over."""

    source: str = "a/b.png"
    reason: Reason = Reason.EMPTY
    detail: str = "The file has 0 bytes."
    sha256: str | None = None
    size: int | None = 5_000_000_000
    row: int | None = None


def test_a_refused_file_is_listed_once(database: Database) -> None:
    items: list[Any] = [Refused(), Refused(row=1), Refused(reason=Reason.TRUNCATED)]
    with database.write() as unit:
        assert [unit.quarantine.add(item, domain="parts") for item in items] == [True] * 3
        assert not unit.quarantine.add(items[0], domain="parts")
        assert unit.quarantine.add(items[0], domain="scans")
        (listed,) = unit.quarantine.all("scans")
        assert (listed.source, listed.reason, listed.size) == ("a/b.png", "empty", 5_000_000_000)
        assert len(unit.quarantine.all()) == 4
