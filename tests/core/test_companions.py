"""Which cases may stand beside one: those with a picture it was compared with, and earlier ones."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from secondlook.cases import Attachment, Case, NewCase, Role
from secondlook.store import companions
from secondlook.workspace import Workspace, init_workspace

GROUP = "a" * 32


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty one."""
    made = init_workspace(tmp_path / "home")
    yield made
    made.database.dispose()


def add(to: Workspace, name: str, group: str | None = None, domain: str = "d") -> Case:
    """A case with one picture of its own."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    file = Attachment(sha256=sha256, name=name, media_type="image/png", size=1, role=Role.IMAGE)
    facts = {"group": group} if group else {}
    new = NewCase(domain=domain, title=name, attachments=(file,), name=name, facts=facts)
    with to.database.write() as unit:
        case = unit.cases.get(unit.cases.add(new, actor="test").id)
        unit.commit()
    return case


def test_a_case_that_holds_the_picture_is_found_in_its_own_domain(workspace: Workspace) -> None:
    good, here = add(workspace, "good"), add(workspace, "here")
    elsewhere = add(workspace, "elsewhere", domain="other")
    wanted = [x.attachments[0].sha256 for x in (elsewhere, good, here)]
    with workspace.database.read() as unit:
        assert companions.holders(unit, here, wanted) == (good.id,)
        assert companions.holders(unit, here, []) == ()


def test_earlier_cases_of_a_patient_come_latest_first_whoever_named_them(
    workspace: Workspace,
) -> None:
    first = add(workspace, "first", f"dicom:{GROUP}")
    second = add(workspace, "second", f"manifest:{GROUP}")
    here = add(workspace, "here", f"dicom:{GROUP}")
    add(workspace, "later", f"dicom:{GROUP}")
    add(workspace, "somebody else", f"dicom:{'b' * 32}")
    alone = add(workspace, "alone")
    with workspace.database.read() as unit:
        assert [x for x, _ in companions.earlier(unit, here)] == [second.id, first.id]
        assert companions.earlier(unit, first) == companions.earlier(unit, alone) == ()


def test_earlier_cases_are_found_by_an_index(workspace: Workspace) -> None:
    here, said = add(workspace, "here", f"dicom:{GROUP}"), []
    engine = workspace.database.engine

    def note(_: object, __: object, statement: str, values: object, *___: object) -> None:
        said.append((statement, values))

    with workspace.database.read() as unit:
        event.listen(engine, "before_cursor_execute", note)
        companions.earlier(unit, here)
        event.remove(engine, "before_cursor_execute", note)
    [(statement, values)] = [x for x in said if "grouped" in x[0]]
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "ix_cases_grouped (domain=? AND grouped=?" in " ".join(x.detail for x in plan)
