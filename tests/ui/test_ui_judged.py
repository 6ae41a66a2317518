"""The case page says by which revision of the manual it was judged, and what changed with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from streamlit.testing.v1 import AppTest
from test_ui_rulings import SCRAP
from ui_cases import INSPECTOR, CaseMaker
from ui_reading import said

from secondlook.assessments import Assessment, Finding
from secondlook.cases import Record
from secondlook.intake.passages import note

OpenPage = Callable[..., AppTest]


def manual(number: int) -> Record:
    text = f"2.1 A pore wider than {number} mm leads to scrap."
    return replace(note(text, kind="manual", name="manual.md"), sha256=f"{number:x}" * 64)


def described(maker: CaseMaker, by: Record, revision: str) -> None:
    """The product `plate` gets this manual: first, or as a revision."""
    with maker.workspace.database.write() as unit:
        if unit.products.find(INSPECTOR, "plate") is None:
            unit.products.describe(INSPECTOR, "plate", manual=by, revision=revision, actor="Mia")
        else:
            unit.products.revise(INSPECTOR, "plate", by, revision=revision, actor="Mia")
        unit.commit()


def held_by(maker: CaseMaker, case: str, manual: Record, **how: Any) -> Assessment:
    """A first look that a clause of this manual holds."""
    ruling = replace(SCRAP, record=manual.sha256, record_name=manual.name, **how)
    finding = Finding(label="pore", title="Pore", score=3.0, threshold=2.0, evidence=(ruling,))
    return maker.store(case, (finding,))


def test_it_names_the_revision_that_it_was_judged_by(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    described(maker, manual(1), "2026-03")
    held_by(maker, case, manual(1))
    app = open_page("case", case=case)
    assert "by manual revision 2026-03" in said(app)
    assert "→" not in said(app)
    assert "another manual" not in said(app)


def test_it_tells_from_what_to_what_a_revision_changed_it(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.add()
    described(maker, manual(1), "A")
    held_by(maker, case, manual(1))
    described(maker, manual(2), "B")
    waiting = said(open_page("case", case=case))
    assert "by manual revision A" in waiting
    assert "another manual by now" in waiting
    maker.store(case, ())
    app = open_page("case", case=case)
    assert "by manual revision B" in said(app)
    assert "another manual by now" not in said(app)
    assert "  Hold → Accept: manual revision B" in said(app)
    assert not [x for x in app.expander if x.label.startswith("Recommended before")]


def test_a_first_look_that_stands_again_is_told_again(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.add()
    described(maker, manual(1), "A")
    first = held_by(maker, case, manual(1))
    described(maker, manual(2), "B")
    maker.store(case, ())
    described(maker, manual(1), "A")
    with maker.workspace.database.write() as unit:
        unit.assessments.add(replace(first, id="f" * 32), actor="test")
        unit.commit()
    app = open_page("case", case=case)
    assert "  Accept → Hold: manual revision A" in said(app)
    [folded] = [x for x in app.expander if x.label == "Recommended before (1)"]
    [older] = [x.value for x in folded.get("text")]
    assert older.endswith("  Hold → Accept: manual revision B")


def test_another_cause_than_the_manual_is_named(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    described(maker, manual(1), "A")
    held_by(maker, case, manual(1))
    with maker.workspace.database.write() as unit:
        unit.products.change(INSPECTOR, "plate", pitch_mm=0.1, actor="Mia")
        unit.commit()
    maker.store(case, ())
    maker.look(case, adapter="defect-inspector/plate/2")
    app = open_page("case", case=case)
    assert "  Accept → Hold: looked at by defect-inspector/plate/2" in said(app)
    assert "  Hold → Accept: 0.1 mm per pixel" in said(app)


def test_a_manual_that_is_no_revision_is_not_called_one(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.add()
    held_by(maker, case, manual(1))
    assert "revision" not in said(open_page("case", case=case))
