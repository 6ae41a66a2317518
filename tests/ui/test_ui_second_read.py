"""A second reader's pages owe nothing to the first read; afterwards they tell of both."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import INSPECTOR, CaseMaker
from ui_reading import decide, keys, said, stored

from secondlook.cases import CaseStatus
from secondlook.decisions import Act, FindingAct, How
from secondlook.second_reads import SecondRead

OpenPage = Callable[..., AppTest]
ACT = FindingAct(label="anomaly", act=Act.EDIT, becomes="scratch", comment="COMMENT")


@pytest.fixture
def twice(maker: CaseMaker) -> CaseMaker:
    """A workspace in which every part is read by two."""
    policy = f"[second_read.{INSPECTOR}]\nshare = 1.0\n"
    (maker.workspace.home / "secondlook.toml").write_text(policy)
    maker.workspace.database.second_reads.policies = {INSPECTOR: SecondRead(share=1.0)}
    return maker


def reads(maker: CaseMaker, case_id: str, by: str, outcome: str = "rework") -> None:
    """Somebody reads a case and says much."""
    with maker.workspace.database.write() as unit:
        view = unit.views.of(case_id, by)
        said = {"acts": [ACT], "reason": f"REASON of {by}", "reason_codes": ["other"]}
        unit.decisions.add(
            case_id, reviewer=by, disposition=outcome, amends=view.amends, severity="major", **said
        )
        unit.commit()


def everything(app: AppTest) -> str:
    """The page with every value, label and key of it."""
    return f"{app!r}{said(app)}{keys(app)}"


def test_the_pages_tell_nothing_of_the_first_read(twice: CaseMaker, open_page: OpenPage) -> None:
    case = twice.assessed()
    with twice.workspace.database.write() as unit:
        unit.leases.claim(case, "Bert", minutes=15)
        unit.case_acts.put_back(case, reviewer="Bert", reason="UNSURE")
        unit.commit()
    untouched = everything(open_page("case", case=twice.assessed()))
    assert "Anomaly (major)" in untouched
    reads(twice, case, "Bert")
    for shown in (open_page(), open_page("case", case=case)):
        for word in ("Bert", "REASON", "COMMENT", "UNSURE", "scratch", "second read", "waits for"):
            assert word not in everything(shown), word
    assert "you (Anna) hold it until" in said(shown)


def test_both_reads_are_told_once_they_agree(twice: CaseMaker, open_page: OpenPage) -> None:
    case = twice.add()
    with twice.workspace.database.write() as unit:
        unit.decisions.add(case, reviewer="Bert", disposition="scrap", reason="REASON of Bert")
        unit.commit()
    app = decide(open_page("case", case=case), "scrap")
    [made] = stored(twice.workspace, case)[1]
    assert (made.how, made.reviewer) == (How.AGREED, "Anna")
    text = said(open_page("case", case=case))
    assert "Decided: Scrap" in text and "Bert read it as Scrap" in text
    assert "REASON of Bert" in text
    assert not app.exception


def test_a_decision_that_is_hidden_is_amended(twice: CaseMaker, open_page: OpenPage) -> None:
    case = twice.assessed()
    for by in ("Bert", "Cora", "Bert"):
        reads(twice, case, by, "scrap")
    assert stored(twice.workspace, case)[0].status is not CaseStatus.DECIDED
    app = open_page("case", case=case)
    assert "Cora" not in everything(app) and "Bert" not in everything(app)
    decide(app, "accept")
    with twice.workspace.database.read() as unit:
        last = unit.decisions.past(case).rows[-1]
    assert (last.reviewer, last.how) == ("Anna", How.SECOND)


def test_the_first_reader_sees_their_own_read_and_reads_no_more(
    twice: CaseMaker, open_page: OpenPage
) -> None:
    case = twice.assessed()
    reads(twice, case, "Anna")
    app = open_page("case", case=case)
    text = said(app)
    assert "The case waits for somebody else." in text and "REASON of Anna" in text
    assert "anomaly of unknown type: changed to scratch; COMMENT" in text
    assert "Anna has read it" in text
    assert not [x for x in keys(app) if x.startswith("decide:")]


def test_what_was_taken_back_is_told_so_and_decided_anew(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    app = decide(open_page("case", case=case), "accept")
    [taken] = stored(maker.workspace, case)[1]
    with maker.workspace.database.write() as unit:
        unit.case_acts.undo(taken.id, reviewer="Anna", minutes=15)
        unit.commit()
    app = open_page("case", case=case)
    assert "Taken back: Accept. The case is open again." in said(app)
    decide(app, "scrap")
    assert [x.disposition for x in stored(maker.workspace, case)[1]] == ["accept", "scrap"]
